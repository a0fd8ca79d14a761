"""Combine several numbers into one reward that still reports each part.

A part is a float, a bool, or the result of a check or another grader. The combined `Reward` has the parts as
its components. A part that is itself a Reward adds its own components and metrics, named `part.name`. If a
part has no reward (for example, because a check abstained), the sample gets no reward for the same reason. A
part that is not a finite number raises a ValueError, which fails the sample. An invalid rule, such as a share
above 1, raises a ConfigurationError, which fails the call. Only `clipped` and `penalized` clip values.

    return weighted({"name": same_name, "date": same_date}, {"name": 0.7, "date": 0.3})
    return gated(right, {"brief": brevity}, share=0.1)         # brevity counts only if the answer is right
    return penalized(right, {"repeats": 0.2 * repeated})
"""

from __future__ import annotations

from math import isfinite

from .errors import ConfigurationError, SampleError
from .reward import Abstain, Failure, Reward
from .reward import number as finite

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeAlias

    from .reward import Number

    Part: TypeAlias = Number | Reward | Abstain | Failure


def weighted(parts: Mapping[str, Part], weights: Mapping[str, float]) -> Reward:
    """Return the weighted mean of the parts. The weights do not need to sum to 1.

    Args:
        parts: The parts, by name.
        weights: A weight of 0 or more for each part. A part with weight 0 is reported but does not affect the
            reward.

    Raises:
        ConfigurationError: The names differ, a weight is negative or not finite, or all weights are 0.
        ValueError: A part is not a finite number.
    """
    if parts.keys() != weights.keys():
        apart = ", ".join(sorted(map(str, parts.keys() ^ weights.keys())))
        raise ConfigurationError(f"{apart}: give each part exactly one weight")
    total = 0.0
    for name, weight in weights.items():
        total += _rule(f"the weight of {name!r}", weight, 0, None)
    if not 0 < total < _INFINITY:
        raise ConfigurationError("the weights sum to 0: give at least one part a weight above 0")
    joined = _Joined(parts)
    value = sum(joined.values[name] * (weight / total) for name, weight in weights.items())
    # Rounding must not raise the mean above the largest part: a reward above the grader's range is a failure.
    return joined.reward(min(max(value, min(joined.values.values())), max(joined.values.values())))


def gated(correct: Part, extras: Mapping[str, Part], *, share: float = 0.2) -> Reward:
    """Return a reward in which extras count only in proportion to the answer's correctness.

    The reward is `correct * (1 - share + share * mean of the extras)`. A wrong answer earns nothing, no
    matter how good its extras are, and a correct answer without any extras still earns `1 - share`.

    Args:
        correct: The correctness of the answer, from 0 to 1.
        extras: Other qualities to reward, by name, each from 0 to 1. All have equal weight.
        share: The share of the reward that depends on the extras, from 0 to 1.

    Raises:
        ConfigurationError: The share is not between 0 and 1, or there are no extras.
        ValueError: A part is not between 0 and 1.
    """
    _rule("share", share, 0, 1)
    if not extras:
        raise ConfigurationError("extras is empty: name at least one extra, or return the correctness itself")
    if "correct" in extras:
        raise ConfigurationError("'correct' names the gate itself: give the extra another name")
    joined = _Joined({"correct": correct, **extras})
    for name, value in joined.values.items():
        if not 0 <= value <= 1:
            raise ValueError(f"{name!r} is {value}, outside 0 to 1: scale it before gating")
    values = list(joined.values.values())
    return joined.reward(values[0] * (1 - share + share * (sum(values[1:]) / len(extras))))


def minimum(parts: Mapping[str, Part]) -> Reward:
    """Return the smallest part as the reward, so that an answer is only as good as its worst part.

    Args:
        parts: The parts, by name.

    Raises:
        ConfigurationError: No parts are given.
        ValueError: A part is not a finite number.
    """
    if not parts:
        raise ConfigurationError("there are no parts: name at least one")
    joined = _Joined(parts)
    return joined.reward(min(joined.values.values()))


def clipped(reward: Part, low: float = 0.0, high: float = 1.0) -> Reward:
    """Return the reward, limited to the given bounds.

    The original value is reported as the metric `unclipped`, so that clipping cannot hide a bug.

    Args:
        reward: A number, or a Reward, whose components and metrics are kept.
        low: The smallest value.
        high: The largest value.

    Raises:
        ConfigurationError: A bound is not finite or `low` is above `high`.
        ValueError: The reward is not a finite number.
    """
    _rule("low", low, None, None)
    _rule("high", high, low, None)
    value = _value("the reward", reward)
    kept = reward if isinstance(reward, Reward) else Reward(value)
    metrics = {"unclipped": value, **kept.metrics}
    return Reward(min(max(value, low), high), metrics=metrics, components=kept.components, reason=kept.reason)


def penalized(reward: Part, penalties: Mapping[str, Part], *, floor: float = 0.0) -> Reward:
    """Return the reward minus its penalties, but not less than the floor.

    Args:
        reward: The reward before penalties, which is reported as the component `base`.
        penalties: The amounts to subtract, by name, each 0 or more. They are reported unchanged.
        floor: The lowest value that penalties can reduce the reward to. A reward that is already lower is not
            changed.

    Raises:
        ConfigurationError: The floor is not finite or a penalty is named `base`.
        ValueError: A part is not a finite number or a penalty is negative.
    """
    _rule("floor", floor, None, None)
    if "base" in penalties:
        raise ConfigurationError("'base' is the name of the reward before penalties: rename the penalty")
    joined = _Joined({"base": reward, **penalties})
    value, *taken = joined.values.values()
    for name in penalties:
        if joined.values[name] < 0:
            raise ValueError(f"the penalty {name!r} is {joined.values[name]}: a penalty must be 0 or more")
    return joined.reward(max(value - sum(taken), min(floor, value)))


class _Joined:
    """The checked parts of a combined reward and the components and metrics that they contribute."""

    __slots__ = ("components", "metrics", "reason", "values")

    def __init__(self, parts: Mapping[str, Part]) -> None:
        self.values = {name: _value(repr(name), part) for name, part in parts.items()}
        self.components: dict[str, Number] = dict(self.values)
        self.metrics: dict[str, Number] = {}
        reasons = []
        for name, part in parts.items():
            if isinstance(part, Reward):
                self._carry(name, part.components, self.components)
                self._carry(name, part.metrics, self.metrics)
                if part.reason:
                    reasons.append(f"{name}: {part.reason}")
        self.reason = "; ".join(reasons) or None

    def _carry(self, name: str, numbers: Mapping[str, Number], into: dict[str, Number]) -> None:
        """Add a part's components and metrics, prefixed with the part's name."""
        for inner, value in numbers.items():
            outer = f"{name}.{inner}"
            if outer in self.components or outer in self.metrics:
                raise ConfigurationError(f"two numbers are both named {outer!r}: rename one of the parts")
            into[outer] = value

    def reward(self, value: float) -> Reward:
        return Reward(value, metrics=self.metrics, components=self.components, reason=self.reason)


def _value(what: str, part: object) -> float:
    if isinstance(part, Abstain):
        raise SampleError("abstain", part.reason)
    if isinstance(part, Failure):
        raise SampleError(part.kind, part.message, part.origin)
    try:
        return finite(part.value if isinstance(part, Reward) else part)
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from None


_INFINITY = float("inf")


def _rule(what: str, value: object, low: float | None, high: float | None) -> float:
    """Check a number that configures a rule, such as a weight, and return it."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value):
        raise ConfigurationError(f"{what} is {value!r}: write a finite number")
    if (low is not None and value < low) or (high is not None and value > high):
        bounds = f"{low:g} or more" if high is None else f"a number from {low:g} to {high:g}"
        raise ConfigurationError(f"{what} is {value!r}: write {bounds}")
    return value
