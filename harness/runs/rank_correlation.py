"""Spearman correlation of rewards and numeric labels: the Pearson correlation of their ranks.

Ranking needs all pairs in memory, 16 bytes each. Rows are therefore read again when a run ends, and at most a
million pairs are ranked.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt

from harness.runs.labels import LabelRule
from harness.runs.rows import Row

__all__ = ["RankCorrelation", "RankPairs", "rank_correlation"]

MOST_PAIRS = 1_000_000


@dataclass(frozen=True, slots=True)
class RankCorrelation:
    """The rank correlation of rewards and labels."""

    spearman: float | None = None
    """The correlation, from -1 to 1, or None if rewards or labels are constant."""
    n: int = 0
    """Number of pairs of a reward and a numeric label."""
    all: bool = True
    """True if all pairs were ranked, not only the first ones."""

    def to_json(self) -> dict[str, float | int | None]:
        """Return the correlation and the number of pairs."""
        return {"spearman": self.spearman, "spearman_n": self.n}

    def lines(self) -> list[str]:
        """Return the correlation as a line of text; empty without numeric labels."""
        if not self.n:
            return []
        known = "unknown: one of the two never changes" if self.spearman is None else f"{self.spearman:.3f}"
        return [f"Spearman correlation of ranks: {known}  {'n' if self.all else 'of the first'} {self.n:,}"]


class RankPairs:
    """Collects rewards and labels for ranking.

    Args:
        rule: The rule for interpreting labels.
        most: Maximum number of pairs to rank; later pairs are ignored.
    """

    def __init__(self, rule: LabelRule, most: int = MOST_PAIRS) -> None:
        self._rule = rule
        self._most = most
        self._all = True
        self._rewards, self._labels = array("d"), array("d")

    def add(self, row: Row) -> None:
        """Add a row's reward and label, if both exist and the label is a number."""
        reward = row["reward"]
        if reward is None or "label" not in row:
            return
        number = self._rule.number(reward, row["label"])
        if number is None:
            return
        self._all = len(self._rewards) < self._most
        if self._all:
            self._rewards.append(reward)
            self._labels.append(number)

    def correlation(self) -> RankCorrelation:
        """Rank the collected pairs, and correlate the ranks."""
        found = _correlation(_ranks(self._rewards), _ranks(self._labels))
        return RankCorrelation(found, len(self._rewards), self._all)


def rank_correlation(rows: Iterable[Row], rule: LabelRule) -> RankCorrelation:
    """Correlate the ranks of rewards and labels.

    Args:
        rows: Gradings, in the run's order.
        rule: The rule for interpreting labels.
    """
    pairs = RankPairs(rule)
    for row in rows:
        pairs.add(row)
    return pairs.correlation()


def _ranks(values: Sequence[float]) -> array[int]:
    """Return twice the rank of each value, from 2. Equal values share the mean of their ranks."""
    ranks = array("q", bytes(8 * len(values)))
    order = sorted(range(len(values)), key=values.__getitem__)
    start = 0
    while start < len(order):
        end = start + 1
        while end < len(order) and values[order[end]] == values[order[start]]:
            end += 1
        for at in order[start:end]:
            ranks[at] = start + end + 1
        start = end
    return ranks


def _correlation(ones: Sequence[int], others: Sequence[int]) -> float | None:
    """Return the Pearson correlation of two lists of integers, with exact arithmetic up to the last step."""
    n, one, other = len(ones), sum(ones), sum(others)
    joint = n * sum(map(int.__mul__, ones, others)) - one * other
    spread = n * sum(map(int.__mul__, ones, ones)) - one * one
    other_spread = n * sum(map(int.__mul__, others, others)) - other * other
    if not spread or not other_spread:
        return None
    return max(-1.0, min(1.0, joint / (sqrt(spread) * sqrt(other_spread))))
