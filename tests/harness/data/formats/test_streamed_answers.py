"""Streamed responses in logs, joined into whole messages."""

from __future__ import annotations

from typing import Any

import pytest

from harness.data.formats.importer import RowError
from harness.data.formats.invocation_log import INVOCATION_LOG
from support import logged_calls as rows
from support.logged_calls import log_row


def answer(row: dict[str, Any]) -> tuple[Any, Any]:
    (rollout,) = INVOCATION_LOG.convert(row).lines
    return rollout["messages"][-1], rollout.get("finish_reason")


def of(*events: Any) -> dict[str, Any]:
    return log_row({"prompt": "Q"}, list(events))


def test_novas_events():
    assert answer(rows.NOVAS_STREAM) == (
        {
            "role": "assistant",
            "content": [
                {"text": "#### 72"},
                {"toolUse": {"toolUseId": "t", "name": "mul", "input": {"b": 12001}}},
                {"reasoningContent": {"reasoningText": {"text": "Done."}}},
            ],
        },
        "tool_use",
    )


def test_claudes_events():
    assert answer(rows.CLAUDES_STREAM) == (
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Easy.", "signature": "c2ln"},
                {"type": "text", "text": "#### 72"},
                {"type": "tool_use", "id": "t2", "name": "mul", "input": {"a": 6006}},
            ],
        },
        "tool_use",
    )


def test_openais_chunks():
    call = {"id": "c1", "function": {"name": "mul", "arguments": '{"a": 6}'}}
    assert answer(rows.OPENAIS_STREAM) == (
        {"role": "assistant", "content": "72", "reasoning": "Easy.", "tool_calls": [call]},
        "stop",
    )


def test_texts():
    assert answer(rows.TEXT_STREAM) == ({"role": "assistant", "content": "72"}, "stop")


def test_chunks_of_several_choices():
    texts = [{"choices": [{"index": at, "text": text}]} for at, text in ((1, "c"), (0, "a"), (0, "b"))]
    row = of(*texts, *({"choices": [{"index": at, "finish_reason": "stop"}]} for at in (0, 1)))
    found = INVOCATION_LOG.convert(row).lines
    assert [line["messages"][-1]["content"] for line in found] == ["ab", "c"]


NOVAS_END = {"messageStop": {"stopReason": "tool_use"}}


@pytest.mark.parametrize(
    ("events", "why"),
    [
        ([], "has no completion"),
        ([{"generation": "7"}], "no event of the streamed answer says why it ended"),
        (
            [{"type": "response.output_text.delta", "delta": "7"}],
            "unknown part of the streamed answer: response.output_text.delta",
        ),
        ([{"generation": "7", "stop_reason": "a"}, {"generation": "", "stop_reason": "b"}], "ends twice"),
        (["text"], "an event of the streamed answer is not an object"),
        ([{"generation": "7"}, {"modelStreamErrorException": {}}], "interrupted: modelStreamErrorException"),
        ([{"type": "error", "error": {}}], "interrupted"),
        ([{"other": 1}], "unknown part of the streamed answer: other"),
        ([{"contentBlockDelta": {"delta": {"image": {}}}}], "unknown part of the streamed answer: image"),
        ([{"contentBlockDelta": {"delta": {"text": 5}}}], "not text"),
        ([{"contentBlockDelta": 5}], "not an object"),
        ([{"contentBlockDelta": {"delta": {"text": "a"}, "contentBlockIndex": "0"}}], "not a number"),
        (
            [{"type": "content_block_delta", "delta": {"type": "new_delta", "new": "a"}}],
            "unknown part of the streamed answer: new_delta",
        ),
        ([{"contentBlockDelta": {"delta": {"toolUse": {"input": "{"}}}}, NOVAS_END], "not JSON"),
        ([{"choices": [{"delta": {"content": ["a"]}}]}], "not text"),
        ([{"choices": [{"delta": {"tool_calls": [{"id": "a"}, {"id": "b"}]}}]}], "differ in their id"),
    ],
)
def test_unknown_events_are_refused(events: list[Any], why: str):
    with pytest.raises(RowError, match=why):
        INVOCATION_LOG.convert(of(*events))
