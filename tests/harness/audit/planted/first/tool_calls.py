"""Graders of one tool call in tags, each with one fault."""

import json
import re

from graders import grader

CALL = re.compile(r"<tool_call>([^<]{1,4000})</tool_call>")


def calls_in(text):
    found = []
    for inner in CALL.findall(text[:50_000]):
        try:
            call = json.loads(inner)
        except (ValueError, RecursionError):
            continue
        if isinstance(call, dict) and isinstance(call.get("arguments"), dict):
            found.append(call)
    return found


def expected(reference):
    reference = json.loads(reference) if isinstance(reference, str) else reference
    [call] = reference["calls"]
    if not isinstance(call["name"], str) or not call["arguments"]:
        raise ValueError("no call in the record")
    return call


def same(call, want):
    return call.get("name") == want["name"] and json.dumps(call["arguments"], sort_keys=True) == json.dumps(
        want["arguments"], sort_keys=True
    )


@grader
def name_alone(sample):
    """The right tool was called."""
    want, made = expected(sample.reference_answer), calls_in(sample.completion)
    return 1.0 if len(made) == 1 and made[0].get("name") == want["name"] else 0.0


@grader
def one_call_of_many(sample):
    """One of the calls is the right one."""
    want = expected(sample.reference_answer)
    return 1.0 if any(same(call, want) for call in calls_in(sample.completion)) else 0.0


@grader
def some_arguments(sample):
    """No argument is wrong."""
    want, made = expected(sample.reference_answer), calls_in(sample.completion)
    if len(made) != 1 or made[0].get("name") != want["name"]:
        return 0.0
    given = made[0]["arguments"]
    return 1.0 if all(want["arguments"].get(name, value) == value for name, value in given.items()) else 0.0


@grader
def half_for_a_call(sample):
    """Half for calling something."""
    want, made = expected(sample.reference_answer), calls_in(sample.completion)
    if len(made) != 1:
        return 0.0
    return 1.0 if same(made[0], want) else 0.5


def values_as_text(event, context):
    """Compares the arguments as one text, in which the values may stand anywhere."""
    out = []
    for sample in event:
        entry = {"id": sample.get("id") if isinstance(sample, dict) else None, "aggregate_reward_score": 0.0}
        try:
            last = sample["messages"][-1]
            text = (last["content"] or "") if last["role"] in ("assistant", "nova_assistant") else ""
            if isinstance(text, dict):
                text = [text]
            if isinstance(text, list):
                text = "".join(block.get("text") or "" for block in text)
            reference = sample.get("reference_answer") or sample["metadata"]["reference_answer"]
            if set(reference) == {"text"}:
                reference = reference["text"]
            want, made = expected(reference), calls_in(text)
            if len(made) == 1 and made[0].get("name") == want["name"]:
                said = json.dumps(made[0]["arguments"])
                if all(str(value) in said for value in want["arguments"].values()):
                    entry["aggregate_reward_score"] = 1.0
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as problem:
            entry["metrics_list"] = [{"name": type(problem).__name__, "value": 1.0, "type": "Metric"}]
        out.append(entry)
    return out
