"""Defines the state of a watched job, and the observer to which a watch reports."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Literal, Protocol

from harness.api.cost import JobCost
from harness.api.failures import Unreachable
from harness.api.seen import SeenJob
from harness.api.types import Event
from harness.findings import Finding
from harness.follow.curves import Curves
from harness.follow.status import has_ended, has_succeeded

__all__ = ["Observer", "Watched"]

_MESSAGES_KEPT = 5


@dataclass(slots=True)
class Watched:
    """A watched job, with its progress so far and its outcome."""

    job: SeenJob | None = None
    """The job as described by the service; None until the service has responded."""
    curves: Curves = field(default_factory=Curves)
    warnings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """Notes about the job, such as an unknown status or events that may be missing."""
    silence: str | None = None
    """A note if the job has reported nothing new for a long time; None otherwise."""
    messages: deque[Event] = field(default_factory=lambda: deque(maxlen=_MESSAGES_KEPT))
    """The latest events other than a step's metrics."""
    events: int = 0
    """Number of events in the journal."""
    new_events: int = 0
    """Number of events added to the journal since the watch started."""
    cost: JobCost | None = None
    """The known cost of the job so far; None if there is no limit."""
    stop: Literal["asked", "refused"] | None = None
    """`asked` after a request to cancel the job because of its cost; `refused` if it continues anyway."""

    @property
    def ended(self) -> bool:
        """True if the job has ended."""
        return self.job is not None and has_ended(self.job)

    @property
    def succeeded(self) -> bool:
        """True if the job ended with a tuned model."""
        return self.job is not None and has_succeeded(self.job)


class Observer(Protocol):
    """Receives events, warnings and progress while a job is watched."""

    def resumed(self, watched: Watched) -> None:
        """Called after the journal was read, whose contents are now in `watched`."""

    def events(self, events: list[Event]) -> None:
        """Called with new events, oldest first."""

    def warning(self, finding: Finding) -> None:
        """Called with a warning about a curve."""

    def note(self, text: str) -> None:
        """Called with a note about the job or the service, which is one sentence without a period."""

    def state(self, watched: Watched) -> None:
        """Called after each poll."""

    def trouble(self, error: Unreachable, wait_s: float) -> None:
        """Called when the service could not be reached. The next attempt follows in `wait_s` seconds."""
