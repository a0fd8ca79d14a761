from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from graders import Sample
from harness.data.turn_text import content_text, kind_without_text, reasoning_of
from support.published_requests import anything

KEYS = ["content", "refusal", "tool_calls", "reasoning", "thinking", "reasoning_details", "x"]


@given(st.dictionaries(st.sampled_from(KEYS), anything), st.none() | st.text())
def test_a_turn_has_a_text_or_a_kind(message: dict[str, Any], finish: str | None) -> None:
    kind = kind_without_text(message, finish)
    assert (kind is None) == bool(content_text(message.get("content")).strip())
    if kind == "empty":
        assert not reasoning_of(message)


@given(st.text(min_size=1), st.sampled_from(["reasoning_content", "reasoning"]))
def test_reasoning_is_what_a_grader_reads(text: str, key: str) -> None:
    message = {"role": "assistant", "content": "4", key: text}
    assert reasoning_of(message) == text
    assert Sample({"messages": [message]}).reasoning.strip() == text.strip()
