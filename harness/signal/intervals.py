"""Computes means with confidence intervals from one number per record.

The record is the unit. Completions of one record are similar, so treating them as independent would make the
intervals too narrow. The 95 % intervals use the standard error over records and Student's t.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Z", "Interval", "Pair", "compare", "interval", "student"]

Z = 1.959963984540054
"""The 97.5 % quantile of the normal distribution."""
_EQUAL = 1e-9


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and its 95 % interval."""

    mean: float
    low: float | None
    """Lower end of the interval; None for a single record, which shows nothing about the spread."""
    high: float | None
    records: int


@dataclass(frozen=True, slots=True)
class Pair:
    """Comparison of two models on the records on which both have a reward."""

    difference: Interval
    wins: int
    """Number of records with a higher mean reward from the second model."""
    losses: int
    ties: int

    @property
    def is_clear(self) -> bool:
        """True if the interval excludes zero."""
        low, high = self.difference.low, self.difference.high
        return low is not None and high is not None and (low > 0.0 or high < 0.0)

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as JSON."""
        return {**asdict(self), "clear": self.is_clear}


def interval(values: Sequence[float]) -> Interval | None:
    """Given one number per record, return the mean and its interval, or None without any numbers."""
    count = len(values)
    if not count:
        return None
    mean = math.fsum(values) / count
    if count == 1:
        return Interval(mean, None, None, 1)
    variance = math.fsum((value - mean) ** 2 for value in values) / (count - 1)
    reach = student(count - 1) * math.sqrt(variance / count)
    return Interval(mean, mean - reach, mean + reach, count)


def compare(first: Mapping[str, float], other: Mapping[str, float]) -> Pair | None:
    """Compare two models record by record.

    Args:
        first: The mean reward of each record with the first model.
        other: The mean rewards with the other model. Records of only one model are ignored.

    Returns:
        The comparison, with differences from the first to the other model, or None if no records are shared.
    """
    gaps = [other[name] - mean for name, mean in first.items() if name in other]
    found = interval(gaps)
    if found is None:
        return None
    wins = sum(gap > _EQUAL for gap in gaps)
    losses = sum(gap < -_EQUAL for gap in gaps)
    return Pair(found, wins, losses, len(gaps) - wins - losses)


def student(freedom: int) -> float:
    """Return the 97.5 % quantile of Student's t distribution.

    Exact for one and two degrees of freedom; otherwise a Cornish-Fisher expansion, accurate to 0.4 %.

    Args:
        freedom: Degrees of freedom, at least 1.
    """
    if freedom == 1:
        return math.tan(math.pi * 0.475)
    if freedom == 2:
        return 2 * 0.475 * math.sqrt(2 / (1 - (2 * 0.475) ** 2))
    z = Z
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + math.fsum(term / freedom ** (power + 1) for power, term in enumerate(terms))
