"""How another reward orders the completions of each record, which is all that a job learns from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from harness.signal.groups import TOLERANCE

__all__ = ["Both", "Flip", "Reordering", "reordered", "sign"]

_FLIPS = 200


class Both(NamedTuple):
    """One rollout under two graders."""

    id: Any
    was: float | None
    """Its reward under the first; None where that gave none."""
    now: float | None
    at: int = 0
    """Byte at which its line begins in the first one's rollouts."""


@dataclass(frozen=True, slots=True)
class Flip:
    """A rollout that was pushed and is now held back, or the reverse."""

    id: Any
    was: float
    now: float
    group: str
    at: int


@dataclass(frozen=True, slots=True)
class Reordering:
    """What another grader changes on the same rollouts."""

    rollouts: int
    changed: int
    """Rollouts whose reward differs, or that only one of the two gave a reward."""
    pairs: int
    """Pairs of completions of one record that the first grader ordered."""
    inverted: int
    """Of these, ordered the other way by the second."""
    merged: int
    """Of these, equal under the second."""
    parted: int
    """Pairs that were equal under the first and are not under the second."""
    flips: list[Flip]
    """Rollouts whose advantage changes its sign; the first 200."""
    flipped: int
    flipped_groups: int
    """Records with such a rollout."""
    groups: int
    zero_std_was: int
    """Groups from which nothing would be learned."""
    zero_std_now: int
    failed_now: int
    """Rollouts that had a reward and have none now."""
    failed_before: int
    """Rollouts that had none and have one now."""


def reordered(groups: Iterable[tuple[str, Sequence[Both]]]) -> Reordering:
    """Compare two graders group by group.

    Args:
        groups: The name and the rollouts of each record.
    """
    pairs = inverted = merged = parted = rollouts = changed = flipped = flipped_groups = 0
    count = was_flat = now_flat = failed_now = failed_before = 0
    flips: list[Flip] = []
    for name, group in groups:
        count += 1
        rollouts += len(group)
        was_flat += _is_flat([one.was for one in group])
        now_flat += _is_flat([one.now for one in group])
        differing = sum(sign(one.was, one.now) != 0 for one in group)
        failed_now += sum(one.now is None and one.was is not None for one in group)
        failed_before += sum(one.was is None and one.now is not None for one in group)
        changed += differing
        known = [(one.was, one.now) for one in group if one.was is not None and one.now is not None]
        ordered, turned, joined, split = _ordered(known, same=not differing)
        pairs, inverted, merged, parted = pairs + ordered, inverted + turned, merged + joined, parted + split
        if differing and (found := list(_flips(name, group))):
            flipped += len(found)
            flipped_groups += 1
            flips += found[: _FLIPS - len(flips)]
    return Reordering(
        *(rollouts, changed, pairs, inverted, merged, parted, flips, flipped, flipped_groups),
        *(count, was_flat, now_flat, failed_now, failed_before),
    )


def sign(was: float | None, now: float | None) -> int:
    """Whether a reward went up, down or stayed; a reward that is missing on one side is a change."""
    if was is None or now is None:
        return int(was is not now)
    gap = now - was
    return 0 if abs(gap) <= TOLERANCE else 1 if gap > 0 else -1


def _ordered(known: Sequence[tuple[float, float]], same: bool) -> tuple[int, int, int, int]:
    """How the pairs of one group fare: ordered before, and of these inverted and merged; parted now."""
    ordered = inverted = merged = parted = 0
    for number, (was, now) in enumerate(known):
        for other_was, other_now in known[:number]:
            before = sign(was, other_was)
            if same:
                ordered += before != 0
                continue
            after = sign(now, other_now)
            ordered += before != 0
            inverted += before * after < 0
            merged += before != 0 and after == 0
            parted += before == 0 and after != 0
    return ordered, inverted, merged, parted


def _flips(name: str, group: Sequence[Both]) -> Iterator[Flip]:
    """Rollouts whose advantage changes its sign."""
    known = [one for one in group if one.was is not None and one.now is not None]
    if not known:
        return
    middle_was = math.fsum(one.was or 0.0 for one in known) / len(known)
    middle_now = math.fsum(one.now or 0.0 for one in known) / len(known)
    for one in known:
        if one.was is None or one.now is None:
            continue
        if sign(middle_was, one.was) * sign(middle_now, one.now) < 0:
            yield Flip(one.id, one.was, one.now, name, one.at)


def _is_flat(rewards: Sequence[float | None]) -> bool:
    some = [reward for reward in rewards if reward is not None]
    return not some or max(some) - min(some) <= TOLERANCE
