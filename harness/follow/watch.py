"""Follows a job until it ends, through network failures and restarts.

Every event is reported once and kept in the job's folder. `watch` asks at most twice an interval plus a page
per 100 new events, tolerates statuses and events that it does not know, and gives up only after the service
was silent for `patience_s`. It prints nothing: an `Observer` does.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from harness.api.client import FineTuning
from harness.api.failures import RequestRefused, Unreachable
from harness.api.types import FINAL_STATUSES, Event, Job
from harness.clock import Backoff, Clock
from harness.findings import Finding
from harness.follow.curves import Curves
from harness.follow.event_log import EventLog
from harness.follow.events import NewEvents
from harness.follow.health import Health

__all__ = ["Observer", "JobEnd", "Polling", "watch"]

_LONGEST_WAIT_S = 60.0
_SETTLE_S = 2.0
_SETTLE_POLLS = 5


@dataclass(frozen=True, slots=True)
class Polling:
    """How often to ask, in seconds."""

    interval_s: float = 10.0
    """Between two polls; up to a minute while nothing happens."""
    patience_s: float = 900.0
    """How long the service may be silent."""


@dataclass(frozen=True, slots=True)
class JobEnd:
    """How a job ended."""

    job: Job
    events: int
    """Events in the journal."""
    new_events: int
    """Events that were new in this call."""
    curves: Curves
    warnings: list[Finding]

    @property
    def succeeded(self) -> bool:
        """Whether there is a tuned model."""
        return self.job.get("status") == "succeeded"


class Observer(Protocol):
    """Who is told what happens."""

    def resumed(self, count: int, curves: Curves) -> None:
        """`count` events were in the journal already."""

    def events(self, events: list[Event]) -> None:
        """New events, oldest first."""

    def warning(self, finding: Finding) -> None:
        """A curve looks bad."""

    def state(self, job: Job, curves: Curves) -> None:
        """The job and its curves after a poll."""

    def trouble(self, error: Unreachable, wait_s: float) -> None:
        """The service could not be reached; the next try is in `wait_s` seconds."""


def watch(
    client: FineTuning,
    job_id: str,
    directory: Path,
    *,
    observer: Observer,
    clock: Clock,
    pace: Polling | None = None,
) -> JobEnd:
    """Follow a job to its end.

    Args:
        client: The connection.
        job_id: The job.
        directory: The job's folder; what it holds of an earlier call is not repeated.
        observer: Who is told.
        clock: What waits.
        pace: How often to ask.

    Returns:
        The job as it ended.

    Raises:
        Unreachable: The service was silent for longer than `patience_s`; the same call resumes.
        RequestRefused: There is no such job, or the key may not see it.
        InputError: The folder cannot be written.
    """
    with EventLog(directory) as log:
        follower = _Follower(client, job_id, log, observer)
        with NewEvents(lambda after: client.events_page(job_id, after=after), log) as news:
            return _until_final(follower, news, clock, pace or Polling())


class _Follower:
    """One job's state in memory, folded from the journal and then from what is new."""

    def __init__(self, client: FineTuning, job_id: str, log: EventLog, observer: Observer) -> None:
        self.client = client
        self.job_id = job_id
        self.log = log
        self.observer = observer
        self.curves = Curves()
        self.health = Health()
        self.new_events = 0
        for event in log.recover():
            # What was said before the restart is not said again.
            self._fold(event)
        observer.resumed(log.count, self.curves)

    def poll(self, news: NewEvents) -> tuple[Job, int]:
        """Ask for the job and its new events; the job first, so that its last events are not missed."""
        job = self.client.job(self.job_id)
        count = 0
        for events in news.poll():
            count += len(events)
            self.new_events += len(events)
            self.observer.events(events)
            for finding in [finding for event in events for finding in self._fold(event)]:
                self.observer.warning(finding)
        self.observer.state(job, self.curves)
        return job, count

    def _fold(self, event: Event) -> list[Finding]:
        step = self.curves.step
        self.curves.add(event)
        return self.health.check(self.curves) if self.curves.step != step else []

    def outcome(self, job: Job) -> JobEnd:
        return JobEnd(job, self.log.count, self.new_events, self.curves, self.health.findings)


def _until_final(follower: _Follower, news: NewEvents, clock: Clock, pace: Polling) -> JobEnd:
    backoff = Backoff(clock, first_s=2.0, longest_s=_LONGEST_WAIT_S, patience_s=pace.patience_s)
    interval = pace.interval_s
    seen = False
    quiet_polls = 0
    final_polls = 0
    while True:
        try:
            job, count = follower.poll(news)
        except (Unreachable, RequestRefused) as error:
            trouble = _transient(error, seen)
            lasted = backoff.lasted_s
            wait = backoff.next_s(trouble.retry_after_s)
            if wait is None:
                raise Unreachable(
                    f"{trouble.message} (for {lasted:.0f} s)",
                    status=trouble.status,
                    fix="The job goes on without you; the same command resumes.",
                    place=trouble.place,
                ) from error
            follower.observer.trouble(trouble, wait)
            clock.sleep(wait)
            continue
        seen = True
        backoff.reset()
        if job.get("status") in FINAL_STATUSES:
            final_polls += 1
            # The last events may come after the last status.
            if (count == 0 and final_polls > 1) or final_polls >= _SETTLE_POLLS:
                return follower.outcome(job)
            clock.sleep(_SETTLE_S)
            continue
        quiet_polls = 0 if count else quiet_polls + 1
        longest = max(pace.interval_s, _LONGEST_WAIT_S)
        interval = pace.interval_s if quiet_polls < 6 else min(interval * 1.5, longest)
        clock.sleep(interval)


def _transient(error: Unreachable | RequestRefused, seen: bool) -> Unreachable:
    """An error worth waiting for: a job that was seen and then is not there is a service in disorder."""
    if isinstance(error, Unreachable):
        return error
    if seen and error.status == 404:
        return Unreachable(error.message, status=404, place=error.place)
    raise error
