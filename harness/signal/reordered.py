"""Counts how a second grader reorders each record's completions. A job learns only from this order."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from harness.signal.groups import TOLERANCE
from harness.signal.pair_counts import PairCounts, pair_counts

__all__ = ["Both", "ChangedSample", "Reordering", "ZeroStdChange", "reordered", "sign", "zero_std_change"]


class Both(NamedTuple):
    """One rollout graded by two graders."""

    id: Any
    was: float | None
    """Reward from the first grader, or None."""
    now: float | None
    at: int = 0
    """Byte offset of the rollout's line in the first run's rollouts."""
    was_error: str | None = None
    """Kind of the error, if the first grader gave no reward."""
    now_error: str | None = None


class ChangedSample(NamedTuple):
    """A rollout whose reward changed, or whose advantage changed sign."""

    id: Any
    group: str
    at: int
    was: float | None
    now: float | None
    was_error: str | None
    now_error: str | None
    changed: bool
    """True if the two rewards differ or only one grader gave a reward."""
    flipped: bool
    """True if training would now push the model in the opposite direction."""


@dataclass(frozen=True, slots=True)
class Reordering:
    """The effect of another grader on the same rollouts."""

    rollouts: int
    changed: int
    """Number of rollouts whose reward differs, or for which only one grader gave a reward."""
    pairs: int
    """Number of same-record pairs of completions to which the first grader gives different rewards."""
    inverted: int
    """Number of pairs that the second grader orders the opposite way."""
    merged: int
    """Number of pairs to which only the second grader gives equal rewards."""
    parted: int
    """Number of pairs to which only the first grader gives equal rewards."""
    flipped: int
    """Number of rollouts whose advantage changes sign."""
    flipped_groups: int
    """Number of records with a rollout whose advantage changes sign."""
    failed_now: int
    """Number of rollouts to which only the first grader gave a reward."""
    failed_before: int
    """Number of rollouts to which only the second grader gave a reward."""
    samples: list[ChangedSample]
    """Every changed rollout: flips first, then lost and gained rewards, then the largest changes."""

    @property
    def flips(self) -> list[ChangedSample]:
        """The rollouts whose advantage changes sign."""
        return self.samples[: self.flipped]


@dataclass(frozen=True, slots=True)
class ZeroStdChange:
    """Number of records that teach nothing with each grader, out of `groups` with two or more rewards."""

    groups: int
    was: int
    now: int
    became: list[str]
    """Names of the records that teach something only with the first grader."""
    stopped: list[str]
    """Names of the records that teach something only with the second grader."""


def reordered(groups: Iterable[tuple[str, Sequence[Both]]]) -> Reordering:
    """Compare two graders group by group.

    Args:
        groups: The name and the rollouts of each record.
    """
    counts = PairCounts(0, 0, 0, 0)
    rollouts = flipped_groups = 0
    samples: list[ChangedSample] = []
    for name, group in groups:
        rollouts += len(group)
        known = [one for one in group if one.was is not None and one.now is not None]
        was, now = [one.was or 0.0 for one in known], [one.now or 0.0 for one in known]
        counts = PairCounts(*map(sum, zip(counts, pair_counts(was, now), strict=True)))
        if was == now and len(known) == len(group):
            continue
        flips = {id(known[at]) for at in _flips(was, now)}
        flipped_groups += bool(flips)
        for one in group:
            changed, flipped = sign(one.was, one.now) != 0, id(one) in flips
            if changed or flipped:
                samples.append(
                    ChangedSample(
                        *(one.id, name, one.at, one.was, one.now, one.was_error, one.now_error),
                        changed,
                        flipped,
                    )
                )
    samples.sort(key=_weight)
    return Reordering(
        rollouts,
        sum(one.changed for one in samples),
        *counts,
        sum(one.flipped for one in samples),
        flipped_groups,
        sum(one.now is None and one.was is not None for one in samples),
        sum(one.was is None and one.now is not None for one in samples),
        samples,
    )


def zero_std_change(groups: Iterable[tuple[str, Sequence[float], Sequence[float]]]) -> ZeroStdChange:
    """Count the records that teach nothing, for each grader.

    Args:
        groups: Each record's name, and its rewards from both graders. A record to which neither grader gave
            two rewards is not counted.
    """
    count = was_flat = now_flat = 0
    became, stopped = [], []
    for name, was, now in groups:
        if len(was) < 2 and len(now) < 2:
            continue
        before, after = _is_flat(was), _is_flat(now)
        count, was_flat, now_flat = count + 1, was_flat + before, now_flat + after
        if after and not before:
            became.append(name)
        elif before and not after:
            stopped.append(name)
    return ZeroStdChange(count, was_flat, now_flat, became, stopped)


def sign(was: float | None, now: float | None) -> int:
    """Return the sign of a change in reward: -1, 0 or 1. If only one grader gave a reward, it is 1."""
    if was is None or now is None:
        return int(was is not now)
    gap = now - was
    return 0 if abs(gap) <= TOLERANCE else 1 if gap > 0 else -1


def _flips(was: Sequence[float], now: Sequence[float]) -> list[int]:
    """Return the indices of a group's members whose advantage changes sign."""
    if not was:
        return []
    middle_was, middle_now = math.fsum(was) / len(was), math.fsum(now) / len(now)
    return [
        at
        for at, (one, other) in enumerate(zip(was, now, strict=True))
        if sign(middle_was, one) * sign(middle_now, other) < 0
    ]


def _weight(one: ChangedSample) -> tuple[bool, float, int]:
    """Return a sort key that puts the most important changes first."""
    gap = math.inf if one.was is None or one.now is None else abs(one.now - one.was)
    return not one.flipped, -gap, one.at


def _is_flat(rewards: Sequence[float]) -> bool:
    return len(rewards) < 2 or max(rewards) - min(rewards) <= TOLERANCE
