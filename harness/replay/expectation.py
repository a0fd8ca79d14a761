"""Parses the rewards that a rollouts file expects, in the field `expected_reward`.

The value is a number, null for no reward, or an object with `at_least`, `at_most` or both. A line without the
field expects any reward in the grader's range.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.data.record_fields import EXPECTED
from harness.replay.expect import TOLERANCE
from harness.runs.facts import Bounds

__all__ = ["Expectation", "expectation_of"]

_BOUNDS = ("at_least", "at_most")


@dataclass(frozen=True, slots=True)
class Expectation:
    """The expected bounds of one rollout's reward."""

    at_least: float | None = None
    at_most: float | None = None
    no_reward: bool = False
    """True if grading is expected to end without a reward."""

    def holds(self, reward: float | None, bounds: Bounds | None) -> bool:
        """Return True if a reward is as expected.

        Args:
            reward: The reward, or None if grading failed.
            bounds: The grader's range, or None if unknown.
        """
        if reward is None or self.no_reward:
            return reward is None and self.no_reward
        low, high = self._within(bounds)
        return (low is None or reward >= low - TOLERANCE) and (high is None or reward <= high + TOLERANCE)

    def words(self, bounds: Bounds | None) -> str:
        """Return the expectation in words, such as `at least 0.5`."""
        low, high = self._within(bounds)
        if self.no_reward:
            return "no reward"
        if low is None and high is None:
            return "a reward"
        if low is None or high is None:
            return f"at least {low:g}" if high is None else f"at most {high:g}"
        return f"{low:g}" if low == high else f"from {low:g} to {high:g}"

    def _within(self, bounds: Bounds | None) -> tuple[float | None, float | None]:
        """Return the line's bounds, or the grader's range if the line has no bounds."""
        if self.at_least is None and self.at_most is None and bounds is not None:
            return bounds
        return self.at_least, self.at_most


def expectation_of(line: Mapping[str, Any]) -> Expectation:
    """Parse the expectation of a line.

    Args:
        line: The line, with the fields of its `metadata` merged in.

    Raises:
        ValueError: The field has an invalid value.
    """
    if EXPECTED not in line:
        return Expectation()
    value = line[EXPECTED]
    if value is None:
        return Expectation(no_reward=True)
    if _is_number(value):
        return Expectation(value, value)
    if not isinstance(value, dict) or not value or not set(value).issubset(_BOUNDS):
        raise ValueError(f"{EXPECTED} is not a number, null, or an object with at_least and at_most")
    if not all(map(_is_number, value.values())):
        raise ValueError(f"a bound of {EXPECTED} is not a number")
    found = Expectation(value.get("at_least"), value.get("at_most"))
    if found.at_least is not None and found.at_most is not None and found.at_least > found.at_most:
        raise ValueError(f"{EXPECTED} is at least {found.at_least:g} and at most {found.at_most:g}")
    return found


def _is_number(value: Any) -> bool:
    try:
        return type(value) in (int, float) and math.isfinite(value)
    except OverflowError:
        return False
