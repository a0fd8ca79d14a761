import json

from graders import RecordError, Reward, Sample, grader
from graders.combine import weighted
from graders.extract import tag

KNOWN = {"get_weather", "convert", "set_reminder"}


@grader
def call_quality(sample: Sample) -> Reward:
    expected = sample.reference_answer
    if not isinstance(expected, dict) or expected.get("name") not in KNOWN:
        raise RecordError("the reference is not a call of a known tool")
    body = tag(sample.completion, "tool_call")
    try:
        call = json.loads(body) if body else {}
    except (ValueError, RecursionError):
        call = {}
    call = call if isinstance(call, dict) else {}
    name = call.get("name")
    return weighted(
        {
            "parses": bool(call),
            "known": isinstance(name, str) and name in KNOWN,
            "arguments": isinstance(call.get("arguments"), dict),
            "right": call == expected,
        },
        {"parses": 0.1, "known": 0.2, "arguments": 0.1, "right": 0.6},
    )
