from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report.look import look_at
from harness.runs.rows import Totals, dump
from harness.runs.store import Run
from support.run_records import facts_of, row_of, unknown_grader

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "reward": st.none() | st.sampled_from([0.0, 0.25, 0.5, 1.0]) | st.floats(-1, 2),
            "ms": st.integers(0, 50).map(float),
            "metrics": st.dictionaries(st.sampled_from("xyz"), st.floats(-9, 9), max_size=2),
            "label": st.none() | st.booleans(),
        }
    ),
    max_size=40,
)


def run_of(folder: Path, given: list[dict[str, Any]], **facts: Any) -> tuple[Run, list[Any]]:
    rows, totals = [], Totals()
    for at, one in enumerate(given):
        error = None if one["reward"] is not None else {"kind": "exception", "message": "m"}
        metrics = one["metrics"] if error is None else {}
        more = {"error": error, **one, "metrics": metrics}
        rows.append(row_of(at, at=at, group=str(at // 3), **more))
        totals.add(rows[-1], 0.5)
    folder.joinpath("rewards.jsonl").write_bytes(b"".join(map(dump, rows)))
    return Run(folder, facts_of(state="done", label="ok", totals=totals, **facts)), rows


@given(given=ROWS, keep=st.integers(0, 6))
def test_a_look_is_a_count(
    given: list[dict[str, Any]], keep: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    run, rows = run_of(tmp_path_factory.mktemp("run"), given)
    look = look_at(run, keep)
    rewarded = [row for row in rows if row["reward"] is not None]
    rewards = [row["reward"] for row in rewarded]
    assert look.totals.gradings == len(rows)
    assert sum(look.bins) == len(rewards)
    assert look.bins[0] == sum(int(reward * 10) < 1 for reward in rewards)
    assert look.bins[9] == sum(int(reward * 10) >= 9 for reward in rewards)
    few = len(set(rewards)) <= 10
    assert look.values == ({value: rewards.count(value) for value in sorted(set(rewards))} if few else {})
    assert look.lowest == sorted(rewarded, key=lambda row: row["reward"])[:keep]
    assert look.slowest == sorted(rows, key=lambda row: -row["ms"])[:keep]
    assert look.failed == [row for row in rows if row["reward"] is None][:keep]
    judged = [row for row in rewarded if row["label"] is not None]
    assert look.disagreed == [row for row in judged if (row["reward"] > 0.5) != row["label"]][:keep]
    assert look.ms == pytest.approx(sum(row["ms"] for row in rows))
    for name in "xyz":
        values = [row["metrics"][name] for row in rewarded if name in row["metrics"]]
        assert (name in look.metrics) is bool(values)
        if values:
            assert look.metrics[name].mean == pytest.approx(sum(values) / len(values))
            assert look.metrics[name].n == len(values)
    json.dumps(look.to_json(), allow_nan=False)


@given(given=ROWS)
def test_what_needs_a_range_that_nobody_knows_is_left_out(
    given: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    run, rows = run_of(tmp_path_factory.mktemp("run"), given, grader=unknown_grader())
    look = look_at(run)
    assert (look.groups.all_lowest, look.groups.all_highest) == (None, None)
    assert look.disagreed == []
    assert look.to_json()["bounds"] is None
    assert sum(look.bins) == sum(row["reward"] is not None for row in rows)
