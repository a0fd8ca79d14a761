"""Combine several numbers into one reward that keeps every part visible.

A part is a float, a bool, or what a check or another grader returns. The combined `Reward` has the parts as
its components; a part that is itself a Reward brings its own components and metrics along, as `part.name`. A
part without a reward (one that abstained, say) leaves the sample without one, for the same reason. A part
that is no finite number raises and so costs its sample; a rule that cannot be meant (weights that name no
part, a share above 1) is a ConfigurationError and fails the call. Nothing is clipped unless `clipped` or
`penalized` says so.

    return weighted({"name": same_name, "date": same_date}, {"name": 0.7, "date": 0.3})
    return gated(right, {"brief": brevity}, share=0.1)         # brevity pays only where the answer is right
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
    """Return the weighted mean of the parts; the weights need not sum to 1, the mean divides by their sum.

    Args:
        parts: The parts, by name.
        weights: A weight of 0 or more for each of them; 0 reports a part without paying for it.

    Raises:
        ConfigurationError: The names differ, a weight is negative or not finite, or all are 0.
        ValueError: A part is no finite number.
    """
    if parts.keys() != weights.keys():
        apart = ", ".join(sorted(map(str, parts.keys() ^ weights.keys())))
        raise ConfigurationError(f"{apart}: give every part one weight, and every weight its part")
    total = 0.0
    for name, weight in weights.items():
        total += _rule(f"the weight of {name!r}", weight, 0, None)
    if not 0 < total < _INFINITY:
        raise ConfigurationError("the weights sum to nothing: give at least one part a weight above 0")
    joined = _Joined(parts)
    value = sum(joined.values[name] * (weight / total) for name, weight in weights.items())
    # Rounding must not lift a mean above its largest part: above the grader's range it would be a failure.
    return joined.reward(min(max(value, min(joined.values.values())), max(joined.values.values())))


def gated(correct: Part, extras: Mapping[str, Part], *, share: float = 0.2) -> Reward:
    """Return a reward in which the extras count only as far as the answer is correct.

    The reward is `correct * (1 - share + share * mean of the extras)`: a wrong answer earns nothing however
    well it is formed, and a right one without any of the extras still earns `1 - share`.

    Args:
        correct: How correct the answer is, 0 to 1.
        extras: What else is wanted, by name, each 0 to 1 and all of equal weight.
        share: The part of the reward that the extras decide, 0 to 1.

    Raises:
        ConfigurationError: The share lies outside 0 to 1, or there are no extras.
        ValueError: A part lies outside 0 to 1.
    """
    _rule("share", share, 0, 1)
    if not extras:
        raise ConfigurationError(
            "extras is empty: name what else is wanted, or return the correctness itself"
        )
    if "correct" in extras:
        raise ConfigurationError("'correct' names the gate itself: give the extra another name")
    joined = _Joined({"correct": correct, **extras})
    for name, value in joined.values.items():
        if not 0 <= value <= 1:
            raise ValueError(f"{name!r} is {value}, outside 0 to 1: scale it before it is gated")
    values = list(joined.values.values())
    return joined.reward(values[0] * (1 - share + share * (sum(values[1:]) / len(extras))))


def minimum(parts: Mapping[str, Part]) -> Reward:
    """Return the smallest part: as good as what is worst.

    Args:
        parts: The parts, by name.

    Raises:
        ConfigurationError: There are no parts.
        ValueError: A part is no finite number.
    """
    if not parts:
        raise ConfigurationError("there are no parts: name at least one")
    joined = _Joined(parts)
    return joined.reward(min(joined.values.values()))


def clipped(reward: Part, low: float = 0.0, high: float = 1.0) -> Reward:
    """Return the reward, moved to the nearest bound where it lies outside them.

    The value before is reported as the metric `unclipped`, so that a bug which is always clipped can be seen.

    Args:
        reward: A number, or a Reward, whose components and metrics are kept.
        low: The smallest value.
        high: The largest value.

    Raises:
        ConfigurationError: The bounds are not finite, or the wrong way round.
        ValueError: The reward is no finite number.
    """
    _rule("low", low, None, None)
    _rule("high", high, low, None)
    value = _value("the reward", reward)
    kept = reward if isinstance(reward, Reward) else Reward(value)
    metrics = {"unclipped": value, **kept.metrics}
    return Reward(min(max(value, low), high), metrics=metrics, components=kept.components, reason=kept.reason)


def penalized(reward: Part, penalties: Mapping[str, Part], *, floor: float = 0.0) -> Reward:
    """Return the reward less its penalties, but not less than the floor.

    Args:
        reward: The reward before; it is reported as the component `base`.
        penalties: What is taken off, by name, each 0 or more; reported as it is given.
        floor: What penalties never push the reward below; a reward that is below it already stays as it is.

    Raises:
        ConfigurationError: The floor is not finite, or a penalty is named `base`.
        ValueError: A part is no finite number, or a penalty is negative.
    """
    _rule("floor", floor, None, None)
    if "base" in penalties:
        raise ConfigurationError("'base' names the reward before: give the penalty another name")
    joined = _Joined({"base": reward, **penalties})
    value, *taken = joined.values.values()
    for name in penalties:
        if joined.values[name] < 0:
            raise ValueError(f"the penalty {name!r} is {joined.values[name]}: a penalty is 0 or more")
    return joined.reward(max(value - sum(taken), min(floor, value)))


class _Joined:
    """Checked parts, and all that they bring along."""

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
        """Add a part's own numbers under its name."""
        for inner, value in numbers.items():
            outer = f"{name}.{inner}"
            if outer in self.components or outer in self.metrics:
                raise ConfigurationError(f"two numbers are both named {outer!r}: rename one of the parts")
            into[outer] = value

    def reward(self, value: float) -> Reward:
        """The combined reward."""
        return Reward(value, metrics=self.metrics, components=self.components, reason=self.reason)


def _value(what: str, part: object) -> float:
    """The number of a part."""
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
    """A number that the rule itself is made of."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value):
        raise ConfigurationError(f"{what} is {value!r}: write a finite number")
    if (low is not None and value < low) or (high is not None and value > high):
        bounds = f"{low:g} or more" if high is None else f"a number from {low:g} to {high:g}"
        raise ConfigurationError(f"{what} is {value!r}: write {bounds}")
    return value
