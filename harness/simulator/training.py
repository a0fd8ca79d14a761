"""Runs a job's steps (draw completions, get rewards, update the policy), and validates the policy.

The same arguments give the same step, so an interrupted step can be repeated. This module stores nothing.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from harness.simulator.examples import Example
from harness.simulator.grader_calls import Grading, Turn
from harness.simulator.policy import (
    RATE,
    WARM_UP,
    Draws,
    Learned,
    Policy,
    draw,
    expected,
    generator,
    learn,
    probabilities,
)

__all__ = ["DrawRow", "Schedule", "Step", "Validation", "grade_all", "take_step", "validate"]


class DrawRow(NamedTuple):
    """One draw of a step: a completion, its reward, and the resulting advantage."""

    group: str
    completion: str
    reward: float | None
    error: str | None
    advantage: float
    length: float


class Schedule(NamedTuple):
    """The order and size of a job's steps over its examples."""

    seed: int
    n_epochs: int
    batch_size: int
    learning_rate_multiplier: float
    group_size: int

    def total_steps(self, examples: int) -> int:
        """Return ceil(records / batch_size) x n_epochs."""
        return math.ceil(examples / self.batch_size) * self.n_epochs

    def step_size(self, step: int, examples: int) -> float:
        """Return the step size for a step, counted from 0. It rises linearly in the first part of the job."""
        warm_up = WARM_UP * self.total_steps(examples)
        return RATE * self.learning_rate_multiplier * min(1.0, (step + 1) / warm_up)

    def batch(self, step: int, examples: Sequence[Example]) -> list[Example]:
        """Return the examples for a step, counted from 0.

        Each epoch has its own order, and the last batch may be short.
        """
        epoch, at = divmod(step, math.ceil(len(examples) / self.batch_size))
        order = _order(self.seed, epoch, len(examples))
        return [examples[index] for index in order[at * self.batch_size : (at + 1) * self.batch_size]]


@lru_cache(maxsize=8)
def _order(seed: int, epoch: int, count: int) -> list[int]:
    """Return the order of examples in an epoch, which is cached because every step needs it."""
    order = list(range(count))
    generator("order", seed, epoch).shuffle(order)
    return order


class Step(NamedTuple):
    """Result of one step."""

    learned: Learned
    rows: list[DrawRow]
    failures: Counter[str]
    """Number of samples without a reward, by kind."""
    tokens: float
    """Estimated number of generated tokens."""


class Validation(NamedTuple):
    """The policy's figures on held-out records, using only the weights shared by all records (theta)."""

    reward: float | None
    """Exact expected reward, averaged over the groups."""
    loss: float | None
    """-ln of the probability of a group's best completions, averaged over groups with unequal rewards."""


def take_step(
    policy: Policy, step: int, schedule: Schedule, examples: Sequence[Example], grader: Grading
) -> Step:
    """Run one step.

    Args:
        policy: The policy before the step.
        step: The step's number, from 0.
        schedule: The job's schedule.
        examples: The training examples.
        grader: Grades the drawn completions.

    Raises:
        JobFailure: The grader cannot be called.
    """
    batch = schedule.batch(step, examples)
    options = [example.group.options for example in batch]
    picks = [
        draw(policy, some, schedule.group_size, generator("draw", schedule.seed, step, index))
        for index, some in enumerate(options)
    ]
    turns = [
        Turn(example.record, example.group.candidates[pick], f"step-{step + 1}-{index}-{number}")
        for index, (example, picked) in enumerate(zip(batch, picks, strict=True))
        for number, pick in enumerate(picked)
    ]
    graded = iter(grader.grade(turns))
    outcomes = [[next(graded) for _ in picked] for picked in picks]
    draws = [
        Draws(some, picked, [item.reward for item in row])
        for some, picked, row in zip(options, picks, outcomes, strict=True)
    ]
    learned = learn(policy, draws, schedule.step_size(step, len(examples)))
    rows = [
        DrawRow(example.group.key, option.key, item.reward, item.error, gain, option.length)
        for example, group, row, gains in zip(batch, draws, outcomes, learned.advantages, strict=True)
        for option, item, gain in zip((group.options[pick] for pick in group.picks), row, gains, strict=True)
    ]
    failures = Counter(row.error for row in rows if row.error is not None)
    return Step(learned, rows, failures, math.fsum(row.length for row in rows))


def grade_all(
    examples: Sequence[Example], known: Mapping[str, float | None], grader: Grading
) -> dict[str, float | None]:
    """Grade all completions of the examples that have no reward yet.

    Args:
        examples: The examples to grade.
        known: Known rewards by completion. These completions are not graded again.
        grader: Grades the completions.

    Returns:
        The new rewards by completion.

    Raises:
        JobFailure: The grader cannot be called.
    """
    missing = {
        candidate.key: Turn(example.record, candidate, f"evaluation-{candidate.key}")
        for example in examples
        for candidate in example.group.candidates
        if candidate.key not in known
    }
    graded = grader.grade(list(missing.values()))
    return {key: item.reward for key, item in zip(missing, graded, strict=True)}


def validate(policy: Policy, examples: Sequence[Example], rewards: Mapping[str, float | None]) -> Validation:
    """Compute the figures of a checkpoint.

    Args:
        policy: The checkpoint's policy, without regard to its terms for single completions.
        examples: The held-out examples.
        rewards: Rewards by completion.
    """
    means: list[float] = []
    losses: list[float] = []
    for example in examples:
        options = example.group.options
        weights = probabilities(policy, options, own=False)
        values = [rewards.get(option.key) for option in options]
        mean = expected(weights, values)
        if mean is None:
            continue
        means.append(mean)
        known = [value for value in values if value is not None]
        if min(known) < max(known):
            best = math.fsum(
                weight for weight, value in zip(weights, values, strict=True) if value == max(known)
            )
            losses.append(-math.log(max(best, 1e-300)))
    return Validation(
        math.fsum(means) / len(means) if means else None,
        math.fsum(losses) / len(losses) if losses else None,
    )
