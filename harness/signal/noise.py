"""How much of what a grader tells apart is its own noise, by the repeats of a run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from harness.signal.groups import TOLERANCE
from harness.signal.statistic import GROUPS, ROLLOUTS, Statistic, refused, share
from harness.signal.tally import Repeats, variance_of

__all__ = ["noise_of", "noisy_groups"]

_ONCE: Final = "graded once each; replay with --repeats 3"


def noise_of(again: Repeats, groups: Sequence[Sequence[float]], repeats: int) -> Statistic:
    """The variance of repeats, as a share of the variance within groups.

    Args:
        again: The rewards of rollouts that were graded more than once.
        groups: The first rewards of each group with two or more.
        repeats: How often the run graded each rollout.
    """
    if repeats < 2:
        return refused(_ONCE, of="rollouts")
    if again.rollouts < ROLLOUTS or len(groups) < GROUPS:
        what = f"{again.rollouts} rollouts were graded again, and it takes {ROLLOUTS} in {GROUPS} groups"
        return refused(what, again.rollouts, "rollouts")
    freedom = sum(len(rewards) - 1 for rewards in groups)
    spread = math.fsum(variance_of(rewards) * (len(rewards) - 1) for rewards in groups) / freedom
    noise = again.squares / again.rollouts
    if spread <= 0.0 and noise <= 0.0:
        return refused("the rewards never differ within a group", again.rollouts, "rollouts")
    found = min(1.0, noise / spread) if spread > 0.0 else 1.0
    return Statistic(found, None, None, again.rollouts, "rollouts")


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
        return refused(_ONCE)
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
