"""The protocol of a target, so that what sends samples need not know where they are graded.

A target takes an event as a service would send it and returns an `Answer`: either every sample graded, or the
fault that kept the whole call from being answered. It never raises for what a grader does, only where it
cannot be set up at all.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from graders.reward import Failure, Reward

_LONGEST_REASON = 2_000


class Graded(NamedTuple):
    """What became of one sample."""

    reward: float | None
    """The reward; None when the grader failed or abstained."""
    metrics: dict[str, float]
    """Every number reported beside it, components of a combined reward among them."""
    error: dict[str, str] | None
    """Why there is no reward: `kind` and `message`."""
    ms: float | None = None
    """Milliseconds for this sample alone, where the target can tell."""
    reason: str | None = None
    """The grader's sentence for people; None where it gave none or the answer came over a wire."""


class GraderFault(NamedTuple):
    """The grader failed the whole call: it raised, ran out of time or memory, or answered nonsense."""

    error_type: str
    message: str


class ServiceFault(NamedTuple):
    """What stands between us and the grader failed: network, credentials, throttling."""

    error_type: str
    message: str
    retryable: bool


class Answer(NamedTuple):
    """The answer to one event."""

    items: list[Graded]
    """One a sample, in order; empty when there is a fault."""
    ms: float
    """Milliseconds that the call took."""
    fault: GraderFault | ServiceFault | None = None
    changed: bool = False
    """Whether the grader changed the event that it was given, where the target was told to look."""


class Target(Protocol):
    """Grades events somewhere."""

    name: str
    """What people call it: `in-process`, `lambda-runtime`, an ARN."""
    max_bytes: int | None
    """The largest event that it takes, in bytes of JSON; None for no limit."""
    concurrency: int
    """How many calls may be under way at once; above 1, `grade` is called from several threads."""

    def grade(self, event: Any) -> Answer:
        """Grade the samples of one event."""
        ...

    def close(self) -> None:
        """Let go of processes and connections."""
        ...


def graded(outcome: float | Reward | Failure, ms: float | None = None) -> Graded:
    """An outcome of the library as the harness records it.

    Args:
        outcome: What became of a sample.
        ms: How long it took, if that is known.
    """
    if type(outcome) is float:
        # As the class itself would be called, in half the time: almost every outcome comes this way.
        return tuple.__new__(Graded, (outcome, {}, None, ms, None))
    if isinstance(outcome, Reward):
        components: dict[str, Any] = {**outcome.components, **outcome.metrics}
        reason = None if outcome.reason is None else str(outcome.reason)[:_LONGEST_REASON]
        return Graded(float(outcome), components, None, ms, reason)
    assert isinstance(outcome, Failure)
    message = f"{outcome.message} ({outcome.place})" if outcome.place else outcome.message
    return Graded(None, {}, {"kind": outcome.kind, "message": message}, ms)
