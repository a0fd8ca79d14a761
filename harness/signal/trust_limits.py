"""Limits that `--fail-on` sets on a calibration, such as `kappa=0.7` or `flips=5%`."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from harness.errors import InputError
from harness.signal.calibration import Calibration
from harness.signal.statistic import Statistic

__all__ = ["LIMITS_OF_TRUST", "TrustLimit", "TrustOutcome", "outcome_of", "read_trust_limit"]

LIMITS_OF_TRUST = {
    "kappa": (True, "Cohen's kappa of a grading and the label"),
    "agreement": (True, "share of gradings that agree with the label"),
    "false_positives": (False, "of the labels that say no, the share of gradings above the middle"),
    "false_negatives": (False, "of the labels that say yes, the share of gradings that are not"),
    "flips": (False, "how often two gradings of a rollout differ"),
    "noise": (False, "variance of repeats over the variance within records"),
    "noise_of_total": (False, "variance of repeats over the variance of all gradings"),
    "position": (False, "how much more or less often than it should the label listed first is chosen"),
}
"""Statistics that can be limited, each with a description and True if the limit is a minimum."""


@dataclass(frozen=True, slots=True)
class TrustLimit:
    """A minimum or maximum for one statistic."""

    name: str
    value: float
    written: str
    """The limit as the user wrote it."""

    @property
    def least(self) -> bool:
        """True if the limit is a minimum rather than a maximum."""
        return LIMITS_OF_TRUST[self.name][0]


@dataclass(frozen=True, slots=True)
class TrustOutcome:
    """Result of checking a calibration against a limit."""

    limit: str
    value: float | None
    """The measured value; None if it was not measured."""
    least: bool
    kept: bool
    why: str | None = None
    """The reason why the value was not measured; None if it was."""


def read_trust_limit(text: str) -> TrustLimit:
    """Parse one limit.

    Args:
        text: `NAME=NUMBER` or `NAME=PERCENT%`.

    Raises:
        InputError: The argument is not a limit, or names an unknown statistic.
    """
    found = re.fullmatch(r"([^=]+)=(\d{1,15}(?:\.\d{1,9})?)(%?)", text.strip(), re.ASCII)
    if found is None:
        fix = "Write NAME=NUMBER or NAME=PERCENT%, as in kappa=0.7 or flips=5%."
        raise InputError(f"--fail-on {text!r} is not a limit", fix=fix)
    name = found[1].strip().replace("-", "_")
    if name not in LIMITS_OF_TRUST:
        near = difflib.get_close_matches(name, LIMITS_OF_TRUST, 1)
        hint = f"Did you mean {near[0]}? " if near else ""
        raise InputError(
            f"--fail-on has no limit {name!r}", fix=f"{hint}Known: {', '.join(LIMITS_OF_TRUST)}."
        )
    value = float(found[2]) / (100 if found[3] else 1)
    if value > 1:
        raise InputError(f"--fail-on {text!r} is more than 100%", fix="Write at most 1, or 100%.")
    return TrustLimit(name, value, text.strip())


def outcome_of(limit: TrustLimit, found: Calibration) -> TrustOutcome:
    """Check a calibration against one limit. A value that was not measured fails the check."""
    one = _statistic(limit.name, found)
    if one.value is None:
        return TrustOutcome(limit.written, None, limit.least, False, one.why)
    kept = one.value >= limit.value - 1e-9 if limit.least else one.value <= limit.value + 1e-9
    return TrustOutcome(limit.written, one.value, limit.least, kept)


def _statistic(name: str, found: Calibration) -> Statistic:
    if name == "position":
        bias = found.position_bias
        return bias if bias.value is None else Statistic(abs(bias.value), n=bias.n, of=bias.of)
    return {
        "kappa": found.kappa,
        "agreement": found.agreement,
        "false_positives": found.paid_no,
        "false_negatives": found.unpaid_yes,
        "flips": found.flips,
        "noise": found.noise,
        "noise_of_total": found.noise_of_total,
    }[name]
