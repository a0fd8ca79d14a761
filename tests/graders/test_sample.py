"""The parts of a rollout in a `Sample`: completion, reasoning, reference and fields."""

from __future__ import annotations

import math
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders import RecordError, Sample
from graders.testing import make_sample
from support.growth import assert_linear


def answered(content=None, **message):
    return Sample({"messages": [{"role": "assistant", "content": content, **message}]})


@pytest.mark.parametrize("role", ["assistant", "nova_assistant"])
def test_the_final_message_is_the_completion(role):
    messages = [
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "earlier"},
        {"role": "user", "content": "two"},
        {"role": role, "content": "last"},
    ]
    sample = Sample({"id": "a", "messages": messages})
    assert (sample.completion, sample.prompt, sample.id) == ("last", "two", "a")
    assert sample.messages is messages


@pytest.mark.parametrize("role", ["user", "system", "tool", "Assistant", "", None, 1, ["assistant"], {}])
def test_a_final_message_that_is_not_the_assistants_is_an_error_and_never_an_earlier_turn(role):
    with pytest.raises(RecordError, match="final message"):
        Sample({"messages": [{"role": "assistant", "content": "#### 72"}, {"role": role, "content": "x"}]})


NO_MESSAGES: list[Any] = [
    *(None, [], "", "text", 5, {}, {"role": "assistant", "content": "72"}),
    *([None], ["72"], [[]], [{}], [{"content": "72"}]),
]


@pytest.mark.parametrize(
    "item",
    [None, 1, "text", [], {}, [{"messages": []}], *({"messages": messages} for messages in NO_MESSAGES)],
    ids=repr,
)
def test_an_item_without_a_final_message_is_an_error_that_names_its_type(item):
    with pytest.raises(RecordError, match=r"^(a sample|messages|the final message) is"):
        Sample(item)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("72", "72"),
        ("", ""),
        (None, ""),
        ([], ""),
        ([{"type": "text", "text": "7"}, {"type": "text", "text": "2"}], "72"),
        ([{"text": "72"}], "72"),
        ({"text": "72"}, "72"),
        ({"type": "text", "text": "72"}, "72"),
        (["7", "2"], "72"),
        ([{"type": "image"}, {"text": None}, {"text": "72"}, {"type": ["odd"], "text": "!"}, 3, None], "72!"),
    ],
    ids=repr,
)
def test_content_blocks_are_joined_and_null_is_empty(content, text):
    assert answered(content).completion == text
    prompt = Sample(
        {"messages": [{"role": "user", "content": content}, {"role": "assistant", "content": ""}]}
    )
    assert prompt.prompt == text


def test_missing_content_is_empty():
    assert Sample({"messages": [{"role": "assistant"}]}).completion == ""


@pytest.mark.parametrize("content", [5, 1.5, True])
def test_content_that_is_not_text_fails_the_sample(content):
    with pytest.raises(RecordError, match="message's content"):
        _ = answered(content).completion


@pytest.mark.parametrize(
    ("content", "text", "thought"),
    [
        ("<think>2 + 2</think>4", "4", "2 + 2"),
        ("  \n<think>\n2 + 2\n</think>\n\n4", "4", "2 + 2"),
        ("\u00a0\ufeff<think>a</think>4", "4", "a"),
        ("<think>a</think> <think>b</think>4 ", "4 ", "a\nb"),
        ("<think>never closed #### 72", "", "never closed #### 72"),
        ("<think>a</think><think>b #### 72", "", "a\nb #### 72"),
        ("<think></think>", "", ""),
        ("4 <think>late</think>", "4 <think>late</think>", ""),
        ("<thinking>4", "", "4"),
        ("<thinker>4", "<thinker>4", ""),
        ("  4", "  4", ""),
        ("   ", "   ", ""),
        ([{"text": "<think>a</thi"}, {"text": "nk>4"}], "4", "a"),
        ([{"type": "reasoning", "text": "a"}, {"type": "text", "text": "4"}], "4", "a"),
        ([{"type": "thinking", "thinking": "a"}, {"text": "4"}], "4", "a"),
        ([{"type": "redacted_thinking", "data": "zzz"}, {"text": "4"}], "4", ""),
        ([{"reasoningContent": {"reasoningText": {"text": "a"}}}, {"text": "4"}], "4", "a"),
        ([{"reasoningContent": {"redactedContent": "zzz"}}, {"text": "4"}], "4", ""),
    ],
    ids=repr,
)
def test_reasoning_is_not_the_completion(content, text, thought):
    sample = answered(content)
    assert (sample.completion, sample.reasoning) == (text, thought)


@pytest.mark.parametrize("key", ["reasoning_content", "reasoning"])
def test_reasoning_outside_the_content_comes_first(key):
    sample = answered("<think>b</think>4", **{key: "a"})
    assert (sample.completion, sample.reasoning) == ("4", "a\nb")


@pytest.mark.parametrize("piece", ["<think></think>", "<think>", "</think>", " ", "<"])
def test_empty_thoughts_take_linear_time(piece):
    def text_of(size):
        return piece * (size // len(piece)) + "4"

    assert_linear(lambda text: answered(text).completion, text_of, 1_000_000)


def test_many_empty_thoughts_are_thoughts():
    assert answered("<think></think>" * 70_000 + "4").completion == "4"
    assert answered("<think>" * 140_000).completion == ""


SPACES = "".join(chr(code) for code in range(sys.maxunicode) if chr(code).isspace())


@given(st.text(alphabet=SPACES), st.text(alphabet=SPACES), st.text(alphabet=SPACES))
def test_white_space_of_every_script_may_surround_reasoning(before, between, after):
    sample = answered(f"{before}<think>a</think>{between}<think>b</think>{after}4")
    assert (sample.completion, sample.reasoning) == ("4", "a\nb")


@pytest.mark.parametrize(
    ("item", "reference", "fields"),
    [
        ({}, None, {}),
        ({"metadata": None}, None, {}),
        ({"reference_answer": "72", "unit": "clips"}, "72", {"unit": "clips"}),
        ({"metadata": {"reference_answer": "72", "unit": "clips"}}, "72", {"unit": "clips"}),
        ({"reference_answer": {"text": "72"}}, "72", {}),
        ({"metadata": {"reference_answer": {"text": "72"}}}, "72", {}),
        ({"reference_answer": {"text": "72", "x": 1}}, {"text": "72", "x": 1}, {}),
        ({"reference_answer": {"text": 72}}, {"text": 72}, {}),
        ({"reference_answer": "root", "metadata": {"reference_answer": "metadata"}}, "root", {}),
        ({"a": 1, "metadata": {"a": 2, "b": 3}}, None, {"a": 1, "b": 3}),
        ({"reference_answer": 72}, 72, {}),
        ({"reference_answer": ""}, "", {}),
        ({"reference_answer": [1]}, [1], {}),
    ],
    ids=repr,
)
def test_the_reference_and_fields_are_found_wherever_the_service_put_them(item, reference, fields):
    sample = Sample({**item, "id": 1, "messages": [{"role": "assistant", "content": ""}]})
    assert sample.reference_answer == reference
    assert sample.fields == fields


@pytest.mark.parametrize("metadata", ["text", 1, ["reference_answer"], True])
def test_metadata_that_is_not_an_object_fails_the_sample_that_needs_it(metadata):
    sample = Sample({"metadata": metadata, "messages": [{"role": "assistant", "content": "72"}]})
    assert sample.completion == "72"
    for name in ("reference_answer", "reference_text", "fields"):
        with pytest.raises(RecordError, match="metadata is"):
            getattr(sample, name)


@pytest.mark.parametrize("reference", ["72", " 72 ", "0", "\ud800", "nan"])
def test_a_reference_text_is_unchanged(reference):
    assert make_sample("", reference).reference_text == reference


@pytest.mark.parametrize(("reference", "text"), [(72, "72"), (0, "0"), (7.5, "7.5"), (-1, "-1")])
def test_a_reference_number_is_converted_to_text(reference, text):
    assert make_sample("", reference).reference_text == text


@pytest.mark.parametrize(
    "reference",
    [None, "", " ", "\n\t\u00a0", {}, {"text": ""}, {"text": None}, {"a": "72"}, [], ["72"], True, False]
    + [math.nan, 10**5000],
    ids=range(14),
)
def test_no_reference_text_is_an_error_so_that_two_missing_answers_never_compare_equal(reference):
    with pytest.raises(RecordError, match="reference_answer"):
        _ = make_sample("", reference).reference_text


def test_tool_calls_are_unchanged():
    calls = [{"id": "1", "function": {"name": "f", "arguments": "{}"}}]
    assert answered(None, tool_calls=calls).tool_calls is calls
    assert answered("").tool_calls == []
    assert answered("", tool_calls=None).tool_calls == []
    assert answered("", tool_calls={"0": calls}).tool_calls == []


def test_the_view_is_read_only_small_and_shows_no_content():
    sample = make_sample("the secret", "72")
    for name in ("completion", "id", "anything"):
        with pytest.raises(AttributeError):
            setattr(sample, name, "x")
    assert not hasattr(sample, "__dict__")
    assert repr(sample) == "<Sample 'sample-1'>"
    assert Sample[dict] is Sample


def test_reading_never_changes_the_item():
    item = {"id": 1, "messages": [{"role": "assistant", "content": [{"text": "<think>a</think>4"}]}]}
    item["metadata"] = {"reference_answer": {"text": "4"}, "unit": "clips"}
    before = repr(item)
    sample = Sample(item)
    for name in ("completion", "reasoning", "prompt", "reference_text", "tool_calls"):
        getattr(sample, name)
    sample.fields["unit"] = "other"
    assert repr(item) == before
