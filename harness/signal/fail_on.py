"""Limits that `--fail-on` sets on a comparison, such as `flips=1%` or `failures=0`."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TypeAlias

from harness.errors import InputError
from harness.signal.comparison import Comparison

__all__ = ["GROWING", "LIMITS", "Limit", "LimitOutcome", "measured_of", "read_limit"]

LIMITS = {
    "changed": "rollouts whose reward differs, of those in common",
    "flips": "rollouts whose advantage changes sign, of those in common",
    "inversions": "pairs of one record whose order is reversed, of the ordered pairs",
    "failures": "rollouts that lost their reward, of those in common",
    "broken": "rollouts whose reward agreed with the label but now contradicts it, of the labeled ones",
    "zero_std": "zero-std groups of the second run, of its groups",
    "false_positives": "labels that say no but get more than the middle in the second run, of those labels",
    "false_negatives": "labels that say yes but get at most the middle in the second run, of those labels",
}
"""Statistics that can be limited, each with the total to which a percentage refers."""

GROWING = ("zero_std", "false_positives", "false_negatives")
"""Statistics whose increase can be limited with `+`, as in `zero_std=+2%`."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit on one statistic of a comparison."""

    name: str
    most: float
    percent: bool
    """True if `most` is a percentage."""
    more: bool = False
    """True if the limit applies to the increase from the first run to the second."""

    def __str__(self) -> str:
        return f"{self.name}={'+' if self.more else ''}{self.most:g}{'%' if self.percent else ''}"


@dataclass(frozen=True, slots=True)
class LimitOutcome:
    """Result of checking a comparison against a limit."""

    limit: str
    count: int | None
    """The measured value; None if it was not measured."""
    of: int | None
    kept: bool
    why: str | None = None
    """The reason why the value was not measured; None if it was."""
    before: int | None = None
    """The count in the first run, if the increase is limited."""


def read_limit(text: str) -> Limit:
    """Parse one limit.

    Args:
        text: `NAME=COUNT` or `NAME=PERCENT%`, or `NAME=+COUNT` for an increase.

    Raises:
        InputError: The argument is not a limit, or names an unknown statistic.
    """
    found = re.fullmatch(r"([^=]+)=(\+?)(\d{1,15}(?:\.\d{1,9})?)(%?)", text.strip(), re.ASCII)
    if found is None:
        raise InputError(
            f"--fail-on {text!r} is not a limit", fix="Write NAME=COUNT or NAME=PERCENT%, as in flips=1%."
        )
    name, number, percent = found[1].strip().replace("-", "_"), found[3], bool(found[4])
    if name not in LIMITS:
        near = difflib.get_close_matches(name, LIMITS, 1)
        hint = f"Did you mean {near[0]}? " if near else ""
        raise InputError(f"--fail-on has no limit {name!r}", fix=f"{hint}Known: {', '.join(LIMITS)}.")
    if not percent and "." in number:
        raise InputError(
            f"--fail-on {text!r} is not a count", fix=f"Write a whole number, or {text.strip()}%."
        )
    if percent and float(number) > 100:
        raise InputError(f"--fail-on {text!r} is more than 100%", fix="A percentage is at most 100%.")
    if found[2] and name not in GROWING:
        fix = f"Write {name}={number}{'%' * percent}; + goes with {', '.join(GROWING)}."
        raise InputError(f"--fail-on {text!r}: {name} already counts changes", fix=fix)
    return Limit(name, float(number), percent, bool(found[2]))


def measured_of(limit: Limit, found: Comparison) -> LimitOutcome:
    """Check a comparison against one limit. A value that was not measured fails the check."""
    count, of, before, why = _counted(limit.name, found)
    if count is None or of is None or before is None:
        return LimitOutcome(str(limit), None, None, False, why)
    if limit.more and limit.percent:  # the difference of two shares in percentage points
        grown = (count / of if of else 0.0) - (before[0] / before[1] if before[1] else 0.0)
        return LimitOutcome(str(limit), count, of, grown * 100 <= limit.most + 1e-9, before=before[0])
    if limit.more:
        return LimitOutcome(str(limit), count, of, count - before[0] <= limit.most, before=before[0])
    most = limit.most / 100 * of if limit.percent else limit.most
    return LimitOutcome(str(limit), count, of, count <= most + 1e-9)


_Counted: TypeAlias = tuple[int | None, int | None, tuple[int, int] | None, str | None]
"""Count and total in the second run, the same in the first run, and the reason if they are unknown."""


def _counted(name: str, found: Comparison) -> _Counted:
    order, labels, zero = found.order, found.labels, found.zero_std
    if name == "zero_std":
        return zero.now, zero.groups, (zero.was, zero.groups), None
    if name.startswith("false_"):
        if labels is None:
            return None, None, None, found.why_no_labels
        was, now = labels.was, labels.now
        if name == "false_positives":
            return _of_some(now.paid_no, now.no, (was.paid_no, was.no), "no label says no")
        return _of_some(now.unpaid_yes, now.yes, (was.unpaid_yes, was.yes), "no label says yes")
    if order is None:
        return None, None, None, "the runs are compared record by record"
    if name == "broken":
        if labels is None or labels.broken is None:
            return None, None, None, found.why_no_labels
        return labels.broken, labels.rollouts, (0, 0), None
    return {
        "changed": (order.changed, order.rollouts, (0, 0), None),
        "flips": (order.flipped, order.rollouts, (0, 0), None),
        "inversions": (order.inverted, order.pairs, (0, 0), None),
        "failures": (order.failed_now, order.rollouts, (0, 0), None),
    }[name]


def _of_some(count: int, of: int, before: tuple[int, int], why: str) -> _Counted:
    return (count, of, before, None) if of else (None, None, None, why)
