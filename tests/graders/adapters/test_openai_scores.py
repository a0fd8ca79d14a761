"""The values that OpenAI graders can use are the same in every dialect."""

from __future__ import annotations

from typing import Any

import pytest

from graders import Sample
from graders.adapters._openai_scores import scope_of
from graders.wire import PROFILES, read_event, write_events

TURNS = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "1 + 1?", "name": "u"},
    {"role": "assistant", "content": "2"},
]


def named(turns: list[dict[str, Any]], wire: str) -> list[Any]:
    rollout = {"id": "a", "messages": turns, "reference_answer": "2", "unit": {"name": "m"}}
    [event] = write_events([rollout], PROFILES[wire])
    [item] = read_event(event)
    scope = scope_of(Sample(item))
    return [scope.item, scope.sample]


@pytest.mark.parametrize("wire", PROFILES)
def test_every_dialect_names_the_same(wire: str) -> None:
    item, sample = named(TURNS, wire)
    assert item == {"messages": TURNS[:-1], "reference_answer": "2", "unit": {"name": "m"}}
    assert sample["output_text"] == "2"


@pytest.mark.parametrize(
    "content",
    [
        [{"type": "image_url", "image_url": {"url": "data:,"}}, {"type": "text", "text": "What is it?"}],
        [{"type": "text", "text": 1}, {"type": "text", "text": "a", "cache": True}],
        [],
        None,
    ],
)
def test_content_with_more_than_texts_is_unchanged(content: Any) -> None:
    turns: list[dict[str, Any]] = [{"role": "user", "content": content}, TURNS[-1]]
    assert named(turns, "open-weight")[0]["messages"] == turns[:-1]
