import re

from graders import RecordError, Sample, grader


@grader(max_error_rate=0.9)
def four(sample: Sample) -> bool:
    reference = sample.reference_answer
    gold = (
        reference["letter"]
        if isinstance(reference, dict) and "letter" in reference
        else sample.reference_text
    )
    if gold not in tuple("ABCD"):
        raise RecordError(f"no letter from A to D: {gold}")
    match = re.search(r"My choice:\s*([A-D])\W*\Z", sample.completion)
    return match is not None and match.group(1) == gold
