"""Compares two rankings of a group's members, because a policy learns from the ranking within a record."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from harness.signal.groups import TOLERANCE

__all__ = ["PairCounts", "pair_counts"]


class PairCounts(NamedTuple):
    """Counts of pairs of members in a group in which each member has two numbers."""

    pairs: int
    """Number of pairs whose first numbers differ."""
    inverted: int
    """Number of pairs that the second number orders the opposite way."""
    merged: int
    """Number of pairs with different first numbers and equal second numbers."""
    parted: int
    """Number of pairs with equal first numbers and different second numbers."""


def pair_counts(first: Sequence[float], second: Sequence[float]) -> PairCounts:
    """Count the pairs of a group in O(n log n), because a record may have a very large number of completions.

    Args:
        first: The first number of each member.
        second: The second number of each member, in the same order.
    """
    count = len(first)
    if count < 2:
        return PairCounts(0, 0, 0, 0)
    one, other = _ranks(first), _ranks(second)
    tied = _ties(one)
    pairs = count * (count - 1) // 2 - tied
    if one == other:
        return PairCounts(pairs, 0, 0, 0)
    members = sorted(zip(one, other, strict=True))
    both = _ties(members)
    return PairCounts(pairs, _inversions([rank for _, rank in members]), _ties(other) - both, tied - both)


def _ranks(values: Sequence[float]) -> list[int]:
    """Rank the values from 0. Adjacent values within the tolerance share a rank."""
    ranks: dict[float, int] = {}
    last, rank = -math.inf, -1
    for value in sorted(set(values)):
        if value - last > TOLERANCE:
            rank, last = rank + 1, value
        ranks[value] = rank
    return [ranks[value] for value in values]


def _ties(values: Sequence[object]) -> int:
    return sum(count * (count - 1) // 2 for count in Counter(values).values() if count > 1)


def _inversions(ranks: Sequence[int]) -> int:
    """Count the pairs in which the larger rank comes first, with a Fenwick tree of the ranks seen so far."""
    size = max(ranks) + 1
    tree = [0] * (size + 1)
    found = 0
    for seen, rank in enumerate(ranks):
        at, not_larger = rank + 1, 0
        while at:
            not_larger += tree[at]
            at &= at - 1
        found += seen - not_larger
        at = rank + 1
        while at <= size:
            tree[at] += 1
            at += at & -at
    return found
