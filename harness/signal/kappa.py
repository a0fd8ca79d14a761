"""Computes Cohen's kappa between gradings and labels, which measures agreement beyond chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from harness.signal.by_record import Influence, share_around, too_few, variance_over_records
from harness.signal.statistic import Statistic, refused

__all__ = ["Rated", "kappa_of"]


class Rated(NamedTuple):
    """One rollout's label and the verdicts of its gradings, on the same scale."""

    record: str
    said: Sequence[float]
    """The verdict of each grading; 0 means no, and 1 means yes."""
    label: float


def kappa_of(rated: Sequence[Rated], what: str = "labeled rollouts") -> Statistic:
    """Return Cohen's kappa with quadratic weights, which equals plain kappa for yes and no.

    Kappa is 1 minus the mean squared difference between a grading and its label, divided by the mean for
    gradings and labels paired at random (Cohen 1960; with weights: Cohen 1968, "Weighted kappa"). Numbers
    need no classes, because kappa then equals Lin's concordance correlation (1989), as Fleiss and Cohen
    (1973) show for classes. Every grading counts and all rollouts have the same weight, so the figure
    describes a single grading.

    The interval is Wilson's for the difference, at the effective sample size (Korn and Graubard 1998) from
    the linearized variance over records. The interval therefore has a width even if every grading agrees with
    its label.

    Args:
        rated: The rollouts with a label and at least one reward.
        what: Name of these rollouts in the message if there are too few.
    """
    if why := too_few([Influence(one.record, 0.0) for one in rated], what):
        return refused(why, len(rated), "rollouts")
    labels = [one.label for one in rated]
    lowest = min(min(labels), *(min(one.said) for one in rated))
    width = max(max(labels), *(max(one.said) for one in rated)) - lowest
    if max(labels) == min(labels):
        return refused("every label says the same", len(rated), "rollouts")
    # Scaled to 0..1, so that a mean of squared differences has the bounds of a share.
    scaled = [_Moments.of(one, lowest, width) for one in rated]
    count = len(scaled)
    said, squares, label = (
        math.fsum(one.said for one in scaled) / count,
        math.fsum(one.squares for one in scaled) / count,
        math.fsum(one.label for one in scaled) / count,
    )
    observed = math.fsum(one.apart for one in scaled) / count
    expected = squares + math.fsum(one.label**2 for one in scaled) / count - 2 * said * label
    ratio = observed / expected
    # The influence of each rollout on the ratio; these sum to 0.
    moves = [
        one.apart - ratio * (one.squares + one.label**2 - 2 * one.said * label - 2 * said * one.label)
        for one in scaled
    ]
    middle = math.fsum(moves) / count
    variance, records = variance_over_records(
        Influence(one.record, move - middle) for one, move in zip(rated, moves, strict=True)
    )
    share = min(1.0, max(0.0, observed))
    if variance <= 0.0:
        variance = max(share * (1 - share), 0.0) / records
    found = share_around(share, variance, records, math.inf)
    assert found.low is not None
    assert found.high is not None
    low, high = 1 - found.high / expected, 1 - found.low / expected
    return Statistic(1 - ratio, max(-1.0, low), min(1.0, high), count, "rollouts")


class _Moments(NamedTuple):
    """Means over a rollout's gradings, computed from scaled values."""

    said: float
    squares: float
    label: float
    apart: float
    """Mean squared difference between a grading and the label."""

    @classmethod
    def of(cls, one: Rated, lowest: float, width: float) -> _Moments:
        label = (one.label - lowest) / width
        said = [(value - lowest) / width for value in one.said]
        return cls(
            math.fsum(said) / len(said),
            math.fsum(value * value for value in said) / len(said),
            label,
            math.fsum((value - label) ** 2 for value in said) / len(said),
        )
