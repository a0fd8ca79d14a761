"""What a watch knows about a job, and the observer that it reports to."""

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
    """What is known of a job: so far while it is followed, and how it ended."""

    job: SeenJob | None = None
    """None until the service has answered."""
    curves: Curves = field(default_factory=Curves)
    warnings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What the service left open: unknown statuses, events that may be missing."""
    silence: str | None = None
    """That the job answers and has reported nothing new for long, while it lasts."""
    messages: deque[Event] = field(default_factory=lambda: deque(maxlen=_MESSAGES_KEPT))
    """The latest events that are more than a step's metrics."""
    events: int = 0
    """Events in the journal."""
    new_events: int = 0
    """Events that were new in this call."""
    cost: JobCost | None = None
    """What the job has cost so far, as far as it is known; None without a limit."""
    stop: Literal["asked", "refused"] | None = None
    """Whether the limit was passed: the service was asked to cancel the job, or refused to."""

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to the job."""
        return self.job is not None and has_ended(self.job)

    @property
    def succeeded(self) -> bool:
        """Whether there is a tuned model."""
        return self.job is not None and has_succeeded(self.job)


class Observer(Protocol):
    """Receives what happens while a job is followed."""

    def resumed(self, watched: Watched) -> None:
        """The journal was read; `watched` holds what it knew."""

    def events(self, events: list[Event]) -> None:
        """New events, oldest first."""

    def warning(self, finding: Finding) -> None:
        """A curve looks bad."""

    def note(self, text: str) -> None:
        """Something about the job or the service, one sentence without its stop."""

    def state(self, watched: Watched) -> None:
        """What is known after a poll."""

    def trouble(self, error: Unreachable, wait_s: float) -> None:
        """The service could not be reached; the next try is in `wait_s` seconds."""
