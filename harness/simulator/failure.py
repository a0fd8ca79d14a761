"""Failures of a training job.

Bedrock's codes, messages and exact limits are *unverified*.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

__all__ = ["WINDOW", "JobFailure", "by_kind", "failing_grader"]

WINDOW: Final = 64
"""Number of most recent draws that `failing_grader` considers."""

_FEWEST: Final = 20
_MOST: Final = 0.5
# As in a deployed grader's error budget, these errors are not the grader's fault.
_EXCUSED: Final = ("abstain", "record")


class JobFailure(Exception):
    """Raised when a training job fails.

    Args:
        code: Machine-readable reason.
        message: The problem, and its fix.
        param: The request field that caused the failure.
    """

    def __init__(self, code: str, message: str, *, param: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.param = param


def failing_grader(latest: Sequence[str | None]) -> JobFailure | None:
    """Decide whether a job must stop because its grader fails too often.

    Args:
        latest: The error kind of each of the latest `WINDOW` draws; None for a draw with a reward.

    Returns:
        The failure, or None if at most half of the draws failed or there were fewer than 20.
    """
    kinds = Counter(kind for kind in latest if kind is not None and kind not in _EXCUSED)
    failed = kinds.total()
    if len(latest) < _FEWEST or failed <= _MOST * len(latest):
        return None
    return JobFailure(
        "grader_error_rate",
        f"{failed} of the last {len(latest)} samples got no reward: the job stops ({by_kind(kinds)})."
        " Replay the rollouts through the grader to see which ones fail.",
        param="method.reinforcement.grader",
    )


def by_kind(failures: Counter[str]) -> str:
    """Describe failures by kind, as in `exception 3, timeout 1`."""
    return ", ".join(f"{kind} {count}" for kind, count in sorted(failures.items()))
