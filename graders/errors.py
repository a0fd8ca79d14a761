"""The errors that graders raise.

    GraderError
    +-- DecorationError      @grader or a factory was misused; raised while the module is imported
    +-- ConfigurationError   no sample can be graded (no key, a throttled judge); fails the call
    +-- EventError           the event has an unknown shape; fails the call
    |   +-- AnswerShapeError     a handler's answer is not a list with one entry per sample
    |   +-- AnswerIdError        an entry's id differs from the id of the sample at its position
    |   +-- AnswerRewardError    an entry's reward, or one of its metrics, is not a finite number
    +-- RecordError          this record cannot be graded (no reference); fails only this sample
    +-- SampleError          one sample got no reward; raised when a grader is called with a sample
    +-- ErrorBudgetExceeded  more samples failed than `max_error_rate` allows; fails the call

Scoring functions raise ordinary Python exceptions. An exception fails only the sample being graded, except
for `ConfigurationError`, which fails the whole call.
"""

from __future__ import annotations


class GraderError(Exception):
    """Base class of all errors that this package raises."""

    def __str__(self) -> str:
        """Return the message with control characters escaped, because it may quote data."""
        return _readable(super().__str__())


class DecorationError(GraderError, TypeError):
    """Raised when a grader or a check is declared incorrectly."""


class ConfigurationError(GraderError):
    """Raised when no sample can be graded until the setup is fixed, so the whole call fails."""


class EventError(GraderError, ValueError):
    """Raised when an event has an unknown shape, so none of its samples can be read."""


class AnswerShapeError(EventError):
    """Raised when a handler's response is not a list with one entry per sample."""


class AnswerIdError(EventError):
    """Raised when the id of a response's entry differs from the id of the sample at the same position."""


class AnswerRewardError(EventError):
    """Raised when the reward or a metric in a response's entry is not a finite number."""


class RecordError(GraderError, ValueError):
    """Raised when a record has a fault, such as a missing reference, so its completions cannot be graded."""


class SampleError(GraderError):
    """Raised when a sample cannot be given a reward.

    Args:
        kind: `exception`, `timeout`, `abstain`, `record` or `value`.
        message: A description of the cause for the author of the scoring function.
        origin: Type and location of the original error, without content. Empty if there was no such error.
    """

    def __init__(self, kind: str, message: str, origin: str = "") -> None:
        super().__init__(kind, message, origin)  # pickling needs the unchanged arguments
        self.kind = kind
        self.message = message
        self.origin = origin

    def __str__(self) -> str:
        place = self.origin.rpartition(" at ")[2] if " at " in self.origin else ""
        return _readable(f"{self.kind}: {self.message}{place and f' ({place})'}")


class ErrorBudgetExceeded(GraderError):
    """Raised when more of the last samples failed than `max_error_rate` allows, so the whole call fails."""


class Interrupted(BaseException):
    """Raised inside a scoring function that exceeds its time limit.

    This is a BaseException so that `except Exception` in a scoring function does not catch it.
    """


def _readable(text: str) -> str:
    """Escape control characters and lone surrogates, except line breaks and tabs."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in "\n\t" else ascii(char)[1:-1] for char in text)


__all__ = [
    "AnswerIdError",
    "AnswerRewardError",
    "AnswerShapeError",
    "ConfigurationError",
    "DecorationError",
    "ErrorBudgetExceeded",
    "EventError",
    "GraderError",
    "RecordError",
    "SampleError",
]
