"""Measures how well a grader agrees with itself on rollouts that were graded several times."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from harness.signal.by_record import Influence, mean_share, too_few, variance_over_records
from harness.signal.intervals import student
from harness.signal.noise import ONCE
from harness.signal.pair_counts import pair_counts
from harness.signal.statistic import Statistic, part_of_variance, refused
from harness.signal.tally import variance_of

__all__ = ["NeededRepeats", "Regraded", "flips_of", "needed_repeats", "noise_of_total"]

_REGRADED: Final = "rollouts with two or more rewards"


class Regraded(NamedTuple):
    """One rollout with all its rewards."""

    record: str
    rewards: Sequence[float]


@dataclass(frozen=True, slots=True)
class NeededRepeats:
    """How many gradings to average per rollout so that the remaining noise is acceptable."""

    share: float
    """The acceptable share of noise in the variance."""
    of: str
    """The variance to which `share` refers: `within records` or `total`."""
    repeats: int | None
    """The number of gradings; None if the noise was not measured, or if no number is enough."""
    low: int | None = None
    """The number of gradings for the lower end of the noise interval."""
    high: int | None = None
    """The number of gradings for the upper end of the noise interval; None if no number is enough."""
    why: str | None = None
    """The reason why no number of gradings was computed."""


def flips_of(rollouts: Sequence[Regraded], repeats: int, middle: float | None = None) -> Statistic:
    """Return the probability, averaged over rollouts, that two gradings of a rollout disagree.

    For each rollout, this is the share of pairs of its gradings that differ. The estimate is unbiased for any
    number of gradings (Hoeffding's U-statistic).

    Args:
        rollouts: Every rollout with a reward.
        repeats: Number of times the run graded each rollout.
        middle: Compare only which side of this value each reward is on; None to compare the rewards
            themselves.
    """
    if repeats < 2:
        return refused(ONCE, of="rollouts")
    several = [one for one in rollouts if len(one.rewards) > 1]
    shares = []
    for record, rewards in several:
        said = rewards if middle is None else [float(reward > middle) for reward in rewards]
        pairs = len(said) * (len(said) - 1) // 2
        shares.append(Influence(record, pair_counts(said, said).pairs / pairs))
    return mean_share(shares, sum(len(one.rewards) for one in several), _REGRADED)


def noise_of_total(rollouts: Sequence[Regraded], repeats: int) -> Statistic:
    """Return the variance of repeats as a share of the variance of all single gradings.

    This share is 1 minus the intraclass correlation ICC(1, 1) of a one-way random model (Shrout and Fleiss
    1979, "Intraclass correlations: uses in assessing rater reliability"), from each rollout's moments. The
    interval is linearized over records on the logit scale, which keeps it between 0 and 1.

    Args:
        rollouts: Every rollout with a reward.
        repeats: Number of times the run graded each rollout.
    """
    if repeats < 2:
        return refused(ONCE, of="rollouts")
    several = [one for one in rollouts if len(one.rewards) > 1]
    if why := too_few([Influence(one.record, 0.0) for one in several], _REGRADED):
        return refused(why, len(several), "rollouts")
    noises = [variance_of(one.rewards) for one in several]
    means = [math.fsum(one.rewards) / len(one.rewards) for one in several]
    middle = math.fsum(means) / len(means)
    # A mean of k gradings still has 1/k of the noise variance, so add 1 - 1/k of it.
    totals = [
        (mean - middle) ** 2 + noise * (1 - 1 / len(one.rewards))
        for one, noise, mean in zip(several, noises, means, strict=True)
    ]
    noise, total = math.fsum(noises), math.fsum(totals)
    if noise <= 0.0:
        why = None if total > 0.0 else "the rewards never differ"
        return Statistic(None if why else 0.0, None, None, len(several), "rollouts", why)
    share, scale = noise / total, len(several) / total
    variance, records = variance_over_records(
        Influence(one.record, scale * (part - share * whole))
        for one, part, whole in zip(several, noises, totals, strict=True)
    )
    reach = student(records - 1) * math.sqrt(variance)
    return part_of_variance(share, reach, len(several), "rollouts")


def needed_repeats(noise: Statistic, of: str, share: float) -> NeededRepeats:
    """Find how many gradings to average so that the share of noise in their variance is acceptable.

    Averaging R gradings reduces a share p to p / (p + R (1 - p)) (Spearman 1910 and Brown 1910, solved for
    the length of a test).

    Args:
        noise: The share of noise in a single grading's variance.
        of: The name of the variance.
        share: The acceptable share of noise.
    """
    if noise.value is None:
        return NeededRepeats(share, of, None, why=noise.why)
    found = _repeats(noise.value, share)
    why = "all of the spread is noise, and no number of repeats helps" if found is None else None
    low = None if noise.low is None else _repeats(noise.low, share)
    high = None if noise.high is None else _repeats(noise.high, share)
    return NeededRepeats(share, of, found, low, high, why)


def _repeats(noise: float, share: float) -> int | None:
    """Return the smallest sufficient number of gradings, or None if no number is enough."""
    if noise >= 1.0:
        return None
    return max(1, math.ceil(noise * (1 - share) / (share * (1 - noise)) - 1e-9))
