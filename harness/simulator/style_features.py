"""Names the style features that training amplified or suppressed, such as words, markers and length.

The names come from the policy's own features, so no labels are needed. Features that occur in exactly the
same completions cannot be distinguished and are reported together. The mean advantage of a feature is
computed from its recorded completions and does not depend on the policy.
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
"""Maximum number of characters of a completion in a report."""

_SHOWN: Final = 10
_TEXTS: Final = 3
_JOINED: Final = 4
_FEWEST: Final = 3
"""Minimum number of completions with a feature. With fewer, the feature may be a coincidence."""
_SAME: Final = 0.5
"""Two features that share at least this fraction of their completions are reported as one."""
_LEAST: Final = 0.005
"""Number added to both frequencies in a ratio, so that rare features do not rank first by chance."""


class Moved(NamedTuple):
    """A completion, with its probability within its group before and after training."""

    candidate: Candidate
    group: str
    before: float
    after: float
    reward: float | None
    advantage: float
    """Advantage over all recorded completions of the group, not over draws."""


@dataclass(frozen=True, slots=True)
class FeatureShift:
    """Expected frequency of completions with certain features before and after training."""

    names: list[str]
    """Features that occur in exactly the same completions, such as `word:therefore` or `numbers:2`."""
    completions: int
    before: float
    after: float
    reward_mean: float | None
    advantage_mean: float
    """Mean advantage of the recorded completions that have the features, independent of the policy."""
    texts: list[str]
    """Excerpts from the beginning of the three most likely completions."""

    @property
    def log_ratio(self) -> float:
        """Strength of the amplification, which is negative if the feature was suppressed."""
        return math.log((self.after + _LEAST) / (self.before + _LEAST))


def feature_shifts(moved: Sequence[Moved], groups: int) -> tuple[list[FeatureShift], list[FeatureShift]]:
    """Return the most amplified and the most suppressed features, each strongest first.

    Of features that mostly occur in the same completions, only the strongest is returned.

    Args:
        moved: The completions of all groups.
        groups: Number of groups.
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
    """Return the first features that do not overlap with an earlier feature."""
    kept: list[tuple[FeatureShift, frozenset[int]]] = []
    for shift, places in ordered:
        if all(len(places & other) < _SAME * len(places | other) for _, other in kept):
            kept.append((shift, places))
        if len(kept) == _SHOWN:
            break
    return [shift for shift, _ in kept]


def said_of(names: Sequence[str]) -> str:
    """Describe the first few features in words."""
    words = [name.removeprefix("word:") for name in names if name.startswith("word:")]
    quoted = " ".join(words[:_JOINED])
    more = " ..." if len(words) > _JOINED else ""
    found = [f'"{quoted}{more}"'] if words else []
    found += [_said(name) for name in names if not name.startswith("word:")]
    return " + ".join(found[:_JOINED])


def mean(values: Iterable[float]) -> float | None:
    """Return the mean of the numbers, or None if there are none."""
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
