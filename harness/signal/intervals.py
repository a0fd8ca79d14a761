"""Means with their uncertainty, over one number a record.

The record is the unit: completions of one record are alike, so counting them as independent would make every
interval too narrow. Intervals are 95 %, from the standard error over the records and Student's t.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Z", "Interval", "Pair", "compare", "interval", "student"]

Z = 1.959963984540054
"""The 97.5 % point of the normal distribution."""
_EQUAL = 1e-9


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and its 95 % interval."""

    mean: float
    low: float | None
    """None where there is one record, which tells nothing of the spread."""
    high: float | None
    records: int


@dataclass(frozen=True, slots=True)
class Pair:
    """One model against another, on the records that both have a reward for."""

    difference: Interval
    wins: int
    """Records on which the mean reward is higher."""
    losses: int
    ties: int

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves zero out."""
        low, high = self.difference.low, self.difference.high
        return low is not None and high is not None and (low > 0.0 or high < 0.0)

    def to_json(self) -> dict[str, Any]:
        """The pair as JSON."""
        return {**asdict(self), "clear": self.is_clear}


def interval(values: Sequence[float]) -> Interval | None:
    """The mean of some numbers, one a record, and its interval; None where there are none."""
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
        first: The mean reward of each record under the first model.
        other: The same under the other; records that only one of them has are left out.

    Returns:
        The other less the first; None where no record is common to both.
    """
    gaps = [other[name] - mean for name, mean in first.items() if name in other]
    found = interval(gaps)
    if found is None:
        return None
    wins = sum(gap > _EQUAL for gap in gaps)
    losses = sum(gap < -_EQUAL for gap in gaps)
    return Pair(found, wins, losses, len(gaps) - wins - losses)


def student(freedom: int) -> float:
    """The 97.5 % point of Student's t.

    Exact for one and two degrees of freedom, else by the Cornish-Fisher expansion: within 0.4 % of it.

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
