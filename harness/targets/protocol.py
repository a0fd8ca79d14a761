"""The protocol that all targets implement, so that callers need not know where samples are graded.

A target takes an event as a service would send it, and returns an `Answer`: either a result for every sample,
or the fault that made the whole call fail. It raises an error only if it cannot be set up, never because a
grader failed.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from graders.reward import Failure, Reward

_LONGEST_REASON = 2_000


class Graded(NamedTuple):
    """The result of one sample."""

    reward: float | None
    """The reward; None if the grader failed or abstained."""
    metrics: dict[str, float]
    """All reported metrics, including the components of a combined reward."""
    error: dict[str, str] | None
    """The reason why there is no reward: `kind` and `message`."""
    ms: float | None = None
    """Milliseconds for this sample; None if the target does not measure single samples."""
    reason: str | None = None
    """The grader's readable explanation; None if it gave none, or if the response format carries none."""


class GraderFault(NamedTuple):
    """The grader failed the whole call: it raised, exceeded a limit, or returned an invalid response."""

    error_type: str
    message: str


class ServiceFault(NamedTuple):
    """The grader could not be called because of the network, credentials or throttling."""

    error_type: str
    message: str
    retryable: bool


class Answer(NamedTuple):
    """A target's response to one event."""

    items: list[Graded]
    """One result per sample, in order; empty if there is a fault."""
    ms: float
    """Duration of the call in milliseconds."""
    fault: GraderFault | ServiceFault | None = None
    changed: bool = False
    """True if the grader changed its event. False if the target does not check that."""


class Target(Protocol):
    """A place where events are graded."""

    name: str
    """The target's display name: `in-process`, `lambda-runtime`, or an ARN."""
    max_bytes: int | None
    """Maximum event size in bytes of JSON; None for no limit."""
    concurrency: int
    """Maximum number of calls in flight; above 1, `grade` is called from several threads."""

    def grade(self, event: Any) -> Answer:
        """Grade the samples of one event."""
        ...

    def close(self) -> None:
        """Release processes and connections."""
        ...


def graded(outcome: float | Reward | Failure, ms: float | None = None) -> Graded:
    """Convert an outcome from the library to the harness's own type.

    Args:
        outcome: The outcome of a sample.
        ms: The duration in milliseconds, if known.
    """
    if type(outcome) is float:
        # This equals a call of the class but takes half the time, and almost every outcome is made here.
        return tuple.__new__(Graded, (outcome, {}, None, ms, None))
    if isinstance(outcome, Reward):
        components: dict[str, Any] = {**outcome.components, **outcome.metrics}
        reason = None if outcome.reason is None else str(outcome.reason)[:_LONGEST_REASON]
        return Graded(float(outcome), components, None, ms, reason)
    assert isinstance(outcome, Failure)
    message = f"{outcome.message} ({outcome.place})" if outcome.place else outcome.message
    return Graded(None, {}, {"kind": outcome.kind, "message": message}, ms)
