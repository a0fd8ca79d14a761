"""How well two graders agree with the same labels: errors of both kinds, and the order within groups."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from harness.runs.labels import LabelRule
from harness.signal.joined import Labeled
from harness.signal.statistic import Statistic, over_groups, refused, share

__all__ = ["Agreement", "LabelComparison", "compare_labels"]


@dataclass(slots=True)
class _Counts:
    """One grader against labels that say yes or no."""

    true_above: int = 0
    true_below: int = 0
    false_above: int = 0
    false_below: int = 0
    ordered: list[float] = field(default_factory=list)
    """Of each record with both labels, the share of such pairs that is ordered rightly."""

    def add(self, reward: float, label: bool, middle: float) -> None:
        """Count one rollout."""
        above = reward > middle
        self.true_above += label and above
        self.true_below += label and not above
        self.false_above += above and not label
        self.false_below += not label and not above


@dataclass(frozen=True, slots=True)
class Agreement:
    """One grader against the labels, over the rollouts that both graders gave a reward."""

    false_positives: Statistic
    """Of the labels that say no, the share with a reward above the middle of the range."""
    false_negatives: Statistic
    """Of the labels that say yes, the share with a reward at the middle or below."""
    youden: Statistic
    """Youden's J: 1 less both shares; 0 is chance, 1 is perfect."""
    pair_accuracy: Statistic
    """Of a record's pairs whose labels differ, the share that the rewards order rightly; ties are wrong."""


@dataclass(frozen=True, slots=True)
class LabelComparison:
    """Two graders against the same labels."""

    label: str
    rollouts: int
    """Rollouts with a label that says yes or no, and with both rewards."""
    was: Agreement
    now: Agreement
    mended: int
    """Rollouts on which only the second agrees with the label."""
    broken: int
    """Rollouts on which only the first does."""


def compare_labels(
    groups: Iterable[Sequence[Labeled]], label: str, rule: LabelRule, middle: float
) -> LabelComparison:
    """Hold both graders to the labels.

    Args:
        groups: The rollouts of each record.
        label: The label's field.
        rule: How to read it.
        middle: The middle of the range, above which a reward says yes.
    """
    was, now = _Counts(), _Counts()
    rollouts = mended = broken = 0
    for group in groups:
        told: list[tuple[bool, float, float]] = []
        for both, verdict in group:
            said = rule.says(verdict)
            if isinstance(said, bool) and both.was is not None and both.now is not None:
                told.append((said, both.was, both.now))
        for said, first, second in told:
            rollouts += 1
            was.add(first, said, middle)
            now.add(second, said, middle)
            mended += (second > middle) is said and (first > middle) is not said
            broken += (first > middle) is said and (second > middle) is not said
        _count_pairs(told, was, now)
    return LabelComparison(label, rollouts, _agreement(was), _agreement(now), mended, broken)


def _count_pairs(told: Sequence[tuple[bool, float, float]], was: _Counts, now: _Counts) -> None:
    right = [(first, second) for said, first, second in told if said]
    wrong = [(first, second) for said, first, second in told if not said]
    pairs = len(right) * len(wrong)
    if pairs:
        was.ordered.append(sum(one[0] > other[0] for one in right for other in wrong) / pairs)
        now.ordered.append(sum(one[1] > other[1] for one in right for other in wrong) / pairs)


def _agreement(counts: _Counts) -> Agreement:
    positives = share(counts.false_above, counts.false_above + counts.false_below, "rollouts")
    negatives = share(counts.true_below, counts.true_above + counts.true_below, "rollouts")
    accuracy = over_groups(counts.ordered, low=0.0, high=1.0)
    return Agreement(positives, negatives, _youden(positives, negatives), accuracy)


def _youden(positives: Statistic, negatives: Statistic) -> Statistic:
    """Youden's J with the interval of a difference of two shares.

    Source: Newcombe (1998), "Interval estimation for the difference between independent proportions", method
    10, which joins two Wilson intervals.
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
