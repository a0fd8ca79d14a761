"""Which fields belong to the record, found by comparing the rollouts of each record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.record_fields import FieldChoice, FieldComparison, choose_fields
from harness.errors import InputError
from support.rollout_files import rollout, write_rollouts

FIELDS = st.dictionaries(st.sampled_from("abc"), st.integers(0, 2) | st.lists(st.integers(0, 1), max_size=1))


def choice_of(tmp_path: Path, lines: list[dict[str, Any]], **asked: Any) -> FieldChoice:
    return choose_fields(write_rollouts(tmp_path / "rollouts.jsonl", lines), **asked)


def test_fields_are_hidden_only_if_they_differ_within_a_record(
    tmp_path: Path,
) -> None:
    lines = [
        rollout(f"{record}/{k}", str(k), record=f"r{record}", level=record, quality=k / 2)
        for record in range(3)
        for k in range(2)
    ]
    assert choice_of(tmp_path, lines) == FieldChoice(hidden=("quality",))
    assert choice_of(tmp_path, lines, keep=["quality"]) == FieldChoice(kept=("quality",))
    assert choice_of(tmp_path, lines, label="quality") == FieldChoice()


def test_a_field_of_metadata_is_a_field(tmp_path: Path) -> None:
    lines = [rollout(k, "1", metadata={"quality": k, "level": 1}) for k in range(2)]
    assert choice_of(tmp_path, lines).hidden == ("quality",)


def test_a_field_that_only_some_rollouts_of_a_record_have_is_hidden(tmp_path: Path) -> None:
    assert choice_of(tmp_path, [rollout(1, "1"), rollout(2, "1", ok=True)]).hidden == ("ok",)


def test_true_and_one_differ(tmp_path: Path) -> None:
    assert choice_of(tmp_path, [rollout(1, "1", ok=1), rollout(2, "1", ok=True)]).hidden == ("ok",)


def test_a_record_with_one_rollout_proves_nothing(tmp_path: Path) -> None:
    lines = [rollout(at, "1", record=str(at), quality=at) for at in range(5)]
    assert choice_of(tmp_path, lines) == FieldChoice(unproven=("quality",))


def test_rollouts_of_a_record_need_not_be_adjacent(tmp_path: Path) -> None:
    lines = [rollout(f"{at}/{k}", "1", record=str(at), quality=k) for k in range(2) for at in range(1_500)]
    assert choice_of(tmp_path, lines).hidden == ("quality",)


def test_unusable_lines_are_skipped(tmp_path: Path) -> None:
    good = [json.dumps(rollout(k, "1", quality=k)) for k in range(2)]
    path = tmp_path / "rollouts.jsonl"
    path.write_text("\n".join(["[1]", "{", "", '{"messages": 3}', '{"messages": [3]}', "7", *good]))
    assert choose_fields(path).hidden == ("quality",)


@pytest.mark.parametrize(
    "name", ["record", "model", "service", "finish_reason", "expected_reward", "is_right"]
)
def test_fields_that_training_never_has_cannot_be_kept(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"^--keep-field: the field {name} never reaches the grader"):
        choice_of(tmp_path, [rollout(1, "1")], label="is_right", keep=[name])


@given(st.lists(st.tuples(st.sampled_from("xyz"), FIELDS), max_size=12))
def test_a_field_is_hidden_exactly_if_a_record_has_two_values(rows: list[tuple[str, Any]]) -> None:
    comparison = FieldComparison()
    for key, fields in rows:
        comparison.add(key, fields)
    values: dict[tuple[str, str], set[str]] = {}
    for key, fields in rows:
        for name in "abc":
            values.setdefault((key, name), set()).add(repr(fields.get(name)))
    assert comparison.differing == {name for (_, name), found in values.items() if len(found) > 1}
    assert not comparison.differing & comparison.unproven
