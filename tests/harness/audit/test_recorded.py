from __future__ import annotations

import json
from typing import Any

import pytest

from harness.audit.case import Recorded
from harness.audit.recorded import PaidLength
from support.graded_by import findings, object_records, told

_RIGHT = "(marked(text) == gold)"
_WORK = "We add the two numbers, digit by digit. "
_SHARE = "sum((parsed(text) or {}).get(k) == v for k, v in parsed(gold).items()) / len(parsed(gold))"


def answers(count: int = 24) -> tuple[Recorded, ...]:
    """Return right answers with increasing amounts of working, four per record."""
    return tuple(
        Recorded(n, {"role": "assistant", "content": f"{_WORK * times}\n#### {n * 7 + 3 + n * n + 11}"})
        for n in range(count)
        for times in (0, 1, 3, 6)
    )


def objects(records: tuple[dict[str, Any], ...]) -> tuple[Recorded, ...]:
    """Return objects with none, some or all of their fields, so that longer completions are more correct."""
    found = []
    for at, record in enumerate(records):
        right = record["reference_answer"]
        right = json.loads(right) if isinstance(right, str) else right
        for count in range(len(right) + 1):
            part = json.dumps(dict([*right.items()][:count]))
            found.append(Recorded(at, {"role": "assistant", "content": part}))
    return tuple(found)


@pytest.mark.parametrize("gain", [0.5, 0.15])
def test_length_that_is_paid_among_right_answers_is_found(tmp_path, gain):
    reward = f"{_RIGHT} * ({1 - gain} + {gain} * min(1, len(text) / 300))"
    found = findings(tmp_path, (PaidLength(),), reward, recorded=answers())
    assert told(found) == [("F06", "error")]
    short, long = found[0].witness.rewards
    assert long > short


def test_a_bonus_for_each_line_of_working_is_found(tmp_path):
    lined = tuple(
        one._replace(message={**one.message, "content": one.message["content"].replace(". ", ".\nStep: ")})
        for one in answers()
    )
    reward = f"{_RIGHT} * (0.5 + 0.05 * min(10, text.count('Step:')))"
    assert told(findings(tmp_path, (PaidLength(),), reward, recorded=lined)) == [("F06", "error")]


@pytest.mark.parametrize("reward", [_RIGHT, f"{_RIGHT} * max(0.2, 1 - len(text) / 2000)"])
def test_equal_and_falling_rewards_pass(tmp_path, reward):
    assert findings(tmp_path, (PaidLength(),), reward, recorded=answers()) == []


def test_longer_and_more_correct_answers_are_not_a_finding(tmp_path):
    records = object_records()
    assert findings(tmp_path, (PaidLength(),), _SHARE, records, recorded=objects(records)) == []
