"""Computes statistics of a run's rewards by group: their spread, and which records to drop.

Groups with the same rewards in any order are processed only once. Eight rewards of 0 or 1, for example, give
at most nine distinct groups, however many records a run has.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import pairwise
from typing import Final, TypeAlias

from harness.api.cost import GROUP_SIZE
from harness.runs.facts import Bounds
from harness.signal.groups import TOLERANCE
from harness.signal.statistic import GROUPS, ROLLOUTS, Statistic, around, over_groups, refused, share
from harness.signal.tally import variance_of
from harness.signal.zero_std import SIZES, Partition, SizeForecast, chance_others, forecast_zero_std

__all__ = ["MIXED", "NO_RANGE", "RewardGroups"]

MIXED: Final = 0.2
"""A zero-std record is dropped only if its next group has different rewards with a probability below this
value, which is our choice."""
LESS: Final = 0.5
"""The probability must also be below this fraction of the share of groups that teach something.

As a result, fewer records are dropped if few groups teach anything. The value is our choice.
"""
NO_RANGE: Final = "the grader's range is not known; add --range LOW HIGH"

Rewards: TypeAlias = tuple[float, ...]
"""A group's rewards in ascending order."""


class RewardGroups:
    """The rewards of a run's groups.

    Args:
        groups: The rewards of each group, in any order.
        bounds: The grader's range; None if unknown.
    """

    def __init__(self, groups: Iterable[Sequence[float]], bounds: Bounds | None) -> None:
        self.bounds = bounds
        self._all = Counter(tuple(sorted(rewards)) for rewards in groups if rewards)
        self._several = {one: many for one, many in self._all.items() if len(one) > 1}
        self.groups = self._all.total()
        """Number of groups with a reward."""
        self.several = sum(self._several.values())
        """Number of groups with two or more rewards, which are the only ones that can show differences."""
        self.rewards = sum(len(one) * many for one, many in self._all.items())
        values = sorted({value for one in self._all for value in one})
        self._steps = [low for low, high in pairwise(values) if high - low > TOLERANCE]

    def _lack(self, *, several: bool) -> Statistic | None:
        """Return a statistic marked as not measured if there is too little data, or None if there is enough.

        Args:
            several: True if the statistic covers only groups with two or more rewards.
        """
        groups = self._several if several else self._all
        count, rewards = sum(groups.values()), sum(len(one) * many for one, many in groups.items())
        kind = "groups of two or more rewards" if several else "groups"
        if count < GROUPS:
            return refused(f"{count} {kind}; at least {GROUPS} are needed", count)
        if rewards < ROLLOUTS:
            return refused(f"{rewards} rewards in {kind}; at least {ROLLOUTS} are needed", count)
        return None

    def mean(self) -> Statistic:
        """Return the mean reward, in which each record counts once."""
        if lack := self._lack(several=False):
            return lack
        limits = {} if self.bounds is None else {"low": self.bounds[0], "high": self.bounds[1]}
        return over_groups(_each(self._all, _mean), **limits)

    def at_the_ends(self) -> tuple[Statistic, Statistic]:
        """Return the shares of rewards at the bottom and top of the range, with each record counted once."""
        if self.bounds is None:
            unknown = refused(NO_RANGE, self.groups)
            return unknown, unknown
        if lack := self._lack(several=False):
            return lack, lack
        low, high = self.bounds
        return self._share_at(low), self._share_at(high)

    def _share_at(self, end: float) -> Statistic:
        shares = _each(self._all, lambda one: _hits(end, one) / len(one))
        mean, variance = math.fsum(shares) / len(shares), variance_of(shares) / len(shares)
        return around(mean, variance, self.groups, self.rewards)

    def zero_std(self) -> Statistic:
        """Return the share of groups whose rewards are all equal."""
        return self._lack(several=True) or share(self._count(is_flat), self.several)

    def zero_std_by_place(self) -> tuple[Statistic, Statistic, Statistic]:
        """Return the shares of groups with all rewards at the bottom, at the top, or equal in between."""
        if self.bounds is None:
            unknown = refused(NO_RANGE, self.several)
            return unknown, unknown, unknown
        if lack := self._lack(several=True):
            return lack, lack, lack
        low, high = (self._count(partial(_is_at, end)) for end in self.bounds)
        between = self._count(is_flat) - low - high
        return share(low, self.several), share(high, self.several), share(between, self.several)

    def _count(self, which: Callable[[Rewards], bool]) -> int:
        return sum(many for one, many in self._several.items() if which(one))

    def forecast(self) -> list[SizeForecast]:
        """Forecast the share of zero-std groups for other group sizes."""
        if lack := self._lack(several=True):
            return [SizeForecast(size, lack, "not measured") for size in SIZES]
        found: Counter[Partition] = Counter()
        for one, many in self._several.items():
            found[self._partition(one)] += many
        return forecast_zero_std(found, two_valued=len(self._steps) < 2)

    def _partition(self, one: Rewards) -> Partition:
        """Count each value in a group. If the run has at most two values, return (higher, lower)."""
        if len(self._steps) < 2:
            low = sum(reward <= self._steps[0] for reward in one) if self._steps else 0
            return len(one) - low, low
        edges = [at for at, (low, high) in enumerate(pairwise(one), 1) if high - low > TOLERANCE]
        return tuple(sorted((end - start for start, end in pairwise([0, *edges, len(one)])), reverse=True))

    def effective(self) -> tuple[Statistic, Statistic]:
        """Return the share of rollouts in groups that teach something, both unweighted and weighted.

        The weighted share is Kish's effective sample size, (sum w)^2 / sum w^2, where w is the absolute
        advantage, |reward - mean| / std (Kish, "Survey Sampling", 1965). Both shares are ratios of sums over
        the groups, with the variance of the linearized ratio (Taylor).
        """
        if lack := self._lack(several=True):
            return lack, lack
        count = self.several
        rollouts = sum(len(one) * many for one, many in self._several.items())
        weights = {one: _weight(one) for one in self._several}
        weight = math.fsum(weights[one] * many for one, many in self._several.items())
        useful = sum(len(one) * many for one, many in self._several.items() if weights[one])
        plain, kish = useful / rollouts, weight * weight / useful / rollouts if useful else 0.0
        of_plain, of_kish = [], []
        for one, many in self._several.items():
            part, teach = len(one) / rollouts, len(one) if weights[one] else 0
            of_plain.append(many * (teach / rollouts - plain * part) ** 2)
            if useful:
                of_kish.append(many * (kish * (2 * weights[one] / weight - teach / useful - part)) ** 2)
        scale = count / (count - 1)
        return (
            around(plain, math.fsum(of_plain) * scale, count, rollouts),
            around(kish, math.fsum(of_kish) * scale, count, rollouts),
        )

    def droppable(self) -> Statistic:
        """Return the share of groups whose records are unlikely to teach anything in a job."""
        if self.bounds is None:
            return refused(NO_RANGE, self.several)
        if lack := self._lack(several=True):
            return lack
        kinds = self.droppable_kinds()
        return share(self._count(lambda one: one in kinds), self.several)

    def droppable_kinds(self) -> frozenset[Rewards]:
        """Return the zero-std groups whose next rewards are likely to be at the same end of the range."""
        zero = next((one.zero_std.value for one in self.forecast() if one.group_size == GROUP_SIZE), None)
        if zero is None:  # with under 4 rewards per group or many values, the recorded share is a bound
            zero = self._count(is_flat) / self.several
        most = min(MIXED, LESS * (1 - zero))
        found: set[Rewards] = set()
        for end in self.bounds or ():
            pairs: Counter[Partition] = Counter()
            hits = {one: _hits(end, one) for one in self._several}
            for one, many in self._several.items():
                pairs[hits[one], len(one) - hits[one]] += many
            chances = chance_others(pairs, GROUP_SIZE)
            found.update(one for one in hits if _is_at(end, one) and chances[len(one)] < most)
        return frozenset(found)


def is_flat(rewards: Rewards) -> bool:
    """Return True if a group's rewards are all equal."""
    return rewards[-1] - rewards[0] <= TOLERANCE


def _each(groups: Counter[Rewards], value: Callable[[Rewards], float]) -> list[float]:
    found: list[float] = []
    for one, many in groups.items():
        found += [value(one)] * many
    return found


def _mean(rewards: Rewards) -> float:
    return math.fsum(rewards) / len(rewards)


def _hits(end: float, rewards: Rewards) -> int:
    return sum(abs(reward - end) <= TOLERANCE for reward in rewards)


def _is_at(end: float, rewards: Rewards) -> bool:
    return _hits(end, rewards) == len(rewards)


def _weight(rewards: Rewards) -> float:
    """Return the sum of the absolute advantages in a group, which is 0 for a zero-std group."""
    if is_flat(rewards):
        return 0.0
    mean = _mean(rewards)
    away = [abs(reward - mean) for reward in rewards]
    return math.fsum(away) / math.sqrt(math.fsum(one * one for one in away) / len(away))
