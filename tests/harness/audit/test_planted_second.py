from __future__ import annotations

import pytest

from support.planted import load
from support.planted.second import SECOND_GOOD, SECOND_PLANTED, tasks

ROWS = [*SECOND_PLANTED, *SECOND_GOOD]
QUICK = [row for row in SECOND_GOOD if row.kind not in ("judge", "code", "format", "tools")]


def test_the_second_half_is_large_and_each_grader_in_it_is_one():
    assert len(SECOND_PLANTED) >= 80
    assert len(SECOND_GOOD) >= 15
    assert len({row.grader for row in ROWS}) == len(ROWS)
    assert {"number", "choice", "yes-no", "text", "list", "json", "tools", "code", "judge", "format"} == {
        row.kind for row in ROWS
    }


@pytest.mark.parametrize("row", [row for row in ROWS if row.kind != "judge"], ids=lambda row: row.grader)
def test_each_grader_loads_and_has_records(row):
    assert callable(load(row.grader))
    records = row.records(5)
    assert len(records) == 5
    assert all(record["messages"] for record in records)


@pytest.mark.parametrize("row", QUICK, ids=lambda row: row.grader)
def test_good_graders_pay_right_answers(row):
    handler, right = load(row.grader), tasks().RIGHT[row.task]
    records = row.records(12)
    mine = [float(one["aggregate_reward_score"]) for one in handler(event(records, right), None)]
    assert sum(mine) / len(mine) > 0.9


def event(records, right):
    """Return an event that holds the right completion of each record."""
    return [
        {**record, "id": f"s{at}", "messages": [*record["messages"], turn(right(record))]}
        for at, record in enumerate(records)
    ]


def turn(completion):
    return {"role": "assistant", "content": completion}
