"""Items of the Responses API, converted to Chat Completions messages."""

from __future__ import annotations

from typing import Any

import pytest

from harness.data.formats.importer import RowError
from harness.data.formats.response_items import item_messages
from harness.data.formats.row_parts import RowParts
from support.format_rows import FORMAT_ROWS

CALL = {"type": "function_call", "call_id": "call_1", "name": "look_up", "arguments": "{}"}
TEXT = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Rome"}]}
THOUGHT = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "It is easy."}]}


def made(*items: Any) -> list[dict[str, Any]]:
    return item_messages(RowParts({"input": list(items)}), "input")


def test_calls_and_their_outputs_become_turns():
    found = made(*FORMAT_ROWS["openai-stored"][3]["input"])
    assert [message["role"] for message in found] == ["user", "assistant", "tool", "tool"]
    assert [call["id"] for call in found[1]["tool_calls"]] == ["call_1", "call_2"]
    assert found[1]["tool_calls"][0]["function"] == {"name": "look_up", "arguments": "{}"}
    assert (found[3]["tool_call_id"], found[3]["content"]) == ("call_2", "It is Rome.")


def test_reasoning_text_and_a_call_are_one_turn():
    (turn,) = made(THOUGHT, TEXT, CALL)
    assert (turn["reasoning_content"], turn["content"]) == ("It is easy.", "Rome")
    assert len(turn["tool_calls"]) == 1


def test_items_after_a_call_or_a_text_are_separate_turns():
    assert len(made(CALL, THOUGHT, TEXT)) == 2
    assert len(made(TEXT, TEXT)) == 2


def test_messages_of_chat_completions_are_unchanged():
    blocks = [{"type": "text", "text": "What is"}, {"type": "image_url", "image_url": {"url": "data:"}}]
    messages = [
        {"role": "user", "name": "Ann", "content": blocks},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "call_1"}], "refusal": "No."},
        {"role": "tool", "content": "Rome", "tool_call_id": "call_1"},
    ]
    assert made(*messages) == messages


@pytest.mark.parametrize(
    ("item", "why"),
    [
        ({"type": "web_search_call", "id": "ws_1"}, "of type `web_search_call`"),
        ({"type": "message", "content": "A"}, "a message of its `input` has no role"),
        ("Rome", "an item of its `input` is not an object"),
        ({"type": 5}, "is of type `5`"),
        ({"type": "reasoning", "content": {"a": 1}}, "something other than text"),
    ],
)
def test_an_item_that_is_not_a_message_is_refused(item, why):
    with pytest.raises(RowError, match=why):
        made(item)
