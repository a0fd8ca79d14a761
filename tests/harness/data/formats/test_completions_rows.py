"""Rows that hold one record and a list of its completions."""

from __future__ import annotations

from typing import Any

import pytest

from harness.data.formats.completions_rows import COMPLETIONS
from harness.data.formats.importer import RowError
from support.format_rows import FORMAT_ROWS

TEXTS, MESSAGES, OBJECTS = FORMAT_ROWS["completions"]


def rollouts(row: dict[str, Any]) -> list[dict[str, Any]]:
    made = COMPLETIONS.convert(row)
    assert made.lost == ()
    return list(made.lines)


def test_texts_with_a_list_of_rewards():
    first, second = rollouts(TEXTS)
    assert first == {
        "messages": [*TEXTS["messages"], {"role": "assistant", "content": "#### 72"}],
        "reference_answer": "72",
        "reward": 1.5,
    }
    assert (second["messages"][-1]["content"], second["reward"]) == ("#### 7", 0)


def test_the_rollouts_of_a_record_are_one_group():
    first, second = rollouts(MESSAGES)
    assert [(one["id"], one["record"], one["topic"]) for one in (first, second)] == [
        ("p1/0", "p1", "arithmetic"),
        ("p1/1", "p1", "arithmetic"),
    ]
    assert second["messages"][-1] == {"role": "assistant", "content": "7", "tool_calls": []}


def test_objects_keep_the_fields_next_to_their_text():
    first, second = rollouts(OBJECTS)
    assert (first["id"], first["record"], first["reward"], first["tokens"]) == ("p2/0", "r2", 1, 1002)
    assert (second["messages"][-1]["content"], second["reward"]) == ("7", 0)


def test_rewards_that_are_not_one_for_each_stay_a_field():
    (first, _) = rollouts({**TEXTS, "rewards": [1]})
    assert (first["rewards"], "reward" in first) == ([1], False)


@pytest.mark.parametrize(
    "completions", [[], "text", [5], [{"other": "text"}], [{"role": "user", "content": "x"}]]
)
def test_completions_without_a_text_are_refused(completions: Any):
    with pytest.raises(RowError):
        COMPLETIONS.convert({**TEXTS, "completions": completions})
