from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.report.shown_texts import as_text, excerpt, length_of, texts_of_line
from support.rollout_files import rollout

JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(st.characters(), max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)


def line(**fields: object) -> bytes:
    return json.dumps(fields).encode()


def test_prompt_completion_reasoning_and_reference_are_apart() -> None:
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "2+2?"},
        {"role": "assistant", "content": "<think>two and two</think>4"},
    ]
    found = texts_of_line(line(messages=messages, reference_answer={"text": "4"}, model="m"))
    assert found.prompt == (("system", "Be brief."), ("user", "2+2?"))
    assert (found.completion, found.reasoning) == ("4", "two and two")
    assert (found.reference, found.model) == ("4", "m")


def test_what_is_no_text_has_a_placeholder() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    converse = {"image": {"format": "png", "source": {"bytes": "AAAA"}}}
    call = {"type": "function", "function": {"name": "look", "arguments": '{"a": 1}'}}
    messages = [
        {"role": "user", "content": [{"type": "text", "text": "What is it?"}, image, converse]},
        {"role": "assistant", "content": None, "tool_calls": [call, "odd"]},
    ]
    found = texts_of_line(line(messages=messages))
    assert found.prompt == (("user", "What is it?\n[image]\n[image]"),)
    assert found.completion == '[tool call] look({"a": 1})\n[tool call] odd'
    assert found.reference is None


@pytest.mark.parametrize("odd", [b"{", b"[]", b'{"messages": []}', b"\xff\xfe", b"null", b""])
def test_a_line_that_is_no_rollout_is_shown_as_it_is(odd: bytes) -> None:
    found = texts_of_line(odd)
    assert (found.prompt, found.completion) == ((), odd.decode("utf-8", "replace"))


@settings(max_examples=40)
@given(first=JSON, last=JSON, content=JSON, calls=JSON, reference=JSON)
def test_any_shape_of_message_is_shown(
    first: object, last: object, content: object, calls: object, reference: object
) -> None:
    turns = [first, {"role": "assistant", "content": content, "tool_calls": calls}, last]
    for messages in (turns, turns[:2], turns[:1]):
        found = texts_of_line(line(messages=messages, reference_answer=reference, model=first))
        assert isinstance(found.completion, str)
        assert all(isinstance(part, str) for turn in found.prompt for part in turn)


@given(text=st.text(max_size=60), most=st.integers(2, 50))
def test_an_excerpt_is_start_and_end_and_counts_what_it_leaves_out(text: str, most: int) -> None:
    shown = excerpt(text, most)
    if isinstance(shown, str):
        assert shown == text
        return
    start, left_out, end = shown
    assert len(text) > most
    assert text.startswith(start)
    assert text.endswith(end)
    assert len(start) + left_out + len(end) == len(text)
    assert length_of(shown) <= most


def test_a_rollout_of_the_tests_is_read() -> None:
    found = texts_of_line(json.dumps(rollout("a", "7", "72")).encode())
    assert (found.completion, found.reference) == ("7", "72")


@given(st.integers(0, 3), st.sampled_from([list, dict]))
def test_a_value_nested_however_deeply_is_a_text(depth: int, kind: type) -> None:
    value: object = 1
    for _ in range(10**depth):
        value = [value] if kind is list else {"a": value}
    assert as_text(value)
