"""Counts the gradings of a run that have no reward by the kind and message of the failure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TypeAlias

from harness.printable import shortened
from harness.runs.rows import Row, failure_of

__all__ = ["FailureCounts", "FailureText", "failure_text"]

FailureText: TypeAlias = tuple[str, str]
"""Kind and message of a failure, as the page shows them."""

_LONGEST = 2_000
_MOST = 10_000
"""Maximum number of messages counted separately, because a grader may write a sample's ID into each one."""


def failure_text(row: Row) -> FailureText:
    """Return the reason why a grading has no reward."""
    kind, message = failure_of(row)
    return kind, shortened(message, _LONGEST)


@dataclass(slots=True)
class FailureCounts:
    """Counts the failures of a run."""

    counts: Counter[FailureText] = field(default_factory=Counter)

    def add(self, row: Row) -> None:
        """Count a grading without a reward."""
        text = failure_text(row)
        if len(self.counts) >= _MOST and text not in self.counts:
            text = (text[0], "(other messages, not counted separately)")
        self.counts[text] += 1

    def ordered(self) -> list[tuple[FailureText, int]]:
        """Return the failures, most frequent first."""
        return sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))
