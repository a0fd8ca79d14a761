"""What a policy amplified and suppressed, by name: words, markers, length, count of numbers.

The names are those of the policy's own features, so they need no label. Features that occur in the very same
completions cannot be told apart and stand together. Beside each stands the mean advantage of its recorded
completions, which needs no policy.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from harness.simulator.features import length_span, named_features
from harness.simulator.pool import Candidate

__all__ = ["EXCERPT", "FeatureShift", "Moved", "feature_shifts", "mean", "said_of"]

EXCERPT: Final = 240
"""Characters of a completion that a report shows."""

_SHOWN: Final = 10
_TEXTS: Final = 3
_JOINED: Final = 4
_FEWEST: Final = 3
"""Completions below which a feature is an accident of one text."""
_SAME: Final = 0.5
"""Part of the completions of either feature that have both, from which on one stands for the other."""
_LEAST: Final = 0.005
"""Frequency that is added to both sides of a ratio, so that rare features do not come first by chance."""


class Moved(NamedTuple):
    """A completion, and its probability within its group before and after."""

    candidate: Candidate
    group: str
    before: float
    after: float
    reward: float | None
    advantage: float
    """By all recorded completions of its group, not by draws."""


@dataclass(frozen=True, slots=True)
class FeatureShift:
    """How often completions with some feature are expected, before and after."""

    names: list[str]
    """Features that occur in the very same completions, such as `word:therefore` or `numbers:2`."""
    completions: int
    before: float
    after: float
    reward_mean: float | None
    advantage_mean: float
    """Mean advantage of its recorded completions, which needs no policy."""
    texts: list[str]
    """How the three likeliest of them begin."""

    @property
    def log_ratio(self) -> float:
        """How strongly it was amplified; negative where it was suppressed."""
        return math.log((self.after + _LEAST) / (self.before + _LEAST))


def feature_shifts(moved: Sequence[Moved], groups: int) -> tuple[list[FeatureShift], list[FeatureShift]]:
    """The features amplified most and suppressed most, the strongest first of each.

    Of features that mostly occur in the same completions, the strongest stands for all.

    Args:
        moved: The completions of all groups.
        groups: How many groups there are.
    """
    bearers: dict[str, list[int]] = {}
    for place, one in enumerate(moved):
        for name in dict.fromkeys(named_features(one.candidate.text)):
            bearers.setdefault(name, []).append(place)
    alike: dict[tuple[int, ...], list[str]] = {}
    for name, places in bearers.items():
        if len(places) >= _FEWEST:
            alike.setdefault(tuple(places), []).append(name)
    found = [
        (_shift(names, [moved[place] for place in places], groups), frozenset(places))
        for places, names in alike.items()
    ]
    found.sort(key=lambda one: (-one[0].log_ratio, one[0].names))
    up = [one for one in found if one[0].after > one[0].before]
    down = [one for one in reversed(found) if one[0].after < one[0].before]
    return _distinct(up), _distinct(down)


def _distinct(ordered: Sequence[tuple[FeatureShift, frozenset[int]]]) -> list[FeatureShift]:
    """The first of them that each say something else."""
    kept: list[tuple[FeatureShift, frozenset[int]]] = []
    for shift, places in ordered:
        if all(len(places & other) < _SAME * len(places | other) for _, other in kept):
            kept.append((shift, places))
        if len(kept) == _SHOWN:
            break
    return [shift for shift, _ in kept]


def said_of(names: Sequence[str]) -> str:
    """Features in words, the first few of them."""
    words = [name.removeprefix("word:") for name in names if name.startswith("word:")]
    quoted = " ".join(words[:_JOINED])
    more = " ..." if len(words) > _JOINED else ""
    found = [f'"{quoted}{more}"'] if words else []
    found += [_said(name) for name in names if not name.startswith("word:")]
    return " + ".join(found[:_JOINED])


def mean(values: Iterable[float]) -> float | None:
    """The mean of some numbers; None where there are none."""
    some = list(values)
    return math.fsum(some) / len(some) if some else None


def _said(name: str) -> str:
    kind, _, value = name.partition(":")
    if kind == "length":
        low, high = length_span(int(value))
        return f"{low}+ characters" if high is None else f"{low}-{high} characters"
    if kind == "numbers":
        return f"{value} number{'s' * (value != '1')}"
    return "empty answers" if name == "marker:empty" else f"marker {value}"


def _shift(names: list[str], some: Sequence[Moved], groups: int) -> FeatureShift:
    likeliest = sorted(some, key=lambda one: -one.after)[:_TEXTS]
    return FeatureShift(
        names=sorted(names),
        completions=len(some),
        before=math.fsum(one.before for one in some) / groups,
        after=math.fsum(one.after for one in some) / groups,
        reward_mean=mean(one.reward for one in some if one.reward is not None),
        advantage_mean=math.fsum(one.advantage for one in some) / len(some),
        texts=[one.candidate.text[:EXCERPT] for one in likeliest],
    )
