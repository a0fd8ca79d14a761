"""Collects the data for a run's statistics in one pass over its rewards.

Only the groups' rewards and lengths are kept in memory, which is a few hundred bytes per rollout.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from harness.errors import InputError
from harness.runs.rows import Row, failure_of, sample_name

__all__ = ["TRUNCATED", "GroupTally", "MetricSums", "Repeats", "Tally", "gather", "variance_of"]

TRUNCATED: Final = frozenset(
    {
        *("length", "max_tokens", "max_output_tokens", "max_completion_tokens", "MAX_TOKENS"),
        *("model_context_window_exceeded", "model_length"),
    }
)
"""Finish reasons by which OpenAI, Bedrock Converse, Gemini and Mistral report truncation."""
_LARGEST = 1e100
"""Largest number allowed, because sums of the squares of larger numbers overflow."""
_VALUES = 1_000
"""Maximum number of distinct rewards counted separately."""
_METRICS = 50
"""Maximum number of metrics considered, because a grader may invent a name for each sample."""


@dataclass(slots=True)
class GroupTally:
    """The first gradings of one record's rollouts."""

    rewards: list[float] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    """Length in characters of each completion with a reward, if the run recorded it."""
    missing: int = 0
    """Number of rollouts without a reward."""


@dataclass(slots=True)
class MetricSums:
    """Sums of a metric and the reward, over the rollouts that have both."""

    count: int = 0
    total: float = 0.0
    ones: int = 0
    """Number of rollouts on which the metric is exactly 1."""
    squares: float = 0.0
    products: float = 0.0
    """Sum of the products of metric and reward."""
    rewards_squared: float = 0.0
    by_group: dict[str, list[float]] = field(default_factory=dict)
    """Count, sum of the metric and sum of the rewards of each group."""

    def add(self, group: str, value: float, reward: float) -> None:
        """Add one rollout."""
        self.count += 1
        self.total += value
        self.ones += value == 1.0
        self.squares += value * value
        self.products += value * reward
        self.rewards_squared += reward * reward
        sums = self.by_group.get(group)
        if sums is None:
            self.by_group[group] = [1.0, value, reward]
        else:
            sums[0] += 1.0
            sums[1] += value
            sums[2] += reward


@dataclass(slots=True)
class Repeats:
    """Rewards of the rollouts that were graded more than once."""

    by_group: dict[str | None, list[list[float]]] = field(default_factory=dict)
    """The rewards of each rollout with two or more rewards, by group."""

    def add(self, group: str | None, rewards: list[float]) -> None:
        """Add the repeats of one rollout."""
        if len(rewards) > 1:
            self.by_group.setdefault(group, []).append(rewards)


def variance_of(values: Sequence[float]) -> float:
    """Return the variance of two or more numbers, which is exactly 0 if all of them are equal."""
    if max(values) == min(values):
        return 0.0
    mean = math.fsum(values) / len(values)
    return math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)


@dataclass(slots=True)
class Tally:
    """Data for a run's statistics: the first gradings by record, and counts."""

    groups: dict[str, GroupTally] = field(default_factory=dict)
    rollouts: int = 0
    """Number of graded rollouts, each counted once."""
    errors: Counter[str] = field(default_factory=Counter)
    """Number of rollouts without a reward by kind, of which `input` means an unusable line."""
    values: Counter[float] = field(default_factory=Counter)
    """Number of occurrences of each reward, for the first thousand distinct ones."""
    metrics: dict[str, MetricSums] = field(default_factory=dict)
    passed_over: int = 0
    """Number of ignored metric values: those that are too large, and those of metrics after the first
    fifty."""
    finished: int = 0
    """Number of rollouts with a finish reason."""
    truncated: int = 0
    """Number of rollouts whose finish reason indicates truncation."""
    truncated_rewards: list[float] = field(default_factory=list)
    measured_lengths: int = 0
    """Number of rollouts whose length the run recorded."""
    repeats: Repeats = field(default_factory=Repeats)
    ms: float = 0.0
    timed: int = 0

    @property
    def several(self) -> list[GroupTally]:
        """The groups with two or more rewards, which are the only ones that can show differences."""
        return [group for group in self.groups.values() if len(group.rewards) > 1]

    def add(self, row: Row, name: str) -> None:
        """Add the first grading of a rollout."""
        group = self.groups.get(name)
        if group is None:
            group = self.groups[name] = GroupTally()
        self.rollouts += 1
        reward, finish = row["reward"], row.get("finish")
        cut = finish in TRUNCATED
        self.finished += finish is not None
        self.truncated += cut
        if reward is None:
            group.missing += 1
            self.errors[failure_of(row)[0]] += 1
            return
        group.rewards.append(reward)
        if reward in self.values or len(self.values) < _VALUES:
            self.values[reward] += 1
        if cut:
            self.truncated_rewards.append(reward)
        length = row.get("length")
        if length is not None:
            group.lengths.append(length)
            self.measured_lengths += 1
        for metric, value in row["metrics"].items():
            sums = self.metrics.get(metric)
            if not -_LARGEST <= value <= _LARGEST or (sums is None and len(self.metrics) >= _METRICS):
                self.passed_over += 1
                continue
            if sums is None:
                sums = self.metrics[metric] = MetricSums()
            sums.add(name, value, reward)


def gather(rows: Iterable[Row], repeats: int = 1) -> Tally:
    """Tally a run's rewards.

    Only the first grading of each rollout counts, because a job grades each rollout once. The repeats measure
    the grader's noise.

    Args:
        rows: The rows of a run, in any order.
        repeats: Number of times the run graded each rollout.

    Raises:
        InputError: A reward is too large to compute with.
    """
    tally = Tally()
    again: dict[int, tuple[str | None, list[float]]] = {}
    for row in rows:
        if row["ms"] > 0:
            tally.ms += row["ms"]
            tally.timed += 1
        name, reward = row["group"], row["reward"]
        if reward is not None and not -_LARGEST <= reward <= _LARGEST:
            fix = "Use rewards with a smaller range."
            what = f"a reward of {reward:g} is too large to compute with"
            raise InputError(what, place=f"sample {sample_name(row)}", fix=fix)
        if not row["repeat"]:
            if name is None:
                tally.errors[failure_of(row)[0]] += 1
            else:
                tally.add(row, name)
        if repeats > 1 and reward is not None:
            again.setdefault(row["at"], (name, []))[1].append(reward)
    for group, rewards in again.values():
        tally.repeats.add(group, rewards)
    return tally
