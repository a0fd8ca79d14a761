from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.record_fields import EXPECTED
from harness.replay.expectation import Expectation, expectation_of

NUMBERS = st.floats(-2, 2) | st.integers(-2, 2)


@pytest.mark.parametrize(
    ("line", "expected", "words"),
    [
        ({}, Expectation(), "a reward"),
        ({EXPECTED: 1}, Expectation(1, 1), "1"),
        ({EXPECTED: None}, Expectation(no_reward=True), "no reward"),
        ({EXPECTED: {"at_least": 0.5}}, Expectation(0.5), "at least 0.5"),
        ({EXPECTED: {"at_most": 0.5}}, Expectation(None, 0.5), "at most 0.5"),
        ({EXPECTED: {"at_most": 1, "at_least": 0.25}}, Expectation(0.25, 1), "from 0.25 to 1"),
    ],
)
def test_what_a_line_expects(line: dict[str, Any], expected: Expectation, words: str) -> None:
    assert expectation_of(line) == expected
    assert expected.words(None) == words


@pytest.mark.parametrize(
    "wrong",
    [
        True,
        "1",
        float("nan"),
        float("inf"),
        10**400,
        [],
        [1],
        {},
        {"at_last": 1},
        {"at_least": "1"},
        {"at_least": None},
        {"at_most": True},
        {"at_least": 1, "at_most": 0},
    ],
)
def test_invalid_expectations_are_refused_by_name(wrong: Any) -> None:
    with pytest.raises(ValueError, match=EXPECTED):
        expectation_of({EXPECTED: wrong})


def test_without_an_expectation_the_reward_has_to_be_in_range() -> None:
    assert Expectation().holds(7.0, None)
    assert Expectation().holds(1.0, (0, 1))
    assert not Expectation().holds(7.0, (0, 1))
    assert not Expectation().holds(None, None)
    assert Expectation().words((0, 1)) == "from 0 to 1"


@given(NUMBERS, st.none() | NUMBERS, st.none() | NUMBERS)
def test_bounds_hold_for_what_lies_between_them(reward: float, low: float | None, high: float | None) -> None:
    inside = (low is None or low <= reward) and (high is None or reward <= high)
    expected = Expectation(low, high)
    assert expected.holds(reward, None) or not inside
    assert not expected.holds(None, (0, 1))
    for bound in (one for one in (low, high) if one is not None and not inside):
        if abs(reward - bound) < 1e-6:
            return  # too close to the bound to tell
    assert expected.holds(reward, None) is inside


@given(st.none() | NUMBERS)
def test_null_expects_no_reward(reward: float | None) -> None:
    assert Expectation(no_reward=True).holds(reward, (0, 1)) is (reward is None)
