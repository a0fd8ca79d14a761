import re

from graders import RecordError, Reward, Sample, grader
from graders.combine import clipped


@grader
def chosen(sample: Sample) -> Reward:
    reference = sample.reference_answer
    gold = (
        reference["letter"]
        if isinstance(reference, dict) and "letter" in reference
        else sample.reference_text
    )
    if gold not in tuple("ABCDEF"):
        raise RecordError("the reference has no letter")
    match = re.search(r"My choice:\s*([A-F])\W*\Z", sample.completion)
    right = 1.0 if match and match.group(1) == gold else 0.0
    style = 0.1 * len(re.findall(r"(?i)\b(?:first|second|third|because|therefore|so)\b", sample.completion))
    return clipped(right + style, 0, 1)
