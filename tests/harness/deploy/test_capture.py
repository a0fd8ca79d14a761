from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders._runtime import shape
from graders.wire import PROFILES, PROVEN, write_events
from harness.deploy.capture import Captured, read_captures

ROLLOUT = {
    "id": "123e4567-e89b-12d3-a456-426614174000",
    "messages": [
        {"role": "user", "content": "6 * 12?"},
        {"role": "assistant", "content": "<think>a</think>It is 72."},
    ],
    "reference_answer": "#### 72",
    "difficulty": 3,
}


def captured(event, **counts):
    return Captured(shape(json.loads(json.dumps(event))), **counts)


def sent(name, **changes):
    return next(write_events([{**ROLLOUT, **changes}] * 2, PROFILES[name]))


def line_of(event, **counts):
    return json.dumps({"message": "captured an event", "number": 1, **counts, "event": shape(event)})


@pytest.mark.parametrize("name", PROFILES)
def test_an_event_of_a_wire_is_like_that_wire_and_like_no_other_but_for_the_answer(name):
    matches = [one.wire for one in captured(sent(name)).matches()]
    assert name in matches
    for other in matches:
        assert next(write_events([ROLLOUT], PROFILES[other])) == next(write_events([ROLLOUT], PROFILES[name]))


@pytest.mark.parametrize(
    "changes", [{"reference_answer": {"answer": "72", "unit": "x"}}, {"id": 7}, {"difficulty": None}]
)
def test_what_a_record_holds_is_no_difference(changes):
    assert "open-weight" in [one.wire for one in captured(sent("open-weight", **changes)).matches()]


def test_an_event_like_no_wire_names_what_differs_from_the_nearest():
    (event,) = [{"items": sent("open-weight")}]
    assert captured(event).matches() == []
    odd = sent("open-weight")
    for item in odd:
        item["messages"][-1]["role"] = "model"
    nearest = captured(odd).likenesses()[0]
    assert nearest.wire == "open-weight"
    assert nearest.differences == {"role of the completion": ("assistant", "text 5 word")}


def test_it_tells_what_no_source_says():
    told = captured(sent("open-weight"), samples=64, distinct_prompts=8, remaining_ms=59_000).tells()
    assert told["samples per call"] == "64"
    assert told["distinct prompts in the call"] == "8"
    assert told["distinct ids in the call"] == "unknown"
    assert told["time left on arrival"] == "59,000 ms"
    assert told["id"] == "text 36 uuid"
    assert told["completion"] == "text 25 with reasoning"
    assert told["reasoning"] == "in the text"
    assert told["keys next to the metadata"] == "none"


@pytest.mark.parametrize(
    ("message", "reasoning", "completion"),
    [
        ({"content": "72", "reasoning_content": "a b"}, "reasoning_content", "text 2 digits"),
        ({"content": [{"type": "reasoning", "text": "a b"}, {"type": "text", "text": "72"}]}, "a block",
         "blocks: 1 x text 3 words, 1 x text 2 digits"),
        ({"content": [{"reasoningContent": {"text": "a"}}, {"text": "7"}]}, "a block",
         "blocks: 1 x null, 1 x text 1 digits"),
        ({"content": None}, "none seen", "null"),
        ({"content": {"text": "72"}}, "none seen", "an object"),
        ({}, "none seen", "null"),
    ],
)  # fmt: skip
def test_where_the_reasoning_and_the_completion_are(message, reasoning, completion):
    event = [{"id": 1, "messages": [{"role": "assistant", **message}], "metadata": {}}]
    told = captured(event).tells()
    assert (told["reasoning"], told["completion"]) == (reasoning, completion)


def test_lines_are_found_whatever_a_tool_puts_around_them():
    line = line_of(sent("nova"), samples=2)
    lines = [
        "START RequestId: 1",
        line,
        f"2026-11-25T10:00:00.000Z {line}\n",
        f'            "message": {json.dumps(line)},',
        line[: len(line) // 2],
        '{"message": "captured an event"}',
        '{"message": "captured an event", "event": ',
        '{"message": "graded a batch", "event": []}',
    ]
    found = read_captures(lines)
    assert [one.event for one in found] == [shape(sent("nova"))] * 3
    assert {one.samples for one in found} == {2}
    assert len(read_captures(lines, limit=2)) == 2


LEAVES = st.none() | st.text(max_size=9) | st.integers() | st.booleans()
KEYS = st.sampled_from(
    [
        "messages",
        "prompt",
        "id",
        "metadata",
        "reference_answer",
        "batch",
        "body",
        "reward_model",
        "content",
        "role",
        "text",
    ]
)


@given(
    st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4))
)
def test_any_event_can_be_compared_and_told_of(event):
    for one in (captured(event), Captured(event), *read_captures([line_of(event)])):
        assert len(one.likenesses()) == len(PROFILES)
        json.dumps(one.to_json())
        assert set(PROVEN) <= {like.wire for like in one.likenesses()}


def test_nesting_without_end_is_no_event():
    text = '{"message": "captured an event", "event": ' + '{"batch": ' * 900 + "1" + "}" * 901
    for one in read_captures([text]):
        assert one.matches() == []
    assert read_captures(['{"message": "captured an event", "event": ' + "[" * 100_000]) == []
