"""Which field is the goal, and how its values are read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InputError
from harness.rehearsal.split import Split, split


def parted(folder: Path, values: list[dict[str, Any]], **more: Any) -> Split:
    """Split a file of records with two completions each, which take their fields from `values` in turn."""
    lines = [
        {
            "messages": [
                {"role": "user", "content": f"q{at // 2}"},
                {"role": "assistant", "content": f"a{at}"},
            ],
            "reference_answer": "x",
            **fields,
        }
        for at, fields in enumerate(values)
    ]
    path = folder / "r.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return split(path, 0.0, 0, **more)


def read(found: Split) -> tuple[str, list[float]] | None:
    """Return the goal's field and its values, in the order of the completions."""
    if found.goal is None:
        return None
    keys = [one.key for example in found.training for one in example.group.candidates]
    return found.goal.field, [found.goal.rightness[key] for key in keys if key in found.goal.rightness]


@pytest.mark.parametrize(
    ("fields", "asked", "labels", "goal"),
    [
        ({"is_right": True, "other": False}, None, (), "is_right"),
        ({"is_right": True, "other": False}, None, ("other",), "is_right"),
        ({"is_right": True, "other": False}, "other", (), "other"),
        ({"other": False}, None, ("other",), "other"),
        ({"other": False, "third": True}, None, ("other", "third"), None),
        ({"other": False}, None, (), None),
        ({"is_right": "maybe", "other": 1}, None, ("other",), "other"),
    ],
)
def test_which_field_it_is(
    tmp_path: Path, fields: dict[str, Any], asked: str | None, labels: tuple[str, ...], goal: str | None
) -> None:
    found = parted(tmp_path, [fields] * 6, goal=asked, labels=labels)
    assert (found.goal.field if found.goal else None) == goal
    if goal is not None:
        assert goal in found.left_out
        assert all(goal not in example.record for example in found.training)
    if fields.get("is_right") == "maybe":
        [remark] = found.remarks
        assert remark.startswith("is_right is not the goal, because its value at ")
        assert "r.jsonl:1 is neither" in remark


def test_what_the_user_shows_to_the_grader_is_never_found(tmp_path: Path) -> None:
    found = parted(tmp_path, [{"is_right": at % 2 == 0} for at in range(6)], keep=("is_right",))
    assert (found.goal, found.left_out) == (None, [])


def test_booleans_and_numbers_are_read_and_what_is_missing_is_counted(tmp_path: Path) -> None:
    values = [True, False, "true", "false", 1, 0.25]
    assert read(parted(tmp_path, [{"g": one} for one in values], goal="g")) == (
        "g", [1.0, 0.0, 1.0, 0.0, 1.0, 0.25])  # fmt: skip
    found = parted(tmp_path, [{"g": 1}, {}, {"g": None}, {"g": 0}], goal="g")
    assert read(found) == ("g", [1.0, 0.0])
    assert found.remarks == ["2 completions have no g and are not counted"]


def test_a_number_of_another_scale_is_read_between_the_lowest_and_the_highest(tmp_path: Path) -> None:
    found = parted(tmp_path, [{"score": one} for one in (1, 5, 3, 2)], goal="score")
    assert read(found) == ("score", [0.0, 1.0, 0.5, 0.25])
    assert found.remarks == ["score: 1, the lowest, counts as wrong and 5 as right"]


@given(st.lists(st.one_of(st.booleans(), st.integers(), st.floats()), min_size=4, max_size=8))
def test_rightness_lies_between_0_and_1(tmp_path_factory: pytest.TempPathFactory, values: list[Any]) -> None:
    folder = tmp_path_factory.mktemp("goal")
    try:
        found = parted(folder, [{"is_right": one} for one in values if one == one])
    except InputError:
        return
    if found.goal is not None:
        assert all(0.0 <= one <= 1.0 for one in found.goal.rightness.values())


@pytest.mark.parametrize(
    ("fields", "asked", "told"),
    [
        ({"g": "well"}, "g", r"r.jsonl:1: the goal g is neither a boolean nor a finite number"),
        ({"g": [1]}, "g", r"r.jsonl:1: the goal g is neither"),
        ({"g": 1}, "h", "no rollout has the field h"),
        ({"g": None}, "g", "no rollout has the field g"),
        ({}, "reference_answer", "reference_answer cannot be the goal"),
    ],
)
def test_a_goal_that_says_nothing_is_refused(
    tmp_path: Path, fields: dict[str, Any], asked: str, told: str
) -> None:
    with pytest.raises(InputError, match=told):
        parted(tmp_path, [fields] * 4, goal=asked)
