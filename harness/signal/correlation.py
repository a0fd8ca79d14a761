"""Computes the correlation between two numbers per rollout, ignoring differences between records."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from harness.signal.intervals import student
from harness.signal.statistic import GROUPS, ROLLOUTS, Statistic, refused

__all__ = ["within_groups"]


class _Sums(NamedTuple):
    """One group's sums of squared deviations from the mean, for both numbers, and of their products."""

    first: float
    product: float
    second: float

    @property
    def pearson(self) -> float:
        """The correlation; 0 if either number is constant."""
        spread = math.sqrt(max(0.0, self.first)) * math.sqrt(max(0.0, self.second))
        return max(-1.0, min(1.0, self.product / spread)) if spread > 0.0 else 0.0

    def without(self, other: _Sums) -> _Sums:
        """Return the sums after leaving out one group."""
        return _Sums(self.first - other.first, self.product - other.product, self.second - other.second)


def within_groups(groups: Sequence[tuple[Sequence[float], Sequence[float]]]) -> Statistic:
    """Compute the pooled Pearson correlation within groups, with a jackknife interval over the groups.

    Each number enters as its deviation from the group's mean, so a record that is easy or long as a whole has
    no effect. The jackknife uses Fisher's z, whose distribution is nearly normal.

    Args:
        groups: For each group, both numbers of its rollouts in the same order.
    """
    sums = [_sums(first, second) for first, second in groups]
    telling = sum(one.first > 0.0 and one.second > 0.0 for one in sums)
    rollouts = sum(len(first) for first, _ in groups)
    if telling < GROUPS or rollouts < ROLLOUTS:
        return refused(f"both differ within {telling} groups; at least {GROUPS} are needed", telling)
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
    """Return Fisher's z of a correlation, limited because z is infinite for a correlation of 1 or -1."""
    edge = 1 - 1e-12
    return math.atanh(max(-edge, min(edge, correlation)))
