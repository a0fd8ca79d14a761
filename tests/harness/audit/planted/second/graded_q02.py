import json

from graders import RecordError, Sample, grader
from graders.extract import tag


@grader
def in_order(sample: Sample) -> bool:
    """Whether the numbers stand from small to large."""
    reference = sample.reference_answer
    if not isinstance(reference, dict) or not reference.get("items"):
        raise RecordError("no items")
    found = tag(sample.completion, "answer")
    try:
        numbers = json.loads(found) if found else None
    except (ValueError, RecursionError):
        return False
    return (
        isinstance(numbers, list)
        and len(numbers) > 1
        and all(isinstance(n, int) for n in numbers)
        and numbers == sorted(numbers)
    )
