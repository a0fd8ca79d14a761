"""Every error that grading can raise, in one tree.

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

A scoring function raises ordinary Python exceptions. An exception fails only its own sample, except
`ConfigurationError`, which would fail every other sample too.
"""

from __future__ import annotations


class GraderError(Exception):
    """The base class of every error that this package raises."""

    def __str__(self) -> str:
        """Return the message, with the control characters that data could contain escaped."""
        return _readable(super().__str__())


class DecorationError(GraderError, TypeError):
    """A grader or a check was declared incorrectly."""


class ConfigurationError(GraderError):
    """No sample can be graded until the setup is fixed; the whole call fails."""


class EventError(GraderError, ValueError):
    """The event has an unknown shape, so none of its samples can be read."""


class AnswerShapeError(EventError):
    """A handler's answer is not a list with one entry per sample."""


class AnswerIdError(EventError):
    """An answer's entry has a different id from the sample at its position."""


class AnswerRewardError(EventError):
    """The reward in an entry, or one of its metrics, is not a finite number."""


class RecordError(GraderError, ValueError):
    """No completion for the sample's record can be graded, because of a fault in the record."""


class SampleError(GraderError):
    """One sample got no reward.

    Args:
        kind: `exception`, `timeout`, `abstain`, `record` or `value`.
        message: The cause, for the author of the scoring function.
        origin: The type and location of the original error, without content; empty if there was none.
    """

    def __init__(self, kind: str, message: str, origin: str = "") -> None:
        super().__init__(kind, message, origin)  # pickling needs the unchanged arguments
        self.kind = kind
        self.message = message
        self.origin = origin

    def __str__(self) -> str:
        """Return the kind of failure, its cause and its location."""
        place = self.origin.rpartition(" at ")[2] if " at " in self.origin else ""
        return _readable(f"{self.kind}: {self.message}{place and f' ({place})'}")


class ErrorBudgetExceeded(GraderError):
    """More of the last samples failed than `max_error_rate` allows, so the whole call fails."""


class Interrupted(BaseException):
    """A scoring function exceeded its time limit; raised inside that function.

    This is a BaseException, so that a scoring function's `except Exception` does not catch it.
    """


def _readable(text: str) -> str:
    """Escape control characters and lone surrogates in a text, except line breaks and tabs."""
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
