"""Tests a grader on reference answers, without a model and without labels.

A grader that gives a record's own reference a higher reward than another record's reference can tell right
from wrong. A grader that does not may simply expect a different format. These figures can therefore show that
a grader works, but never that it is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from harness.rollouts.derive import OTHER, REFERENCE

__all__ = ["Controls", "count_controls"]

_WORKS = 0.9


@dataclass(frozen=True, slots=True)
class Controls:
    """Rewards of references that were graded as completions."""

    own: int
    """Number of records whose own reference was graded."""
    own_highest: int | None
    """Number of own references with the highest reward of the range, or None if the range is unknown."""
    other: int
    """Number of records for which another record's reference was graded."""
    other_lowest: int | None
    """Number of other records' references with the lowest reward, or None if the range is unknown."""
    pairs: int
    """Number of records with a reward for both references."""
    apart: int
    """Number of records whose own reference got a higher reward than the other record's reference."""
    below: list[str] = field(default_factory=list)
    """Ids of own references that got less than the highest reward."""

    @property
    def works(self) -> bool:
        """True if nearly every record's own reference got a higher reward than another record's."""
        return self.pairs > 0 and self.apart >= _WORKS * self.pairs


def count_controls(
    graded: Iterable[tuple[str, float | None]], bounds: tuple[float, float] | None
) -> Controls:
    """Count the rewards of derived rollouts.

    Args:
        graded: The id that `harness.rollouts.derive` gave each rollout, and its reward.
        bounds: The grader's range, or None if unknown.
    """
    rewards: dict[str, dict[str, float | None]] = {REFERENCE: {}, OTHER: {}}
    for name, reward in graded:
        record, _, kind = name.rpartition("/")
        rewards[kind][record] = reward
    own, other = rewards[REFERENCE], rewards[OTHER]
    pairs = [
        (mine, theirs)
        for record, mine in own.items()
        if mine is not None and (theirs := other.get(record)) is not None
    ]
    low, high = bounds or (None, None)
    return Controls(
        own=len(own),
        own_highest=None if high is None else sum(reward == high for reward in own.values()),
        other=len(other),
        other_lowest=None if low is None else sum(reward == low for reward in other.values()),
        pairs=len(pairs),
        apart=sum(mine > theirs for mine, theirs in pairs),
        below=[]
        if high is None
        else [f"{record}/{REFERENCE}" for record, reward in own.items() if reward != high],
    )
