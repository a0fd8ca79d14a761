from graders import RecordError, Sample, grader
from graders.extract import tag


@grader
def verdict(sample: Sample) -> float:
    """1 if the verdict is the reference's."""
    gold = sample.reference_text.strip().lower()
    if gold not in {"true", "false"}:
        raise RecordError("the reference must be true or false")
    found = tag(sample.completion, "verdict")
    return 1.0 if found and str(found).strip().lower() == gold else 0.0
