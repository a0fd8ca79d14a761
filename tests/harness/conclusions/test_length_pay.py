from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.conclusions.goal import Goal
from harness.conclusions.length_pay import (
    FOLLOWS,
    LengthPay,
    length_pay,
    length_pay_by_components,
    rank_correlation_of,
)
from harness.simulator.examples import Example
from harness.simulator.pool import Pool

T = TypeVar("T")
NUMBERS = st.lists(st.integers(-5, 5).map(float), min_size=2, max_size=8)
TEXTS = ("1", "222", "33333", "x", "wrong but long", "wrong and longer still")
RIGHT = {text: float(text.isdecimal()) for text in TEXTS}


def records(count: int, texts: Sequence[str] = TEXTS) -> list[Example]:
    pool = Pool(
        {
            "record": f"r{number}",
            "messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": text}],
        }
        for number in range(count)
        for text in texts
    )
    return [Example(group.record, group) for group in pool.groups.values()]


def by_text(chosen: Sequence[Example], of: Callable[[str], T]) -> dict[str, T]:
    return {one.key: of(one.text) for example in chosen for one in example.group.candidates}


def pay(of: Callable[[str], float], right: Callable[[str], float] = RIGHT.__getitem__) -> LengthPay:
    chosen = records(12)
    found = length_pay(chosen, {**by_text(chosen, of)}, Goal("is_right", by_text(chosen, right), None, 0))
    assert found is not None
    return found


@given(NUMBERS, NUMBERS)
def test_a_rank_correlation_lies_within_one_and_knows_order_alone(
    left: list[float], right: list[float]
) -> None:
    size = min(len(left), len(right))
    left, right = left[:size], right[:size]
    found = rank_correlation_of(left, right)
    assert (found is None) is (len(set(left)) == 1 or len(set(right)) == 1)
    if found is not None:
        assert -1 - 1e-9 <= found <= 1 + 1e-9
        assert rank_correlation_of(right, left) == pytest.approx(found)
        assert rank_correlation_of([value**3 for value in left], right) == pytest.approx(found)
        assert rank_correlation_of([-value for value in left], right) == pytest.approx(-found)


def test_a_reward_for_length_is_found_among_wrong_completions_whatever_right_ones_earn() -> None:
    for sign in (1.0, -1.0):

        def of(text: str, sign: float = sign) -> float:
            return 100.0 if text.isdecimal() else sign * len(text)

        found = pay(of)
        assert found.correlation == pytest.approx(sign)
        assert found.sets == 12
        assert found.among == "wrong completions (is_right)"


def test_a_sound_reward_follows_no_length_though_right_answers_are_short() -> None:
    assert pay(RIGHT.__getitem__).correlation == 0.0


def test_a_bonus_for_length_on_right_answers_alone_is_no_pay_for_length() -> None:
    assert pay(lambda text: text.isdecimal() / len(text)).correlation == 0.0


def test_where_few_are_wrong_equally_right_ones_are_compared() -> None:
    found = pay(lambda text: float(len(text)), right=lambda text: 1.0)
    assert found.correlation == pytest.approx(1.0)
    assert found.sets == 12
    assert found.among == "completions with equal is_right"


def test_nothing_is_concluded_where_nothing_can_be_compared() -> None:
    few = records(12, ("a", "bb"))
    goal = Goal("g", by_text(few, lambda text: 0.0), None, 0)
    assert length_pay(few, {**by_text(few, lambda text: 1.0)}, goal) is None
    same = records(12, ("aa", "bb", "cc"))
    goal = Goal("g", by_text(same, lambda text: 0.0), None, 0)
    assert length_pay(same, {**by_text(same, lambda text: 1.0)}, goal) is None
    assert length_pay(same, {}, goal) is None


def brief(text: str) -> float:
    return 1.0 / len(text)


def test_without_labels_a_component_about_length_is_told_from_the_others() -> None:
    chosen = records(12)
    rewards = {**by_text(chosen, lambda text: RIGHT[text] + brief(text))}
    told = by_text(chosen, lambda text: {"right": RIGHT[text], "brief": brief(text), "always": 1.0})
    found = length_pay_by_components(chosen, rewards, told)
    assert found is not None
    assert found.correlation == pytest.approx(-1.0)
    assert found.among == "completions with equal right"


def test_without_labels_a_sound_reward_of_two_components_is_not_blamed() -> None:
    chosen = records(12)
    rewards = {**by_text(chosen, RIGHT.__getitem__)}
    found = length_pay_by_components(
        chosen, rewards, by_text(chosen, lambda text: {"right": RIGHT[text], "said": float("x" in text)})
    )
    assert found is not None
    assert abs(found.correlation) < FOLLOWS


@pytest.mark.parametrize(
    "told", [lambda text: {}, lambda text: {"brief": brief(text)}, lambda text: {"v": 1.0, "n": -brief(text)}]
)
def test_without_labels_length_is_not_separated_where_no_other_component_differs(
    told: Callable[[str], dict[str, float]],
) -> None:
    chosen = records(12)
    assert length_pay_by_components(chosen, {**by_text(chosen, brief)}, by_text(chosen, told)) is None
    assert length_pay_by_components(chosen, {**by_text(chosen, brief)}, {}) is None
