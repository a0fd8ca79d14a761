"""Counts the groups of a run that would teach the model something and those that would not.

A job learns from the differences between the rewards of one record's rollouts, because the advantage is
(reward - group mean) / group std. A group whose rewards are all equal teaches nothing, even if the rewards
are high.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from harness.runs.facts import Bounds
from harness.runs.rows import Row

TOLERANCE = 1e-12
"""Rewards closer than this count as equal."""


@dataclass(slots=True)
class RewardGroup:
    """The rewards of one record's rollouts."""

    count: int = 0
    lowest: float = 0.0
    highest: float = 0.0
    missing: int = 0
    """Number of gradings without a reward."""

    @property
    def zero_std(self) -> bool:
        """True if all rewards are equal, so that the group teaches nothing."""
        return self.count > 0 and self.highest - self.lowest <= TOLERANCE


@dataclass(frozen=True, slots=True)
class GroupCounts:
    """Number of groups of each type in a run."""

    groups: int
    """Number of groups with at least one reward."""
    zero_std: int
    """Number of groups whose rewards are all equal."""
    all_lowest: int | None
    """Zero-std groups at the bottom of the range, with only wrong answers; None if the range is unknown."""
    all_highest: int | None
    """Zero-std groups at the top of the range, with only right answers; None if the range is unknown."""
    single: int
    """Number of groups with one rollout, which cannot show whether rewards differ."""
    unrewarded: int
    """Number of groups without any reward."""


def group_rewards(rows: Iterable[Row]) -> dict[str, RewardGroup]:
    """Group a run's rewards by record, without unusable lines.

    Only the first grading of each rollout counts, because a job grades each rollout once.
    """
    groups: dict[str, RewardGroup] = {}
    for row in rows:
        name, reward = row["group"], row["reward"]
        if name is None or row["repeat"]:
            continue
        group = groups.get(name)
        if group is None:
            group = groups[name] = RewardGroup()
        if reward is None:
            group.missing += 1
        elif group.count == 0:
            group.count, group.lowest, group.highest = 1, reward, reward
        else:
            group.count += 1
            group.lowest = min(group.lowest, reward)
            group.highest = max(group.highest, reward)
    return groups


def count_groups(groups: Iterable[RewardGroup], bounds: Bounds | None) -> GroupCounts:
    """Count the groups of each type.

    Args:
        groups: The groups from `group_rewards`.
        bounds: The grader's range; None if unknown.
    """
    rewarded = unrewarded = zero = lows = highs = single = 0
    low, high = bounds or (math.inf, -math.inf)
    for group in groups:
        if not group.count:
            unrewarded += 1
            continue
        rewarded += 1
        single += group.count == 1
        if group.zero_std:
            zero += 1
            lows += group.lowest <= low + TOLERANCE
            highs += group.highest >= high - TOLERANCE
    if bounds is None:
        return GroupCounts(rewarded, zero, None, None, single, unrewarded)
    return GroupCounts(rewarded, zero, lows, highs, single, unrewarded)
