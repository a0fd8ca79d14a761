from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.tool_offer import tool_offer
from support.published_requests import anything

SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}
FUNCTION = {"name": "f", "description": "Adds.", "parameters": SCHEMA}
OFFER = {"type": "function", "function": FUNCTION}


@pytest.mark.parametrize(
    "spelled",
    [
        OFFER,
        FUNCTION,
        {"type": "function", **FUNCTION},
        {"name": "f", "description": "Adds.", "input_schema": SCHEMA},
        {"toolSpec": {"name": "f", "description": "Adds.", "inputSchema": {"json": SCHEMA}}},
    ],
)
def test_every_shape_is_offered_in_that_of_chat_completions(spelled: dict[str, Any]) -> None:
    assert tool_offer({"tools": [spelled]}) == {"tools": [OFFER]}


def test_a_function_keeps_its_other_fields() -> None:
    assert tool_offer({"tools": [{"name": "f", "strict": True}]})["tools"] == [
        {"type": "function", "function": {"name": "f", "strict": True}}
    ]


@pytest.mark.parametrize("fields", [{}, {"tools": None}, {"tools": []}, {"tool_choice": "auto"}])
def test_a_record_without_tools_offers_nothing(fields: dict[str, Any]) -> None:
    assert tool_offer(fields) == {}


def test_tool_choice_is_sent_with_the_tools() -> None:
    fields = {"tools": [OFFER], "tool_choice": "required", "parallel_tool_calls": False, "other": 1}
    assert tool_offer(fields) == {"tools": [OFFER], "tool_choice": "required", "parallel_tool_calls": False}


@given(st.dictionaries(st.sampled_from(["tools", "tool_choice", "parallel_tool_calls", "x"]), anything))
def test_any_tools_of_a_record_are_offered_or_sent_unchanged(fields: dict[str, Any]) -> None:
    offer = tool_offer(fields)
    if fields.get("tools") in (None, []):
        assert offer == {}
    elif isinstance(fields["tools"], list):
        assert len(offer["tools"]) == len(fields["tools"])
    else:
        assert offer["tools"] == fields["tools"]
