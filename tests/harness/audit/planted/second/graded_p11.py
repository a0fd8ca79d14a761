import json

from graders import RecordError, Reward, Sample, grader
from graders.extract import tag


@grader
def one_call(sample: Sample) -> Reward:
    """The expected tool call."""
    expected = sample.reference_answer
    if not isinstance(expected, dict) or not isinstance(expected.get("name"), str):
        raise RecordError("the reference is not a call")
    body = tag(sample.completion, "tool_call")
    try:
        call = json.loads(body) if body else None
    except (ValueError, RecursionError):
        call = None
    parsed = isinstance(call, dict) and set(call) == {"name", "arguments"}
    right = parsed and call == {"name": expected["name"], "arguments": expected["arguments"]}
    return Reward(1.0 if right else 0.2 * parsed, metrics={"parsed": float(parsed)})
