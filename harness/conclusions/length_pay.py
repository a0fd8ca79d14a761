"""Tests if a reward depends on length among otherwise similar completions of the same record.

Across all completions, the reward for right answers can hide a reward for length or, if right answers are
long, look like one. Therefore, only wrong completions of a record are compared with each other. If
correctness is unknown, completions with equal components are compared, ignoring components that measure
length.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from harness.conclusions.goal import Goal
from harness.simulator.examples import Example
from harness.simulator.style_features import mean

__all__ = ["FOLLOWS", "SETS", "LengthPay", "length_pay", "length_pay_by_components", "rank_correlation_of"]

FOLLOWS: Final = 0.8
"""Lowest rank correlation at which a reward is said to follow length.

Among wrong completions in the rollouts of five small transformers (`docs/emulator.md`), the correlation was
1.00 for the grader that rewards long completions, -1.00 to -.99 for the grader that rewards short ones, and
at most .72 for the other nine graders.
"""
SETS: Final = 10
"""Minimum number of sets of completions for a conclusion. It was chosen without any measurement."""
_FEWEST: Final = 3
"""Minimum number of completions in a set. With fewer, a rank correlation is 1 or -1 by chance."""


@dataclass(frozen=True, slots=True)
class LengthPay:
    """Correlation between reward and length among similar completions of the same record."""

    correlation: float
    """Mean rank correlation over the sets. A set with equal rewards counts as 0."""
    sets: int
    """Number of sets of similar completions with different lengths."""
    among: str
    """A phrase that describes the completions in a set."""


def length_pay(
    examples: Sequence[Example], rewards: Mapping[str, float | None], goal: Goal
) -> LengthPay | None:
    """Correlate reward with length among wrong completions, or among equally right ones if few are wrong.

    Args:
        examples: All records, each once.
        rewards: The known rewards by completion.
        goal: The correctness of the completions.

    Returns:
        The correlation, or None if no record has three equally right completions of different lengths.
    """
    wrong = {key: right for key, right in goal.rightness.items() if right == 0.0}
    found = _pay(examples, rewards, wrong, f"wrong completions ({goal.field})")
    if found is None or found.sets < SETS:
        found = _pay(examples, rewards, goal.rightness, f"completions with equal {goal.field}")
    return found


def length_pay_by_components(
    examples: Sequence[Example],
    rewards: Mapping[str, float | None],
    components: Mapping[str, Mapping[str, float]],
) -> LengthPay | None:
    """Correlate reward with length among completions with equal components, ignoring those about length.

    Args:
        examples: All records, each once.
        rewards: The known rewards by completion.
        components: The grader's components of each reward, by completion.

    Returns:
        The correlation. None if only components about length differ, because length then cannot be separated
        from correctness, or if no record has three similar completions of different lengths.
    """
    told = {
        candidate.key: components[candidate.key]
        for example in examples
        for candidate in example.group.candidates
        if candidate.key in components
    }
    others = []
    for name in dict.fromkeys(name for some in told.values() for name in some):
        values = {key: some.get(name) for key, some in told.items()}
        about = mean(_correlations(examples, values, dict.fromkeys(values, 0)))
        if len(set(values.values())) > 1 and (about is None or abs(about) < FOLLOWS):
            others.append(name)
    if not others:
        return None
    alike = {key: tuple(some.get(name) for name in others) for key, some in told.items()}
    return _pay(examples, rewards, alike, f"completions with equal {', '.join(others)}")


def _pay(
    examples: Sequence[Example],
    rewards: Mapping[str, float | None],
    alike: Mapping[str, Hashable],
    among: str,
) -> LengthPay | None:
    found = list(_correlations(examples, rewards, alike))
    correlation = mean(found)
    return None if correlation is None else LengthPay(correlation, len(found), among)


def _correlations(
    examples: Sequence[Example], values: Mapping[str, float | None], alike: Mapping[str, Hashable]
) -> Iterator[float]:
    """For each set of similar completions, yield the rank correlation between a number and length."""
    for example in examples:
        sets: dict[Hashable, list[tuple[float, float]]] = {}
        for candidate in example.group.candidates:
            value = values.get(candidate.key)
            if value is not None and candidate.key in alike:
                row = value, float(len(candidate.text))
                sets.setdefault(alike[candidate.key], []).append(row)
        for rows in sets.values():
            numbers, lengths = [row[0] for row in rows], [row[1] for row in rows]
            if len(rows) >= _FEWEST and min(lengths) < max(lengths):
                yield rank_correlation_of(numbers, lengths) or 0.0


def rank_correlation_of(left: Sequence[float], right: Sequence[float]) -> float | None:
    """Return Spearman's rank correlation, or None if one variable is constant. Equal values share a rank."""
    first, other = _ranks(left), _ranks(right)
    middle = (len(left) - 1) / 2
    spread = math.fsum((a - middle) ** 2 for a in first) * math.fsum((b - middle) ** 2 for b in other)
    if spread == 0.0:
        return None
    joint = math.fsum((a - middle) * (b - middle) for a, b in zip(first, other, strict=True))
    return joint / math.sqrt(spread)


def _ranks(values: Sequence[float]) -> list[float]:
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start + 1
        while end < len(order) and values[order[end]] == values[order[start]]:
            end += 1
        for place in order[start:end]:
            ranks[place] = (start + end - 1) / 2
        start = end
    return ranks
