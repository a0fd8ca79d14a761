"""What a grader says of the references themselves: a check of the grader that needs no model and no label.

A grader that prefers a record's own reference to another record's tells right from wrong. One that does not
may still want another format than the references have, so these figures can clear a grader and never condemn
it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from harness.rollouts.derive import OTHER, REFERENCE

__all__ = ["Controls", "count_controls"]

_WORKS = 0.9


@dataclass(frozen=True, slots=True)
class Controls:
    """How references fared in place of completions."""

    own: int
    """Records whose own reference was graded."""
    own_highest: int | None
    """Of these, those that got the top of the grader's range; None where the range is not known."""
    other: int
    """Records for which another record's reference was graded."""
    other_lowest: int | None
    """Of these, those that got the bottom of the range."""
    pairs: int
    """Records with a reward for both."""
    apart: int
    """Of these, those whose own reference got the higher reward."""
    below: list[str] = field(default_factory=list)
    """Ids of the own references that got less than the top."""

    @property
    def works(self) -> bool:
        """Whether the grader tells a record's own reference from another's."""
        return self.pairs > 0 and self.apart >= _WORKS * self.pairs


def count_controls(
    graded: Iterable[tuple[str, float | None]], bounds: tuple[float, float] | None
) -> Controls:
    """Count how derived rollouts fared.

    Args:
        graded: The id that `harness.rollouts.derive` gave each rollout, and its reward.
        bounds: The grader's range; None where it is not known.
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
