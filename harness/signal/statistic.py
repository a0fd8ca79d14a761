"""A statistic of a run with its sample size and interval, or the reason why it was not measured.

With too little data, a statistic has no value, because a value would be misleading.
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
"""Minimum number of rollouts for a share."""
GROUPS: Final = 10
"""Minimum number of groups for a statement about differences between records."""


@dataclass(frozen=True, slots=True)
class Statistic:
    """A number with its 95 % interval, or the reason why it was not measured."""

    value: float | None
    """The number; None if it was not measured."""
    low: float | None = None
    high: float | None = None
    n: int = 0
    """Number of units from which the statistic is computed."""
    of: str = "groups"
    """Name of the units: `groups`, `rollouts` or `gradings`."""
    why: str | None = None
    """The reason why the number was not measured; None if it was."""


def refused(why: str, n: int = 0, of: str = "groups") -> Statistic:
    """Create a statistic that was not measured.

    Args:
        why: The reason, as a clause that follows "not measured:".
        n: The number of units.
        of: Name of the units.
    """
    return Statistic(None, None, None, n, of, why)


def measured(
    value: float, reach: float, n: int, *, low: float = -math.inf, high: float = math.inf
) -> Statistic:
    """Create a statistic over groups with a symmetric interval that is clipped to the bounds."""
    return Statistic(value, min(value, max(low, value - reach)), max(value, min(high, value + reach)), n)


def share(hits: int, n: int, of: str = "groups") -> Statistic:
    """Compute a share of independent units with its Wilson interval.

    Args:
        hits: Number of hits.
        n: Number of units.
        of: Name of the units. With too few units, the share is not measured.
    """
    fewest = GROUPS if of == "groups" else ROLLOUTS
    if n < fewest:
        return refused(f"{n} {of}; at least {fewest} are needed", n, of)
    return Statistic(hits / n, *wilson(hits, n), n, of)


def over_groups(values: Sequence[float], *, low: float = -math.inf, high: float = math.inf) -> Statistic:
    """Given one number per group, compute the mean with a Student's t interval.

    Args:
        values: One number for each group.
        low: The smallest possible mean.
        high: The largest possible mean.
    """
    if len(values) < GROUPS:
        return refused(f"{len(values)} groups; at least {GROUPS} are needed", len(values))
    found = interval(values)
    assert found is not None
    assert found.high is not None
    return measured(found.mean, found.high - found.mean, len(values), low=low, high=high)


def around(value: float, variance: float, n: int, most: float) -> Statistic:
    """Create a share over groups with Wilson's interval at the effective sample size.

    Source: Korn and Graubard (1998), "Confidence intervals for proportions with small expected number of
    positive counts estimated from survey data". Unlike a Student's t interval, this interval has a width even
    if all groups are alike.

    Args:
        value: The share.
        variance: The variance of the share's estimate, over the groups.
        n: Number of groups.
        most: Upper limit for the effective sample size: the number of rollouts.
    """
    spread = value * (1 - value)
    units = float(n)  # if the share is 0 or 1, each group counts as one unit
    if spread > 0.0:
        units = min(spread / variance, most) if variance > 0.0 else most
    low, high = wilson(value * units, units)
    return Statistic(value, min(low, value), max(high, value), n)


def part_of_variance(value: float, reach: float, n: int, of: str = "groups") -> Statistic:
    """Create a share of a variance, with an interval on the logit scale, which keeps it between 0 and 1.

    Args:
        value: The estimate. If it is larger than 1 by chance, it counts as 1.
        reach: Half the width of the interval, before transformation to the logit scale.
        n: Number of units.
        of: Name of the units.
    """
    if value >= 1.0:
        return Statistic(1.0, min(1.0, max(0.0, value - reach)), 1.0, n, of)
    at, wide = math.log(value / (1 - value)), reach / (value * (1 - value))
    return Statistic(value, _logistic(at - wide), _logistic(at + wide), n, of)


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-max(-700.0, min(700.0, value))))


def wilson(hits: float, n: float) -> tuple[float, float]:
    """Return the 95 % Wilson interval of a share.

    Source: Wilson (1927), "Probable inference, the law of succession, and statistical inference". The
    interval stays between 0 and 1, and has a width even if all or no units are hits.

    Args:
        hits: Number of hits.
        n: Number of units; may be fractional if it is an effective sample size.
    """
    middle = (hits + Z * Z / 2) / (n + Z * Z)
    reach = Z / (n + Z * Z) * math.sqrt(hits * (n - hits) / n + Z * Z / 4)
    # Rounding must not put the share itself outside the interval.
    return max(0.0, min(middle - reach, hits / n)), min(1.0, max(middle + reach, hits / n))
