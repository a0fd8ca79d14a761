"""Compares every grading of a run with human labels."""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from harness.runs.labels import LabelRule
from harness.signal.by_record import Influence, mean_share
from harness.signal.kappa import Rated, kappa_of
from harness.signal.statistic import Statistic, refused
from harness.signal.trust import Rater

__all__ = ["Confusion", "Disagreement", "GradedRollout", "HeldToLabels"]

_CLASSES = 10
"""Maximum number of distinct labels or rewards in a confusion table."""
_LABELED: Final = "labeled rollouts"


@dataclass(slots=True)
class GradedRollout:
    """All gradings of one rollout."""

    id: Any
    record: str
    labels: list[bool | float | None]
    """Each rater's label; None if a rater gave none."""
    rewards: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Confusion:
    """Confusion table: the number of gradings by label and verdict."""

    labels: list[str]
    """The labels, which name the table's rows."""
    verdicts: list[str]
    """The verdicts, which name the table's columns."""
    gradings: list[list[int]]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A rollout whose gradings disagree with its label."""

    id: Any
    at: int
    """Offset of the rollout's line in the rollouts file."""
    record: str
    label: bool | float
    rewards: list[float]
    """All rewards, in the order of the repeats."""
    distance: float
    """Share of the gradings that disagree. For numeric labels, the mean absolute difference."""
    reason: str | None = None
    """The grader's reason, from the first disagreeing grading that has one."""


class HeldToLabels:
    """The rollouts with a reward, compared with the first rater's labels.

    Args:
        rollouts: The rollouts with at least one reward, by line offset.
        names: The raters' fields.
        middle: Middle of the grader's range, above which a reward means yes; None if unknown.
        rule: The rule for labels, with the allowed distance of a reward from a numeric label.
    """

    def __init__(
        self,
        rollouts: Mapping[int, GradedRollout],
        names: tuple[str, ...],
        middle: float | None,
        rule: LabelRule,
    ) -> None:
        self._names, self._middle, self._rule = names, middle, rule
        self._all = rollouts
        self._held = {at: one for at, one in rollouts.items() if names and one.labels[0] is not None}
        self._wrong = {at: self._share_wrong(one) for at, one in self._held.items()}
        """Share of each rollout's gradings that disagree with its label."""
        self._yes_or_no = any(isinstance(one.labels[0], bool) for one in self._held.values())
        self._why = None
        if not names:
            self._why = "no field is named; add --label FIELD"
        elif self._yes_or_no and middle is None:
            self._why = "the grader's range is not known; add --range LOW HIGH"

    @property
    def labeled(self) -> int:
        """Number of rollouts with a reward and a label."""
        return len(self._held)

    @property
    def rarer(self) -> float | None:
        """Share of the less frequent label, yes or no; None for numeric labels."""
        if not self._yes_or_no:
            return None
        share = sum(one.labels[0] is True for one in self._held.values()) / len(self._held)
        return min(share, 1 - share)

    def kappa(self) -> Statistic:
        """Return Cohen's kappa between single gradings and the label."""
        return self._kappa_with(0)

    def raters(self) -> list[Rater]:
        """Return comparisons of the other raters with the first rater and with the grader."""
        return [
            Rater(name, self._kappa_between(number), self._kappa_with(number))
            for number, name in enumerate(self._names[1:], 1)
        ]

    def _kappa_with(self, number: int) -> Statistic:
        if self._why is not None:
            return refused(self._why, self.labeled, "rollouts")
        return kappa_of(
            [
                Rated(one.record, [self._said(reward) for reward in one.rewards], float(label))
                for one in self._all.values()
                if (label := one.labels[number]) is not None
            ],
            _LABELED,
        )

    def _kappa_between(self, number: int) -> Statistic:
        both = [
            Rated(one.record, [float(other)], float(one.labels[0] or 0.0))
            for one in self._held.values()
            if (other := one.labels[number]) is not None
        ]
        return kappa_of(both, "rollouts with both labels")

    def _said(self, reward: float) -> float:
        """Convert a reward to the labels' scale."""
        if not self._yes_or_no:
            return reward
        assert self._middle is not None
        return float(reward > self._middle)

    def _share_wrong(self, one: GradedRollout) -> float:
        return sum(self.disagrees(reward, one.labels[0]) for reward in one.rewards) / len(one.rewards)

    def disagrees(self, reward: float, label: bool | float | None) -> bool:
        """Return True if a reward disagrees with an interpreted label."""
        return self._rule.agreement(reward, label, self._middle) is False

    def agreement(self) -> Statistic:
        """Return the share of gradings that agree with the label."""
        if self._why is not None:
            return refused(self._why, self.labeled, "rollouts")
        shares = [Influence(one.record, 1 - self._wrong[at]) for at, one in self._held.items()]
        return mean_share(shares, self._gradings, _LABELED)

    @property
    def _gradings(self) -> int:
        return sum(len(one.rewards) for one in self._held.values())

    def wrong(self, *, label: bool) -> Statistic:
        """Return the share of gradings that disagree with the label, among rollouts with this label.

        Args:
            label: The label: yes or no.
        """
        what = f"labels that say {'yes' if label else 'no'}"
        if self._why is not None or not self._yes_or_no:
            return refused(self._why or "labels are numbers", of="rollouts")
        shares = [
            Influence(one.record, self._wrong[at]) for at, one in self._held.items() if one.labels[0] is label
        ]
        return mean_share(shares, self._gradings, what)

    @property
    def off_by(self) -> float | None:
        """Mean absolute difference between the reward and a numeric label; None for other labels."""
        if self._yes_or_no or not self._held:
            return None
        return math.fsum(map(self._distance, self._held)) / len(self._held)

    def _distance(self, at: int) -> float:
        one = self._held[at]
        label = one.labels[0]
        assert label is not None
        if isinstance(label, bool):
            return self._wrong[at]
        return math.fsum(abs(reward - label) for reward in one.rewards) / len(one.rewards)

    def confusion(self) -> Confusion | None:
        """Return the confusion table, or None without labels or with too many distinct labels or rewards."""
        if self._why is not None or not self._held:
            return None
        counts = Counter(
            (float(one.labels[0] or 0.0), self._said(reward))
            for one in self._held.values()
            for reward in one.rewards
        )
        labels, verdicts = (sorted({pair[side] for pair in counts}) for side in (0, 1))
        if self._yes_or_no:
            labels = verdicts = [1.0, 0.0]
        if max(len(labels), len(verdicts)) > _CLASSES:
            return None
        shown = {1.0: "yes", 0.0: "no"}.__getitem__ if self._yes_or_no else "{:g}".format
        return Confusion(
            list(map(shown, labels)),
            list(map(shown, verdicts)),
            [[counts[label, verdict] for verdict in verdicts] for label in labels],
        )

    def disagreements(self, most: int | None) -> tuple[int, list[Disagreement]]:
        """Return the number of rollouts with a disagreeing grading, and the worst ones in order.

        Args:
            most: Maximum number of disagreements to keep; None keeps all.
        """
        if self._why is not None:
            return 0, []
        wrong = [(self._distance(at), -at) for at, share in self._wrong.items() if share]
        kept = heapq.nlargest(len(wrong) if most is None else most, wrong)
        return len(wrong), [self._disagreement(-at, distance) for distance, at in kept]

    def _disagreement(self, at: int, distance: float) -> Disagreement:
        one = self._held[at]
        label = one.labels[0]
        assert label is not None
        return Disagreement(one.id, at, one.record, label, one.rewards, distance)
