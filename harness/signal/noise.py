"""How much of what a grader tells apart is its own noise, by the repeats of a run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from harness.signal.groups import TOLERANCE
from harness.signal.intervals import student
from harness.signal.statistic import GROUPS, ROLLOUTS, Statistic, part_of_variance, refused, share
from harness.signal.tally import Repeats, variance_of

__all__ = ["ONCE", "noise_of", "noisy_groups"]

ONCE: Final = "graded once each; replay with --repeats 3"
"""Why nothing is known of repeats."""


def noise_of(again: Repeats, repeats: int) -> Statistic:
    """The variance of repeats, as a share of the variance within groups.

    A ratio of two means over the groups; its variance is that of the ratio linearized (Taylor). The variance
    within groups is that of single gradings: what the means of repeats vary by, and the noise that they lost.

    Args:
        again: The rewards of rollouts that were graded more than once.
        repeats: How often the run graded each rollout.
    """
    if repeats < 2:
        return refused(ONCE, of="rollouts")
    parts = [_parts(rollouts) for rollouts in again.by_group.values()]
    several = sum(part.freedom > 0 for part in parts)
    noise, graded, spread, freedom = map(math.fsum, zip(_Parts(0.0, 0, 0.0, 0), *parts, strict=True))
    if graded < ROLLOUTS or several < GROUPS:
        what = f"{graded:.0f} rollouts were graded again, and it takes {ROLLOUTS} in {GROUPS} groups"
        return refused(what, int(graded), "rollouts")
    if spread <= 0.0 and noise <= 0.0:
        return refused("the rewards never differ within a group", several)
    if spread <= 0.0 or noise <= 0.0:
        return Statistic(float(noise > 0.0), None, None, several)
    found = (noise / graded) / (spread / freedom)
    squares = math.fsum(
        (one.noise / noise - one.graded / graded - one.spread / spread + one.freedom / freedom) ** 2
        for one in parts
    )
    reach = student(several - 1) * found * math.sqrt(squares * several / (several - 1))
    return part_of_variance(found, reach, several)


class _Parts(NamedTuple):
    """What a group adds to the two variances."""

    noise: float
    """Sum of the variances between repeats, one a rollout."""
    graded: int
    """Rollouts that were graded more than once."""
    spread: float
    """Squares of single gradings around their mean, as expected."""
    freedom: int


def _parts(rollouts: Sequence[Sequence[float]]) -> _Parts:
    count, noises = len(rollouts), [variance_of(rewards) for rewards in rollouts]
    if count < 2:
        return _Parts(math.fsum(noises), count, 0.0, 0)
    means = [math.fsum(rewards) / len(rewards) for rewards in rollouts]
    # A mean of k gradings still varies by 1/k of the noise.
    lost = math.fsum(noise * (1 - 1 / len(rewards)) for noise, rewards in zip(noises, rollouts, strict=True))
    spread = variance_of(means) * (count - 1) + (1 - 1 / count) * lost
    return _Parts(math.fsum(noises), count, spread, count - 1)


def noisy_groups(again: Repeats, repeats: int) -> Statistic:
    """The share of the groups that differ whose rollouts differ by chance alone, as far as repeats can tell.

    One-way analysis of variance in each group: the rollouts do not differ where the mean square between them
    is not larger than that between repeats, so that the estimate of their own variance is not above 0
    (Searle, Casella and McCulloch, "Variance Components", 1992).

    Args:
        again: The rewards of rollouts that were graded more than once.
        repeats: How often the run graded each rollout.
    """
    if repeats < 2:
        return refused(ONCE)
    spread = noisy = 0
    for rollouts in again.by_group.values():
        between = [math.fsum(rewards) / len(rewards) for rewards in rollouts]
        if len(between) < 2 or max(between) - min(between) <= TOLERANCE:
            continue
        spread += 1
        among = math.fsum(map(variance_of, rollouts)) / len(rollouts)
        noisy += repeats * variance_of(between) <= among
    if spread < GROUPS:
        return refused(f"{spread} groups whose mean rewards differ, and it takes {GROUPS}", spread)
    return share(noisy, spread)
