"""Everything that can go wrong in grading, classified once.

    GraderError
    +-- DecorationError      @grader or a factory was misused; raised while the module is imported
    +-- ConfigurationError   nothing can be graded like this (no key, a throttled judge); fails the call
    +-- EventError           the event has no shape that any service sends; fails the call
    |   +-- AnswerShapeError     what a handler answered is not a list of entries, one for each sample
    |   +-- AnswerIdError        an entry carries another id than the sample in its place
    |   +-- AnswerRewardError    an entry's reward, or one of its metrics, is not a finite number
    +-- RecordError          this record cannot be graded (no reference); costs this sample only
    +-- SampleError          one sample got no reward; raised by calling a grader with it, carries the kind
    +-- ErrorBudgetExceeded  more samples failed than `max_error_rate` allows; fails the call

A scoring function raises plain Python. Whatever it raises costs its own sample, except
`ConfigurationError`, which no other sample could survive either.
"""

from __future__ import annotations


class GraderError(Exception):
    """The root of every error that this package raises."""

    def __str__(self) -> str:
        """The message, in which nothing that came from data steers a terminal."""
        return _readable(super().__str__())


class DecorationError(GraderError, TypeError):
    """A grader or a check was declared in a way that cannot work."""


class ConfigurationError(GraderError):
    """Nothing can be graded until the set-up is fixed; the whole call fails."""


class EventError(GraderError, ValueError):
    """The event is in none of the shapes that a service sends."""


class AnswerShapeError(EventError):
    """What a handler answered is not a list of entries, one for each sample."""


class AnswerIdError(EventError):
    """An entry of an answer carries another id than the sample in its place."""


class AnswerRewardError(EventError):
    """The reward of an entry, or one of its metrics, is not a finite number."""


class RecordError(GraderError, ValueError):
    """The sample's record cannot be graded, whatever was answered to it."""


class SampleError(GraderError):
    """One sample got no reward.

    Args:
        kind: `exception`, `timeout`, `abstain`, `record` or `value`.
        message: What happened, for the person who wrote the scoring function.
        origin: The type and place of the error behind it, without content; empty where there is none.
    """

    def __init__(self, kind: str, message: str, origin: str = "") -> None:
        super().__init__(kind, message, origin)  # as it was called, so that it can be pickled
        self.kind = kind
        self.message = message
        self.origin = origin

    def __str__(self) -> str:
        """The kind, what happened, and where."""
        place = self.origin.rpartition(" at ")[2] if " at " in self.origin else ""
        return _readable(f"{self.kind}: {self.message}{place and f' ({place})'}")


class ErrorBudgetExceeded(GraderError):
    """Too many of the last samples failed, so the grader itself counts as broken."""


class Interrupted(BaseException):
    """Raised inside a scoring function that ran out of time.

    A BaseException, so that a scoring function's `except Exception` does not swallow it.
    """


def _readable(text: str) -> str:
    """Text with its lines and tabs; other control characters and lone surrogates are escaped."""
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
