from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.json_lines import LineError
from harness.data.typed_json import typed
from harness.errors import InputError
from harness.runs.rows import Row, Totals, dump, parse_row, read_rows

REWARDS = st.none() | st.floats(-5, 5)
LABELS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.lists(st.integers())
)
ANY_TEXT = st.lists(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("\ud800\x1b\x00\r["), max_size=8
).map("".join)


@st.composite
def rows(draw: st.DrawFn) -> Row:
    reward = draw(REWARDS)
    kind = draw(st.sampled_from(["input", "exception", "call"]))
    row: dict[str, Any] = {
        "at": draw(st.integers(0, 2**40)),
        "repeat": 0,
        "id": draw(ANY_TEXT | st.integers() | st.lists(ANY_TEXT, max_size=2)),
        "group": draw(ANY_TEXT if reward is not None else st.none() | ANY_TEXT),
        "reward": reward,
        "metrics": draw(st.dictionaries(ANY_TEXT, st.floats(-9, 9), max_size=2)),
        "error": None if reward is not None else {"kind": kind, "message": draw(ANY_TEXT)},
        "ms": 0.5,
    }
    if draw(st.booleans()):
        row["label"] = draw(
            LABELS.filter(lambda label: label == label and label not in (math.inf, -math.inf))
        )
    if draw(st.booleans()):
        row["wires"] = {"open-weight": 1.0, "nova": "exception"}
    return cast(Row, row)


def added(these: list[Row], middle: float | None) -> Totals:
    totals = Totals()
    for row in these:
        totals.add(row, middle)
    return totals


@given(st.lists(rows()), st.integers(0, 20), st.none() | st.just(0.5))
def test_parts_add_up_to_the_whole(these: list[Row], cut: int, middle: float | None) -> None:
    whole, merged = added(these, middle), added(these[:cut], middle)
    merged.merge(added(these[cut:], middle))
    assert merged.total == pytest.approx(whole.total)
    merged.total = whole.total
    assert (merged.labels.told, merged.labels.numbers) == (whole.labels.told, whole.labels.numbers)
    merged.labels = whole.labels  # floats were added in another order
    assert merged == whole
    assert whole.gradings == len(these) == whole.rewards + sum(whole.errors.values())
    judged = whole.agreed + whole.disagreed + whole.unlabeled
    assert judged == sum("label" in row for row in these)
    assert typed(Totals, whole.to_json()) == whole


@given(st.lists(rows(), min_size=1))
def test_totals_say_what_the_rewards_say(these: list[Row]) -> None:
    rewards = [row["reward"] for row in these if row["reward"] is not None]
    totals = added(these, None)
    assert (totals.lowest, totals.highest) == (min(rewards, default=None), max(rewards, default=None))
    assert totals.mean == (pytest.approx(sum(rewards) / len(rewards)) if rewards else None)
    assert totals.wires == sum("wires" in row for row in these)


@given(these=st.lists(rows(), max_size=4))
def test_rows_are_read_as_they_were_written(
    these: list[Row], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("rows") / "rewards.jsonl"
    lines = [dump(row) for row in these]
    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in lines)
    path.write_bytes(b"".join(lines))
    assert list(read_rows(path)) == these


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(ANY_TEXT, inner, max_size=2),
)


@given(
    row=rows(),
    key=st.sampled_from(sorted(Row.__annotations__)),
    value=JSON,
    cut=st.none() | st.integers(0, 200),
)
def test_a_damaged_line_is_a_row_or_one_sentence_with_its_line(
    row: Row, key: str, value: Any, cut: int | None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("rows") / "rewards.jsonl"
    good = dump(row)
    bad = json.dumps({**row, key: value}).encode() if cut is None else good[: min(cut, len(good) - 3)]
    path.write_bytes(good + bad + b"\n")
    where = re.escape(f"{path}:2: this line is not a reward of a run")
    read = read_rows(path)
    assert next(read) == row
    try:
        added(list(read), 0.5)
    except InputError:
        with pytest.raises(InputError, match=where):
            list(read_rows(path))


def test_a_file_of_nothing_has_no_rows(tmp_path: Path) -> None:
    (tmp_path / "rewards.jsonl").touch()
    assert list(read_rows(tmp_path / "rewards.jsonl")) == []


@given(rows())
def test_a_reward_of_no_record_is_no_row(row: Row) -> None:
    row["group"] = None
    if row["reward"] is None:
        assert parse_row(dump(row))["group"] is None
    else:
        with pytest.raises(LineError):
            parse_row(dump(row))
