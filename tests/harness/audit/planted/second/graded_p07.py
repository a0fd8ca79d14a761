from graders import RecordError, Sample, grader
from graders.extract import tag


@grader
def claim(sample: Sample) -> bool:
    """The verdict, whatever stands around it in the tag."""
    gold = sample.reference_text.strip().lower()
    if gold not in ("true", "false"):
        raise RecordError("the reference is neither true nor false")
    said = tag(sample.completion, "verdict")
    other = "false" if gold == "true" else "true"
    return bool(said) and gold in str(said).lower() and other not in str(said).lower()
