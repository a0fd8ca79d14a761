from graders import RecordError, Sample, grader

LABELS = ("billing", "shipping", "returns", "technical", "account")


@grader
def route(sample: Sample) -> float:
    label = sample.reference_text.strip().lower()
    if label not in LABELS:
        raise RecordError(f"unknown label {label!r}")
    return 1.0 if label in sample.completion.lower() else 0.0
