"""Limits that a comparison must keep, as `--fail-on` writes them: `flips=1%`, `failures=0`."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from harness.errors import InputError
from harness.signal.comparison import Comparison

__all__ = ["LIMITS", "Limit", "LimitOutcome", "measured_of", "read_limit"]

LIMITS = {
    "changed": "rollouts whose reward differs, of the common ones",
    "flips": "rollouts whose advantage changes its sign, of the common ones",
    "inversions": "pairs of one record that are ordered the other way, of the ordered ones",
    "zero_std": "zero-std groups that the second run has more, of the common groups",
    "failures": "rollouts that had a reward and have none now, of the common ones",
    "false_positives": "labels that say no that the second run pays above the middle, of those labels",
    "false_negatives": "labels that say yes that the second run does not, of those labels",
}
"""What can be limited: the count, and what a percentage is of."""


@dataclass(frozen=True, slots=True)
class Limit:
    """The most that a comparison may show of something."""

    name: str
    most: float
    percent: bool
    """Whether `most` is a percentage."""

    def __str__(self) -> str:
        return f"{self.name}={self.most:g}{'%' if self.percent else ''}"


@dataclass(frozen=True, slots=True)
class LimitOutcome:
    """A limit and what the comparison shows."""

    limit: str
    count: int | None
    """None where it was not measured."""
    of: int | None
    kept: bool
    why: str | None = None
    """Why it was not measured."""


def read_limit(text: str) -> Limit:
    """Read one limit.

    Args:
        text: `NAME=COUNT` or `NAME=PERCENT%`.

    Raises:
        InputError: It is no limit, or its name is not known.
    """
    found = re.fullmatch(r"([^=]+)=(\d{1,15}(?:\.\d{1,9})?)(%?)", text.strip(), re.ASCII)
    if found is None:
        raise InputError(
            f"--fail-on {text!r} is no limit", fix="Write NAME=COUNT or NAME=PERCENT%, as in flips=1%."
        )
    name, number, percent = found[1].strip().replace("-", "_"), found[2], bool(found[3])
    if name not in LIMITS:
        near = difflib.get_close_matches(name, LIMITS, 1)
        hint = f"Did you mean {near[0]}? " if near else ""
        raise InputError(f"--fail-on knows no {name!r}", fix=f"{hint}Known: {', '.join(LIMITS)}.")
    if not percent and "." in number:
        raise InputError(f"--fail-on {text!r} is no count", fix=f"Write a whole number, or {text.strip()}%.")
    if percent and float(number) > 100:
        raise InputError(f"--fail-on {text!r} is more than all", fix="A percentage is at most 100%.")
    return Limit(name, float(number), percent)


def measured_of(limit: Limit, found: Comparison) -> LimitOutcome:
    """Hold a comparison to one limit; what was not measured does not keep it."""
    count, of, why = _counted(limit.name, found)
    if count is None or of is None:
        return LimitOutcome(str(limit), None, None, False, why)
    most = limit.most / 100 * of if limit.percent else limit.most
    return LimitOutcome(str(limit), count, of, count <= most + 1e-9)


def _counted(name: str, found: Comparison) -> tuple[int | None, int | None, str | None]:
    """How often it happened, of how many, or why that is not known."""
    order, labels = found.order, found.labels
    if name.startswith("false_"):
        if labels is None:
            return None, None, found.why_no_labels
        one = labels.now.false_positives if name == "false_positives" else labels.now.false_negatives
        if one.value is None:
            return None, None, one.why
        return round(one.value * one.n), one.n, None
    if order is None:
        return None, None, "the runs share no completion"
    return {
        "changed": (order.changed, order.rollouts, None),
        "flips": (order.flipped, order.rollouts, None),
        "inversions": (order.inverted, order.pairs, None),
        "zero_std": (max(0, order.zero_std_now - order.zero_std_was), order.groups, None),
        "failures": (order.failed_now, order.rollouts, None),
    }[name]
