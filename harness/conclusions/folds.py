"""Cross-validates the learned style: each record is left out of training once and used for testing.

The records are divided into folds. For each fold, a policy is trained on the other folds. Only the policy's
shared weights (theta) are tested on the fold, because completion-specific terms exist only for completions
seen in training. Nothing is graded here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from harness.conclusions.goal import Goal
from harness.data.identity import leak_sets
from harness.signal.intervals import Pair, compare
from harness.simulator.examples import Example
from harness.simulator.grader_calls import Grading, SampleReward, Turn
from harness.simulator.policy import Policy, expected, generator, initial, probabilities
from harness.simulator.training import Schedule, take_step

__all__ = ["FOLDS", "FoldedFigures", "PolicyChange", "divided", "fold_figures"]

FOLDS: Final = 5
"""Number of folds. Each requires a training run without grading."""


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """The mean over records of an expected value, under the base model and under the learned policy."""

    before: float
    after: float
    change: Pair


@dataclass(frozen=True, slots=True)
class FoldedFigures:
    """Figures from cross-validation, in which each record is left out of training once."""

    folds: int
    reward: PolicyChange | None
    """The change in expected reward, or None if no completion has a reward."""
    goal: str | None
    """The field that says which completions are right."""
    right: PolicyChange | None
    """Expected correctness from 0 to 1, or None if there is no goal."""
    right_earn: float | None
    """Mean reward of right completions under the learned policy."""
    wrong_earn: float | None
    rewards_after: dict[str, float]
    """Expected reward of each record under the learned policy."""
    wrong_paid: float | None = None
    """Share of the learned policy's wrong completions that earn more than the lowest recorded reward."""


class _Known(Grading):
    """A stand-in for a grader that returns rewards which are already known."""

    def __init__(self, rewards: Mapping[str, float | None]) -> None:
        self._rewards = rewards

    def grade(self, turns: Sequence[Turn]) -> list[SampleReward]:
        return [SampleReward(self._rewards.get(turn.candidate.key), None) for turn in turns]


def divided(examples: Sequence[Example], seed: int, count: int = FOLDS) -> list[list[Example]]:
    """Divide the records into at most `count` folds. Records that share a prompt stay together.

    Args:
        examples: The records.
        seed: Seed for the division.
        count: Maximum number of folds.
    """
    sets = leak_sets([example.group.leaks for example in examples])
    generator("folds", seed).shuffle(sets)
    parts = ([examples[index] for chosen in sets[start::count] for index in chosen] for start in range(count))
    return [part for part in parts if part]


def fold_figures(
    examples: Sequence[Example], rewards: Mapping[str, float | None], goal: Goal | None, schedule: Schedule
) -> FoldedFigures | None:
    """For each fold, train on the other folds and test the shared weights on the fold left out.

    Args:
        examples: All records, each once.
        rewards: The known rewards, by completion.
        goal: The correctness of the completions, or None if unknown.
        schedule: The job's schedule.

    Returns:
        The figures, or None if all records share one prompt.
    """
    parts = divided(examples, schedule.seed)
    if len(parts) < 2:
        return None
    rightness = {} if goal is None else goal.rightness
    reward, right = _Expectation(rewards), _Expectation(rightness)
    earned: list[tuple[float, float, float]] = []
    for left_out in parts:
        training = [example for part in parts if part is not left_out for example in part]
        policy = _trained(training, schedule, _Known(rewards))
        for example in left_out:
            weights = probabilities(policy, example.group.options, own=False)
            reward.add(example, weights)
            right.add(example, weights)
            earned += _earned(example, weights, rewards, rightness)
    lowest = min((one for one in rewards.values() if one is not None), default=0.0)
    return FoldedFigures(
        folds=len(parts),
        reward=reward.change(),
        goal=None if goal is None else goal.field,
        right=right.change(),
        right_earn=_mean((weight * right, earns) for weight, right, earns in earned),
        wrong_earn=_mean((weight * (1.0 - right), earns) for weight, right, earns in earned),
        rewards_after=reward.after,
        wrong_paid=_mean((weight * (1.0 - right), float(earns > lowest)) for weight, right, earns in earned),
    )


class _Expectation:
    """Collects the expected values of one quantity for each record."""

    def __init__(self, values: Mapping[str, float | None]) -> None:
        self._values = values
        self._before: dict[str, float] = {}
        self.after: dict[str, float] = {}

    def add(self, example: Example, weights: Sequence[float]) -> None:
        """Add a record, with its completions' probabilities under the learned policy."""
        known = [self._values.get(candidate.key) for candidate in example.group.candidates]
        after = expected(weights, known)
        before = expected([1.0] * len(known), known)
        if before is not None and after is not None:
            self._before[example.group.key], self.after[example.group.key] = before, after

    def change(self) -> PolicyChange | None:
        """Return the means, or None if no record has a known value."""
        pair = compare(self._before, self.after)
        if pair is None:
            return None
        count = len(self.after)
        before, after = (math.fsum(some.values()) / count for some in (self._before, self.after))
        return PolicyChange(before, after, pair)


def _trained(examples: Sequence[Example], schedule: Schedule, rewards: Grading) -> Policy:
    policy = initial()
    for number in range(schedule.total_steps(len(examples))):
        policy = take_step(policy, number, schedule, examples, rewards).learned.policy
    return policy


def _earned(
    example: Example,
    weights: Sequence[float],
    rewards: Mapping[str, float | None],
    rightness: Mapping[str, float],
) -> Iterable[tuple[float, float, float]]:
    """Yield probability, correctness and reward of each completion whose correctness and reward are known."""
    for weight, candidate in zip(weights, example.group.candidates, strict=True):
        reward, right = rewards.get(candidate.key), rightness.get(candidate.key)
        if reward is not None and right is not None:
            yield weight, right, reward


def _mean(weighted: Iterable[tuple[float, float]]) -> float | None:
    some = list(weighted)
    total = math.fsum(weight for weight, _ in some)
    return math.fsum(weight * value for weight, value in some) / total if total > 0.0 else None
