"""Checks the curves for the warning signs that AWS lists for training.

Each kind of finding is reported once per job, as advice. The signs come from AWS (plateau below 0.15, entropy
approaching 0, exploding length, gradient spikes, rising variance). No source gives the other thresholds, so
this project chose them, and they are *unverified*.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Collection

from harness.api.types import ENTROPY, GRAD_NORM, RESPONSE_LENGTH_MEAN, REWARD_MEAN
from harness.findings import Finding, Severity
from harness.follow.curves import Curves

__all__ = ["Health"]

_PLATEAU = 0.15
_ENOUGH = 10
_SHORT = 5


class Health:
    """Checks the curves after every step and reports each finding once."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        """All findings so far."""
        self._checks: dict[str, Callable[[Curves], tuple[str, str] | None]] = {
            "W101": _not_a_number,
            "W102": _constant_reward,
            "W103": _plateau,
            "W104": _no_entropy,
            "W105": _length,
            "W106": _gradient_spike,
            "W107": _rising_variance,
        }

    def check(self, curves: Curves) -> list[Finding]:
        """Check the curves.

        Args:
            curves: The current curves.

        Returns:
            The new findings.
        """
        new = []
        for kind, check in list(self._checks.items()):
            found = check(curves)
            if found:
                message, fix = found
                new.append(Finding(kind, Severity.WARNING, f"step {curves.step}: {message}", fix=fix))
                del self._checks[kind]
        self.findings += new
        return new


def _not_a_number(curves: Curves) -> tuple[str, str] | None:
    if not curves.bad_numbers:
        return None
    names = ", ".join(sorted(curves.bad_numbers))
    return f"{names} is not a finite number", "Training has diverged: lower learning_rate_multiplier."


def _constant_reward(curves: Curves) -> tuple[str, str] | None:
    recent = list(curves.series[REWARD_MEAN].recent)[-_ENOUGH:]
    if len(recent) < _ENOUGH or max(recent) - min(recent) > 1e-9:
        return None
    value = f"{recent[-1]:.6g}"
    if recent[-1] <= 0:
        why = "See the grader's log for errors: a grader that cannot read its input gives equal rewards."
    else:
        why = "Equal rewards teach nothing: use harder records, or a grader that distinguishes answers."
    return f"the reward has been exactly {value} for {_ENOUGH} steps", why


def _plateau(curves: Curves) -> tuple[str, str] | None:
    reward = curves.series[REWARD_MEAN]
    if reward.count < 2 * _ENOUGH:
        return None
    now = statistics.fmean(list(reward.recent)[-_ENOUGH:])
    if now >= _PLATEAU or now > 1.2 * statistics.fmean(reward.first[:_ENOUGH]) + 0.005:
        return None
    return (
        f"the reward stays at {now:.3g}, below {_PLATEAU}",
        "Give credit for partial success, take easier records, or train with demonstrations first.",
    )


def _no_entropy(curves: Curves) -> tuple[str, str] | None:
    entropy = curves.series[ENTROPY]
    if entropy.count < 2 * _SHORT:
        return None
    begin = statistics.fmean(entropy.first[:_SHORT])
    now = statistics.fmean(list(entropy.recent)[-_SHORT:])
    if now >= 0.02 and (begin <= 0 or now >= 0.1 * begin):
        return None
    return (
        f"entropy fell from {begin:.3g} to {now:.3g}: the model has stopped trying other answers",
        "Lower learning_rate_multiplier, or keep an earlier checkpoint.",
    )


def _length(curves: Curves) -> tuple[str, str] | None:
    length = curves.series[RESPONSE_LENGTH_MEAN]
    if length.count < 2 * _SHORT:
        return None
    begin = statistics.fmean(length.first[:_SHORT])
    now = statistics.fmean(list(length.recent)[-_SHORT:])
    if now > 2 * begin and now - begin > 100:
        change = "grew"
    elif begin > 20 and now < 0.2 * begin:
        change = "shrank"
    else:
        return None
    return (
        f"answers {change} from {begin:.0f} to {now:.0f} tokens",
        "Read some of them: does the grader reward length itself? `rft rehearse` shows what a policy learns.",
    )


def _gradient_spike(curves: Curves) -> tuple[str, str] | None:
    norms = list(curves.series[GRAD_NORM].recent)
    if len(norms) < _ENOUGH:
        return None
    usual = statistics.median(norms[:-1])
    if norms[-1] <= 10 * usual or usual <= 0:
        return None
    return (
        f"the gradient norm jumped to {norms[-1]:.3g}, usually {usual:.3g}",
        "One spike is common; if they continue, lower learning_rate_multiplier or raise batch_size.",
    )


def _rising_variance(curves: Curves) -> tuple[str, str] | None:
    reward = curves.series[REWARD_MEAN]
    if reward.count < 40:
        return None
    begin, now = _spread(reward.first), _spread(reward.recent)
    if now <= 2.5 * begin or now <= 0.1:
        return None
    return (
        f"the reward's spread from step to step rose from {begin:.2g} to {now:.2g}",
        "Training is unstable: lower learning_rate_multiplier or raise batch_size.",
    )


def _spread(values: Collection[float]) -> float:
    """Return the standard deviation. `statistics` is a hundred times slower because it uses fractions."""
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values))
