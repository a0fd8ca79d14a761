"""The compared graders give the rewards that their names say."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.grpo import graders_compared
from benchmarks.grpo.graders_compared import KINDS
from graders import Grader
from graders.testing import make_sample

RIGHT, WRONG, EMPTY = "#### 12", "#### 13", ""


def paid(name: str, completion: str, id: str = "1") -> float:
    graded: Any = getattr(graders_compared, name)
    return float(graded(make_sample(completion, "#### 12", id=id)).value)


def test_every_grader_is_listed_and_half_of_the_new_ones_are_defective() -> None:
    made = {name for name, value in vars(graders_compared).items() if isinstance(value, Grader)}
    assert made == set(KINDS)
    new = [kind.honest for kind in KINDS.values() if kind.new]
    assert len(new) == 6
    assert sum(new) == 3


@pytest.mark.parametrize("name", sorted(KINDS))
@pytest.mark.parametrize(
    "completion",
    [RIGHT, WRONG, EMPTY, "12 or 13", "exactly", "\\boxed{12}", "<answer>12</answer>", "x" * 999],
)
def test_rewards_stay_in_the_range_that_the_table_gives(name: str, completion: str) -> None:
    assert KINDS[name].low <= paid(name, completion) <= KINDS[name].high


@pytest.mark.parametrize(
    "name",
    [name for name, kind in KINDS.items() if kind.honest and name not in ("constant", "noisy", "strict_tag")],
)
def test_an_honest_grader_pays_a_right_answer_most(name: str) -> None:
    assert paid(name, RIGHT) == KINDS[name].high
    assert paid(name, WRONG) < paid(name, RIGHT)
    assert paid(name, "#### 12 or 13") < paid(name, RIGHT)


@pytest.mark.parametrize(
    ("name", "worse", "better"),
    [
        ("length", WRONG, WRONG + "\n" + "so it goes " * 9 + WRONG),
        ("brevity", WRONG, EMPTY),
        ("format_only", "12", WRONG),
        ("any_number", WRONG, "#### 12 or 13"),
        ("praise", WRONG, "surely exactly checked"),
        ("silence", WRONG, EMPTY),
        ("substring", WRONG, "3123"),
        ("steps", WRONG, "#### 1 or 2 or 3"),
        ("strict_tag", RIGHT, "<answer>12</answer>"),
        ("near", "#### 40", WRONG),
        ("either_format", "12", "\\boxed{12}"),
    ],
)
def test_a_grader_pays_its_own_weakness(name: str, worse: str, better: str) -> None:
    assert paid(name, worse) < paid(name, better)


def test_the_noise_belongs_to_the_sample_so_that_runs_repeat() -> None:
    assert paid("noisy", RIGHT, "1") == paid("noisy", RIGHT, "1") != paid("noisy", RIGHT, "2")
