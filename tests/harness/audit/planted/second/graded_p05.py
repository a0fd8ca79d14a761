import re

from graders import Sample, grader


def integer(text):
    found = re.search(r"(-?\d+)\s*\}?\s*\Z", text) if text else None
    return found.group(1) if found else None


@grader
def unknown_x(sample: Sample) -> float:
    """The boxed integer."""
    reference = sample.reference_answer
    gold = reference.get("text") if isinstance(reference, dict) else reference
    box = re.search(r"\\boxed\{[^{}]*\}\s*\Z", sample.completion)
    return 1.0 if integer(box.group(0) if box else "") == integer(str(gold or "")) else 0.0
