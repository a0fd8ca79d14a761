"""Computes confidence intervals for statistics over rollouts, with records as the independent units.

Each statistic is linearized: every rollout has an influence on it, the influences are summed within each
record, and the spread of the sums gives the variance (Taylor linearization for clusters; Wolter,
"Introduction to Variance Estimation", 2007, chapter 6). With one rollout per record, this is the ordinary
standard error.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from harness.signal.intervals import Z, student
from harness.signal.statistic import GROUPS, ROLLOUTS, Statistic, around, refused

__all__ = ["Influence", "mean_over_records", "mean_share", "share_around", "too_few", "variance_over_records"]

_NOTHING: Final = 1e-15


class Influence(NamedTuple):
    """One rollout's influence on a statistic."""

    record: str
    value: float


def too_few(influences: Sequence[Influence], what: str = "rollouts") -> str | None:
    """Return a message if there are too few rollouts or records, or None if there are enough.

    Args:
        influences: One influence per rollout.
        what: Name of the rollouts in the message, for example "labeled rollouts".
    """
    records = len({one.record for one in influences})
    if len(influences) >= ROLLOUTS and records >= GROUPS:
        return None
    needed = f"at least {ROLLOUTS} of {GROUPS} records are needed"
    return f"{len(influences):,} {what} of {records:,} records; {needed}"


def variance_over_records(influences: Iterable[Influence]) -> tuple[float, int]:
    """Return the variance of a mean over rollouts, and the number of records.

    Args:
        influences: Each rollout's distance from the mean.
    """
    sums: defaultdict[str, list[float]] = defaultdict(list)
    for record, value in influences:
        sums[record].append(value)
    records, rollouts = len(sums), sum(map(len, sums.values()))
    if records < 2:
        return 0.0, records
    squares = math.fsum(math.fsum(values) ** 2 for values in sums.values())
    variance = records / (records - 1) * squares / rollouts**2
    return (variance if variance > _NOTHING else 0.0), records


def mean_over_records(values: Sequence[Influence], what: str = "rollouts") -> Statistic:
    """Given one number per rollout, return the mean, with a Student's t interval unless all are equal.

    Args:
        values: One number per rollout.
        what: Name of these rollouts in the message if there are too few.
    """
    if why := too_few(values, what):
        return refused(why, len(values), "rollouts")
    mean = math.fsum(one.value for one in values) / len(values)
    variance, records = variance_over_records(one._replace(value=one.value - mean) for one in values)
    reach = student(records - 1) * math.sqrt(variance)
    low, high = (mean - reach, mean + reach) if reach else (None, None)
    return Statistic(mean, low, high, len(values), "rollouts")


def share_around(share: float, variance: float, records: int, most: float) -> Statistic:
    """Return a share with Wilson's interval at the effective sample size, wider if there are few records.

    Args:
        share: The share.
        variance: The variance of the estimated share, over records.
        records: Number of records; the interval is widened by the ratio of Student's t to the normal
            quantile.
        most: Upper limit for the effective sample size.
    """
    return around(share, variance * (student(records - 1) / Z) ** 2, records, most)


def mean_share(shares: Sequence[Influence], most: int, what: str = "rollouts") -> Statistic:
    """Given one share per rollout, return the mean with Wilson's interval at the effective sample size.

    Args:
        shares: One share per rollout, from 0 to 1.
        most: Upper limit for the effective sample size: the number of gradings.
        what: Name of these rollouts in the message if there are too few.
    """
    if why := too_few(shares, what):
        return refused(why, len(shares), "rollouts")
    mean = math.fsum(one.value for one in shares) / len(shares)
    mean = min(1.0, max(0.0, mean))
    variance, records = variance_over_records(one._replace(value=one.value - mean) for one in shares)
    found = share_around(mean, variance, records, most)
    return Statistic(found.value, found.low, found.high, len(shares), "rollouts")
