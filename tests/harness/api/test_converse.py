"""Conversion of Chat Completions to Converse. Requests are checked against botocore's service model."""

from __future__ import annotations

import functools
import json
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.api.converse import chat_answer, converse_request
from harness.api.failures import RequestRefused
from harness.errors import InputError
from support.published_requests import anything

TOOL = {
    "type": "function",
    "function": {"name": "add", "description": "Adds.", "parameters": {"type": "object"}},
}


def call(arguments: str, name: str = "1") -> dict[str, Any]:
    return {"id": name, "type": "function", "function": {"name": "add", "arguments": arguments}}


CALLS = [call(f'{{"a": {n}}}', n) for n in "12"]
TURNS: list[dict[str, Any]] = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": [{"type": "text", "text": "1+1"}, {"type": "text", "text": " and 2+2"}]},
    {"role": "assistant", "content": None, "tool_calls": CALLS},
    {"role": "tool", "tool_call_id": "1", "content": "2"},
    {"role": "tool", "tool_call_id": "2", "content": "4"},
    {"role": "user", "content": "3+3"},
]


@functools.cache
def shapes() -> Any:
    return botocore.session.get_session().get_service_model("bedrock-runtime").operation_model("Converse")


def faults(request: dict[str, Any]) -> str:
    return str(ParamValidator().validate(request, shapes().input_shape).generate_report())


def test_turns_and_tools_are_spelled_as_converse_spells_them() -> None:
    asked = converse_request("m", TURNS, {"max_tokens": 9, "tools": [TOOL], "tool_choice": "required"})
    assert faults(asked) == ""
    use = [{"toolUse": {"toolUseId": n, "name": "add", "input": {"a": int(n)}}} for n in "12"]
    results = [
        {"toolResult": {"toolUseId": n, "content": [{"text": said}]}} for n, said in (("1", "2"), ("2", "4"))
    ]
    spec = {"name": "add", "description": "Adds.", "inputSchema": {"json": {"type": "object"}}}
    assert asked == {
        "modelId": "m",
        "system": [{"text": "Be brief."}],
        "messages": [
            {"role": "user", "content": [{"text": "1+1"}, {"text": " and 2+2"}]},
            {"role": "assistant", "content": use},
            {"role": "user", "content": results},
            {"role": "user", "content": [{"text": "3+3"}]},
        ],
        "inferenceConfig": {"maxTokens": 9},
        "toolConfig": {
            "tools": [{"toolSpec": spec}],
            "toolChoice": {"any": {}},
        },
    }


@pytest.mark.parametrize(
    ("turn", "says"),
    [
        ({"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}, "not text"),
        ({"role": "user", "content": 5}, "not text"),
        ({"role": "function", "name": "f", "content": "4"}, "role 'function'"),
        ({"role": "assistant", "content": None, "function_call": {"name": "f"}}, "outside `tool_calls`"),
        ({"role": "assistant", "tool_calls": [call("{")]}, "object"),
        ({"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}, "an id"),
        ({"role": "tool", "content": "4"}, "without `tool_call_id`"),
    ],
)
def test_a_turn_that_cannot_be_sent_whole_is_refused_like_a_record(turn: dict[str, Any], says: str) -> None:
    with pytest.raises(RequestRefused, match=says) as caught:
        converse_request("m", [turn], {})
    assert caught.value.status == 422


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"tools": "add"}, "not a list"),
        ({"tools": [{"name": "add"}]}, "not a function"),
        ({"tools": [TOOL], "tool_choice": "sometimes"}, "tool_choice"),
        ({"tools": [TOOL], "parallel_tool_calls": False}, "parallel_tool_calls"),
    ],
)
def test_tools_that_cannot_be_offered_are_refused(options: dict[str, Any], says: str) -> None:
    with pytest.raises(RequestRefused, match=says):
        converse_request("m", TURNS, options)


def test_an_option_without_a_counterpart_ends_everything() -> None:
    with pytest.raises(InputError, match="no counterpart for seed"):
        converse_request("m", TURNS, {"seed": 1})


def test_tools_that_are_not_to_be_used_are_not_offered() -> None:
    assert "toolConfig" not in converse_request("m", TURNS[:2], {"tools": [TOOL], "tool_choice": "none"})


def test_one_tool_may_be_asked_for() -> None:
    choice = {"type": "function", "function": {"name": "add"}}
    asked = converse_request("m", TURNS, {"tools": [TOOL], "tool_choice": choice})
    assert asked["toolConfig"]["toolChoice"] == {"tool": {"name": "add"}}


keys = st.sampled_from(["id", "function", "type", "name", "arguments", "parameters"])
some = st.dictionaries(keys, anything | st.dictionaries(keys, anything))
turns = st.fixed_dictionaries(
    {"role": st.sampled_from(["system", "user", "assistant", "tool", "function"])},
    optional={
        "content": st.text() | anything,
        "tool_call_id": st.text() | anything,
        "tool_calls": st.lists(some) | anything,
    },
)


@settings(max_examples=100, deadline=None)
@given(st.lists(turns, max_size=3), st.lists(some, max_size=2) | anything, anything)
def test_any_request_is_one_that_botocore_takes_or_is_refused(
    messages: list[dict[str, Any]], tools: Any, choice: Any
) -> None:
    try:
        asked = converse_request("m", messages, {"tools": tools, "tool_choice": choice})
    except RequestRefused:
        return
    assert faults(asked) == ""


def test_calls_and_reasoning_of_an_answer_are_those_of_chat_completions() -> None:
    content = [
        {"reasoningContent": {"reasoningText": {"text": "hm"}}},
        {"text": "I add."},
        {"toolUse": {"toolUseId": "1", "name": "add", "input": {"a": "ä"}}},
    ]
    found = chat_answer(
        {
            "output": {"message": {"role": "assistant", "content": content}},
            "stopReason": "tool_use",
            "usage": {"inputTokens": 1, "outputTokens": 2},
        },
        "m",
    )
    [choice] = found["choices"]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"] == {
        "role": "assistant",
        "content": "I add.",
        "reasoning_content": "hm",
        "tool_calls": [
            {"id": "1", "type": "function", "function": {"name": "add", "arguments": '{"a": "ä"}'}}
        ],
    }
    again = converse_request("m", [choice["message"]], {})
    assert again["messages"][0]["content"] == content[1:]
    assert json.loads(json.dumps(found["usage"])) == {"prompt_tokens": 1, "completion_tokens": 2}


@pytest.mark.parametrize(
    ("stop", "finish"),
    [
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("guardrail_intervened", "content_filter"),
        ("malformed_tool_use", "malformed_tool_use"),
    ],
)
def test_why_a_model_stopped_is_in_the_words_of_chat_completions(stop: str, finish: str) -> None:
    assert chat_answer({"stopReason": stop}, "m")["choices"][0]["finish_reason"] == finish
