"""Measures a grader's noise, the share of reward variance due to chance, from repeated gradings."""

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
"""The reason given if a run has no repeats and so cannot measure noise."""


def noise_of(again: Repeats, repeats: int) -> Statistic:
    """Return the variance of repeats as a share of the variance within groups.

    This is a ratio of two means over the groups. Its variance is that of the linearized ratio (Taylor). The
    variance within groups refers to single gradings: it is the variance of the rollouts' mean rewards plus
    the noise that averaging has removed.

    Args:
        again: Rewards of the rollouts that were graded more than once.
        repeats: How many times the run graded each rollout.
    """
    if repeats < 2:
        return refused(ONCE, of="rollouts")
    parts = [_parts(rollouts) for rollouts in again.by_group.values()]
    several = sum(part.freedom > 0 for part in parts)
    noise, graded, spread, freedom = map(math.fsum, zip(_Parts(0.0, 0, 0.0, 0), *parts, strict=True))
    if graded < ROLLOUTS or several < GROUPS:
        what = f"{graded:.0f} rollouts were graded again; at least {ROLLOUTS} in {GROUPS} groups are needed"
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
    """One group's contribution to the two variances."""

    noise: float
    """Sum over the rollouts of the variance between their repeats."""
    graded: int
    """Number of rollouts graded more than once."""
    spread: float
    """Expected sum of squared deviations of single gradings from their mean."""
    freedom: int


def _parts(rollouts: Sequence[Sequence[float]]) -> _Parts:
    count, noises = len(rollouts), [variance_of(rewards) for rewards in rollouts]
    if count < 2:
        return _Parts(math.fsum(noises), count, 0.0, 0)
    means = [math.fsum(rewards) / len(rewards) for rewards in rollouts]
    # A mean of k gradings still has 1/k of the noise variance.
    lost = math.fsum(noise * (1 - 1 / len(rewards)) for noise, rewards in zip(noises, rollouts, strict=True))
    spread = variance_of(means) * (count - 1) + (1 - 1 / count) * lost
    return _Parts(math.fsum(noises), count, spread, count - 1)


def noisy_groups(again: Repeats, repeats: int) -> Statistic:
    """Return the share of the groups with different rewards that differ only by the grader's noise.

    A one-way analysis of variance is computed for each group. Its rollouts differ only by noise if the mean
    square between them does not exceed the mean square between repeats, so that their estimated variance is
    not positive (Searle, Casella and McCulloch, "Variance Components", 1992).

    Args:
        again: Rewards of the rollouts that were graded more than once.
        repeats: How many times the run graded each rollout.
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
        return refused(f"{spread} groups whose mean rewards differ; at least {GROUPS} are needed", spread)
    return share(noisy, spread)
