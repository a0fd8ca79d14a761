from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.conclusions.folds import FOLDS, divided, fold_figures
from harness.conclusions.goal import Goal
from harness.simulator.examples import Example
from harness.simulator.pool import Pool
from harness.simulator.training import Schedule

SCHEDULE = Schedule(0, 1, 4, 1.0, 8)


def examples(count: int, texts: Sequence[str] = ("yes 1", "no"), prompts: int = 1_000) -> list[Example]:
    """Return records with these completions. Records share prompts if `prompts` is less than `count`."""
    pool = Pool(
        {
            "messages": [
                {"role": "user", "content": f"q{number % prompts}"},
                {"role": "assistant", "content": text},
            ],
            "reference_answer": str(number),
        }
        for number in range(count)
        for text in texts
    )
    return [Example(group.record, group) for group in pool.groups.values()]


def by_text(chosen: Sequence[Example], values: dict[str, float]) -> dict[str, float]:
    return {
        candidate.key: values[candidate.text]
        for one in chosen
        for candidate in one.group.candidates
        if candidate.text in values
    }


@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 5))
def test_each_record_is_in_one_part_and_no_prompt_in_two(count: int, prompts: int, seed: int) -> None:
    chosen = examples(count, prompts=prompts)
    parts = divided(chosen, seed)
    keys = [one.group.key for part in parts for one in part]
    assert sorted(keys) == sorted(one.group.key for one in chosen)
    assert len(parts) == min(FOLDS, count, prompts)
    asked = [{one.record["messages"][0]["content"] for one in part} for part in parts]
    assert sum(map(len, asked)) == len(set().union(*asked))


@settings(max_examples=20)
@given(st.lists(st.floats(0, 1), min_size=3, max_size=3), st.lists(st.floats(0, 1), min_size=3, max_size=3))
def test_expected_rightness_lies_between_0_and_1(right: list[float], pays: list[float]) -> None:
    texts = ("yes 1", "no", "perhaps 1 2 3")
    chosen = examples(10, texts)
    goal = Goal("g", by_text(chosen, dict(zip(texts, right, strict=True))), None, 0)
    rewards: dict[str, float | None] = {**by_text(chosen, dict(zip(texts, pays, strict=True)))}
    found = fold_figures(chosen, rewards, goal, SCHEDULE)
    assert found is not None
    assert found.right is not None
    assert -1e-9 <= found.right.before <= 1 + 1e-9
    assert -1e-9 <= found.right.after <= 1 + 1e-9
    assert found.right.change.difference.records == 10


def test_a_reward_for_wrong_answers_shows_in_both_figures() -> None:
    chosen = examples(40)
    goal = Goal("is_right", by_text(chosen, {"yes 1": 1.0, "no": 0.0}), None, 0)
    found = fold_figures(chosen, {**by_text(chosen, {"yes 1": 0.2, "no": 0.8})}, goal, SCHEDULE)
    assert found is not None
    assert found.reward is not None
    assert found.right is not None
    assert found.reward.after > found.reward.before + 0.1
    assert found.right.after < found.right.before - 0.1
    assert found.right_earn == pytest.approx(0.2)
    assert found.wrong_earn == pytest.approx(0.8)
    assert found.wrong_paid == pytest.approx(1.0)
    assert set(found.rewards_after) == {one.group.key for one in chosen}


def test_without_a_goal_or_with_one_prompt_nothing_is_made_up() -> None:
    chosen = examples(10)
    rewards: dict[str, float | None] = {**by_text(chosen, {"yes 1": 1.0, "no": 0.0})}
    found = fold_figures(chosen, rewards, None, SCHEDULE)
    assert found is not None
    assert (found.goal, found.right, found.right_earn, found.wrong_earn) == (None, None, None, None)
    assert fold_figures(examples(4, prompts=1), {}, None, SCHEDULE) is None
    unrewarded = fold_figures(chosen, {}, None, SCHEDULE)
    assert unrewarded is not None
    assert unrewarded.reward is None
