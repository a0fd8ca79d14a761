"""Forecasts the share of zero-std groups at other group sizes, from the recorded groups.

Up to the recorded size, no assumption is needed. For a group of n rewards, the share of subsets of size G
with equal rewards is the unbiased estimate (Hoeffding's U-statistic). For larger sizes, rewards with two
values are extrapolated by a beta-binomial model fitted to the first two moments of groups that may differ in
size. Rewards with more values are not extrapolated. Larger groups are never more often zero-std, so the last
figure is an upper bound.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from harness.signal.statistic import GROUPS, Statistic, around, refused

__all__ = [
    "SIZES",
    "REACH",
    "Partition",
    "SizeForecast",
    "chance_others",
    "forecast_zero_std",
]

SIZES: Final = (2, 4, 8, 16, 32)
"""Group sizes in the forecast."""
REACH: Final = 4
"""Largest group size to extrapolate to, as a multiple of the mean recorded size.

The value is our choice. Figures for larger groups would depend too much on the shape of the model.
"""
_MOST: Final = 0.9
"""A size counts as recorded if at least this share of the groups has that many rewards."""

Partition: TypeAlias = tuple[int, ...]
"""Counts of the values in a group: (higher, lower) for rewards with two values, otherwise in any order."""


@dataclass(frozen=True, slots=True)
class SizeForecast:
    """The forecast for one group size."""

    group_size: int
    zero_std: Statistic
    """Expected share of zero-std groups, with a prediction interval for an equal number of new groups."""
    method: Literal["resampled", "beta-binomial", "not measured"]


def forecast_zero_std(groups: Mapping[Partition, int], *, two_valued: bool) -> list[SizeForecast]:
    """Forecast the share of zero-std groups for each of `SIZES`.

    Args:
        groups: Number of groups with each partition. All groups have two or more rewards.
        two_valued: True if the whole run has at most two distinct rewards.
    """
    count = sum(groups.values())
    if count < GROUPS:
        why = f"{count} groups of two or more rewards; at least {GROUPS} are needed"
        return [SizeForecast(size, refused(why, count), "not measured") for size in SIZES]
    found: list[SizeForecast] = []
    most, rewards = 1.0, sum(many * sum(parts) for parts, many in groups.items())
    for size in SIZES:
        large = sum(many for parts, many in groups.items() if sum(parts) >= size)
        if large >= max(GROUPS, _MOST * count):
            one = SizeForecast(size, _resampled(groups, size, most), "resampled")
        elif two_valued and size * count <= REACH * rewards:
            one = SizeForecast(size, _extrapolated(groups, size, most), "beta-binomial")
        else:
            why = f"too few groups of {size if not two_valued else f'{size // REACH} or more'} rewards"
            why += f"; at most {most:.1%}"
            one = SizeForecast(size, refused(why, large), "not measured")
        most = min(most, 1.0 if one.zero_std.value is None else one.zero_std.value)
        found.append(one)
    return found


def _resampled(groups: Mapping[Partition, int], size: int, most: float) -> Statistic:
    values = [(_equal_subsets(parts, size), many) for parts, many in groups.items() if sum(parts) >= size]
    count = sum(many for _, many in values)
    mean = math.fsum(value * many for value, many in values) / count
    variance = math.fsum(many * (value - mean) ** 2 for value, many in values) / (count - 1) / count
    return _predicted(min(mean, most), variance, count)


def _equal_subsets(parts: Partition, size: int) -> float:
    """Return the share of a group's subsets of one size whose rewards are all equal."""
    return sum(math.comb(part, size) for part in parts) / math.comb(sum(parts), size)


def _extrapolated(groups: Mapping[Partition, int], size: int, most: float) -> Statistic:
    moments = _Moments(groups)
    variance = moments.variance_of(lambda mean, overlap: _zero_std(mean, overlap, size))
    return _predicted(min(_zero_std(moments.mean, moments.overlap, size), most), variance, moments.count)


def _predicted(value: float, variance: float, count: int) -> Statistic:
    """Create a share with a 95 % prediction interval for an equal number of new groups."""
    spread = value * (1 - value)
    if spread <= 0.0:  # the forecast's variance is unknown, so count only half of the groups
        return replace(around(value, 0.0, count // 2, count), n=count)
    return around(value, variance + spread / count, count, count)


def _zero_std(mean: float, overlap: float, size: int) -> float:
    """Return the probability that a group is zero-std in a beta-binomial model.

    Args:
        mean: The mean probability of the higher value.
        overlap: Intraclass correlation, 1 / (a + b + 1): 0 if all records are alike, 1 if each record always
            gets the same reward.
        size: Completions per group.
    """
    high, low = mean, 1 - mean
    for number in range(1, size):
        below = (1 - overlap) + number * overlap
        high *= (mean * (1 - overlap) + number * overlap) / below
        low *= ((1 - mean) * (1 - overlap) + number * overlap) / below
    return min(1.0, high + low)


class _Moments:
    """The two moments to which a beta-binomial model is fitted, over groups with two or more rewards."""

    def __init__(self, groups: Mapping[Partition, int]) -> None:
        self._each = []
        for parts, many in groups.items():
            high, of = parts[0], sum(parts)
            self._each.append((high / of, high * (high - 1) / (of * (of - 1)), many))
        self.count = sum(many for *_, many in self._each)
        self._once = math.fsum(first * many for first, _, many in self._each)
        self._twice = math.fsum(second * many for _, second, many in self._each)
        self.mean, self.overlap = _fitted(self._once / self.count, self._twice / self.count)

    def variance_of(self, estimate: Callable[[float, float], float]) -> float:
        """Return the variance of a value computed from the moments, by a jackknife over the groups."""
        left = self.count - 1
        without = [
            (estimate(*_fitted((self._once - first) / left, (self._twice - second) / left)), many)
            for first, second, many in self._each
        ]
        middle = math.fsum(value * many for value, many in without) / self.count
        return left / self.count * math.fsum(many * (value - middle) ** 2 for value, many in without)


def _fitted(once: float, twice: float) -> tuple[float, float]:
    """Return the mean and intraclass correlation from E[p] and E[p squared]."""
    spread = once * (1 - once)
    if spread <= 0.0:
        return min(max(once, 0.0), 1.0), 0.0
    return once, min(1.0, max(0.0, (twice - once * once) / spread))


def chance_others(groups: Mapping[Partition, int], size: int) -> dict[int, float]:
    """Return the probability that a record whose rewards are all equal gets a different one next time.

    This is the posterior probability in the beta-binomial model, with the distribution over all records as
    the prior.

    Args:
        groups: Number of groups by a pair of counts: how often one reward occurs, and how often others do.
        size: Completions in the new group.

    Returns:
        The probability, by the number of rewards that the record has so far.
    """
    moments = _Moments(groups)
    chances = {}
    for hits, others in groups:
        if others:
            continue
        # The model's a is mean (1 - overlap) / overlap; multiplying by the overlap avoids dividing by 0.
        prior = 1 - moments.overlap
        same = 1.0
        for number in range(hits, hits + size):
            same *= (moments.mean * prior + number * moments.overlap) / (prior + number * moments.overlap)
        chances[hits] = max(0.0, 1 - same)
    return chances
