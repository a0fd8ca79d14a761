import json

from graders import RecordError, Sample, grader


@grader
def only_expected(sample: Sample) -> bool:
    """No call that the record does not ask for."""
    reference = sample.reference_answer
    wanted = reference.get("calls") if isinstance(reference, dict) else None
    if not isinstance(wanted, list) or not wanted:
        raise RecordError("no expected calls")
    try:
        made = json.loads(sample.completion)
    except (ValueError, RecursionError):
        return False
    return isinstance(made, list) and all(call in wanted for call in made)
