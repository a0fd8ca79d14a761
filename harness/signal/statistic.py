"""One statistic of a run, with what it rests on, or why it was not measured.

A statistic is refused where too little stands behind it: a number that would mislead is worse than none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from harness.signal.intervals import Z, interval

__all__ = [
    "GROUPS",
    "ROLLOUTS",
    "Statistic",
    "around",
    "measured",
    "over_groups",
    "part_of_variance",
    "refused",
    "share",
    "wilson",
]

ROLLOUTS: Final = 30
"""Fewer rollouts say nothing about a share."""
GROUPS: Final = 10
"""Fewer groups say nothing about what differs between records."""


@dataclass(frozen=True, slots=True)
class Statistic:
    """A number with its 95 % interval, or why there is none."""

    value: float | None
    """None where it was not measured."""
    low: float | None = None
    high: float | None = None
    n: int = 0
    """How many units it rests on."""
    of: str = "groups"
    """What the units are: `groups`, `rollouts` or `gradings`."""
    why: str | None = None
    """Why it was not measured."""


def refused(why: str, n: int = 0, of: str = "groups") -> Statistic:
    """A statistic that was not measured.

    Args:
        why: The reason, as a clause that follows "not measured:".
        n: How many units there were.
        of: What the units are.
    """
    return Statistic(None, None, None, n, of, why)


def measured(
    value: float, reach: float, n: int, *, low: float = -math.inf, high: float = math.inf
) -> Statistic:
    """A statistic over groups whose interval reaches equally far to both sides, within bounds."""
    return Statistic(value, min(value, max(low, value - reach)), max(value, min(high, value + reach)), n)


def share(hits: int, n: int, of: str = "groups") -> Statistic:
    """A share of independent units with its Wilson interval.

    Args:
        hits: How many of them.
        n: Of how many.
        of: What the units are; too few of them are refused.
    """
    fewest = GROUPS if of == "groups" else ROLLOUTS
    if n < fewest:
        return refused(f"{n} {of}, and it takes {fewest}", n, of)
    return Statistic(hits / n, *wilson(hits, n), n, of)


def over_groups(values: Sequence[float], *, low: float = -math.inf, high: float = math.inf) -> Statistic:
    """The mean of one number a group, with its interval by Student's t.

    Args:
        values: One number for each group; the record is the unit.
        low: The smallest value that the mean can have.
        high: The largest.
    """
    if len(values) < GROUPS:
        return refused(f"{len(values)} groups, and it takes {GROUPS}", len(values))
    found = interval(values)
    assert found is not None
    assert found.high is not None
    return measured(found.mean, found.high - found.mean, len(values), low=low, high=high)


def around(value: float, variance: float, n: int, most: float) -> Statistic:
    """A share over groups with Wilson's interval at as many independent units as would vary as much.

    Source: Korn and Graubard (1998), "Confidence intervals for proportions with small expected number of
    positive counts estimated from survey data": the effective sample size. Unlike an interval by Student's t
    it has a width where no group differs.

    Args:
        value: The share.
        variance: The variance of its estimate, over the groups.
        n: How many groups it rests on.
        most: How many units there can be at most: the rollouts.
    """
    spread = value * (1 - value)
    units = float(n)  # where no group has any, or every one is full, the groups alone speak
    if spread > 0.0:
        units = min(spread / variance, most) if variance > 0.0 else most
    low, high = wilson(value * units, units)
    return Statistic(value, min(low, value), max(high, value), n)


def part_of_variance(value: float, reach: float, n: int, of: str = "groups") -> Statistic:
    """A part of a variance, with its interval on the logit's scale, which keeps it between 0 and 1.

    Args:
        value: The estimate; beyond 1, where chance makes the part larger than the whole, it counts as 1.
        reach: How far the interval would reach to both sides of it.
        n: How many units it rests on.
        of: What the units are.
    """
    if value >= 1.0:
        return Statistic(1.0, min(1.0, max(0.0, value - reach)), 1.0, n, of)
    at, wide = math.log(value / (1 - value)), reach / (value * (1 - value))
    return Statistic(value, _logistic(at - wide), _logistic(at + wide), n, of)


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-max(-700.0, min(700.0, value))))


def wilson(hits: float, n: float) -> tuple[float, float]:
    """The 95 % interval of a share.

    Source: Wilson (1927), "Probable inference, the law of succession, and statistical inference". It stays
    within 0 to 1 and has a width where all or none are hits.

    Args:
        hits: How many of them.
        n: Of how many; need not be whole, where it is an effective number.
    """
    middle = (hits + Z * Z / 2) / (n + Z * Z)
    reach = Z / (n + Z * Z) * math.sqrt(hits * (n - hits) / n + Z * Z / 4)
    # Rounding must not leave the share itself out.
    return max(0.0, min(middle - reach, hits / n)), min(1.0, max(middle + reach, hits / n))
