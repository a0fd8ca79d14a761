"""How two numbers of a rollout go together within groups, whatever differs between records."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from harness.signal.intervals import student
from harness.signal.statistic import GROUPS, ROLLOUTS, Statistic, refused

__all__ = ["within_groups"]


class _Sums(NamedTuple):
    """Within a group: squares of both numbers around their means, and their product."""

    first: float
    product: float
    second: float

    @property
    def pearson(self) -> float:
        """Their correlation; 0 where one never differs."""
        spread = math.sqrt(max(0.0, self.first)) * math.sqrt(max(0.0, self.second))
        return max(-1.0, min(1.0, self.product / spread)) if spread > 0.0 else 0.0

    def without(self, other: _Sums) -> _Sums:
        """What is left without a group."""
        return _Sums(self.first - other.first, self.product - other.product, self.second - other.second)


def within_groups(groups: Sequence[tuple[Sequence[float], Sequence[float]]]) -> Statistic:
    """Pearson's correlation within groups, pooled, with the jackknife's interval over the groups.

    The numbers of a group count as their distance from the group's mean, so that what makes whole records
    easy or long plays no part. The jackknife works on Fisher's z, whose distribution is nearly normal.

    Args:
        groups: Both numbers of each group's rollouts, in the same order.
    """
    sums = [_sums(first, second) for first, second in groups]
    telling = sum(one.first > 0.0 and one.second > 0.0 for one in sums)
    rollouts = sum(len(first) for first, _ in groups)
    if telling < GROUPS or rollouts < ROLLOUTS:
        return refused(f"both differ within {telling} groups, and it takes {GROUPS}", telling)
    total = _Sums(*(math.fsum(part) for part in zip(*sums, strict=True)))
    found = total.pearson
    without = [_fisher(total.without(one).pearson) for one in sums]
    mean = math.fsum(without) / len(without)
    left = len(sums) - 1
    variance = left / len(sums) * math.fsum((value - mean) ** 2 for value in without)
    reach, middle = student(telling - 1) * math.sqrt(variance), _fisher(found)
    low, high = math.tanh(middle - reach), math.tanh(middle + reach)
    return Statistic(found, min(low, found), max(high, found), telling)


def _sums(first: Sequence[float], second: Sequence[float]) -> _Sums:
    count = len(first)
    one, other = math.fsum(first) / count, math.fsum(second) / count
    return _Sums(
        math.fsum((value - one) ** 2 for value in first),
        math.fsum((value - one) * (more - other) for value, more in zip(first, second, strict=True)),
        math.fsum((value - other) ** 2 for value in second),
    )


def _fisher(correlation: float) -> float:
    """Fisher's z; a correlation of 1 has none, and counts as one just below."""
    edge = 1 - 1e-12
    return math.atanh(max(-edge, min(edge, correlation)))
