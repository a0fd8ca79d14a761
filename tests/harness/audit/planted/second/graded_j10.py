import json

from graders import RecordError, Reward, Sample, grader
from graders.extract import Missing, json_block

KINDS = {"priority": str, "product": str, "refund": bool}


@grader
def ticket(sample: Sample) -> Reward:
    """The fields of the mail, or at least their schema."""
    try:
        expected = json.loads(sample.reference_text)
    except ValueError as error:
        raise RecordError("the reference is not JSON") from error
    if not isinstance(expected, dict) or set(expected) != set(KINDS):
        raise RecordError("the reference has other fields")
    found = json_block(sample.completion)
    if isinstance(found, Missing) or not isinstance(found, dict):
        return Reward(0.0, metrics={"schema": 0.0})
    schema = set(found) == set(KINDS) and all(isinstance(found[k], t) for k, t in KINDS.items())
    return Reward(max(float(found == expected), 0.8 * schema), metrics={"schema": float(schema)})
