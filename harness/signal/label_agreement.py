"""Compares graders with labels by false positives, false negatives and pairs in the wrong order."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from harness.runs.labels import LabelRule
from harness.signal.pair_counts import pair_counts
from harness.signal.statistic import Statistic, over_groups, refused, share

__all__ = ["Agreement", "LabelComparison", "Verdict", "agreement"]

Verdict: TypeAlias = tuple[float | None, Any]
"""A rollout's reward, which may be None, and its label."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """One grader compared with the labels of the rollouts it rewarded.

    The shares treat rollouts as independent, although rollouts of a record are similar, so the intervals are
    somewhat too narrow.
    """

    rollouts: int
    """Number of rollouts whose reward could be compared with their label."""
    agreed: int
    no: int
    """Number of labels that say no."""
    paid_no: int
    """Number of labels that say no although the reward is above the middle of the grader's range."""
    yes: int
    """Number of labels that say yes."""
    unpaid_yes: int
    """Number of labels that say yes although the reward is at or below the middle."""
    false_positives: Statistic
    """Share of the rollouts labeled no that have a reward above the middle of the range."""
    false_negatives: Statistic
    """Share of the rollouts labeled yes that have a reward at or below the middle of the range."""
    youden: Statistic
    """Youden's J, which is 1 minus the sum of both shares. Chance gives 0, and 1 is perfect."""
    pair_accuracy: Statistic
    """Share in the right order of a record's pairs with different labels. Ties count as wrong."""


@dataclass(frozen=True, slots=True)
class LabelComparison:
    """Two graders compared with the same labels, or two models with the labels of their own completions."""

    label: str
    rollouts: int
    """Number of rollouts of the second grader or model that could be compared with their label."""
    was: Agreement
    now: Agreement
    mended: int | None
    """Number of rollouts on which only the second grader agrees with the label; None if not comparable."""
    broken: int | None
    """Number of rollouts on which only the first grader agrees with the label."""


def agreement(groups: Iterable[Sequence[Verdict]], rule: LabelRule, middle: float | None) -> Agreement:
    """Compare one grader with the labels.

    Args:
        groups: The rollouts of each record.
        rule: The rule for interpreting labels.
        middle: Middle of the range, above which a reward means yes; None if unknown.
    """
    rollouts = agreed = 0
    paid, unpaid = [0, 0], [0, 0]  # of labels that say no, and of labels that say yes
    ordered = []
    for group in groups:
        rewards, labels = [], []
        for reward, label in group:
            said = rule.says(label)
            if reward is None or said is None:
                continue
            rewards.append(reward)
            labels.append(float(said))
            if said is True or said is False:
                if middle is None:
                    continue
                (paid if reward > middle else unpaid)[said] += 1
                agreed += (reward > middle) is said
            else:
                agreed += abs(reward - said) <= rule.tolerance
            rollouts += 1
        found = pair_counts(labels, rewards)
        if found.pairs:
            ordered.append((found.pairs - found.inverted - found.merged) / found.pairs)
    no, yes = paid[False] + unpaid[False], paid[True] + unpaid[True]
    positives, negatives = share(paid[False], no, "rollouts"), share(unpaid[True], yes, "rollouts")
    return Agreement(
        *(rollouts, agreed, no, paid[False], yes, unpaid[True], positives, negatives),
        _youden(positives, negatives),
        over_groups(ordered, low=0.0, high=1.0),
    )


def _youden(positives: Statistic, negatives: Statistic) -> Statistic:
    """Return Youden's J with an interval for the difference between two shares.

    Source: Newcombe (1998), "Interval estimation for the difference between independent proportions", method
    10, which combines two Wilson intervals.
    """
    if positives.value is None or negatives.value is None:
        short = positives if positives.value is None else negatives
        return refused(str(short.why), short.n, "rollouts")
    value = 1 - positives.value - negatives.value
    down = _reach(positives.high, positives.value, negatives.high, negatives.value)
    up = _reach(positives.low, positives.value, negatives.low, negatives.value)
    n = positives.n + negatives.n
    return Statistic(value, max(-1.0, value - down), min(1.0, value + up), n, "rollouts")


def _reach(one: float | None, value: float, other: float | None, more: float) -> float:
    return math.hypot((value if one is None else one) - value, (more if other is None else other) - more)
