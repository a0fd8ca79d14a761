"""Follows a job until it ends, through network failures and restarts.

Each event is stored in the job's folder and reported once. `watch` sends at most two requests per interval,
plus one per 100 new events. It accepts unknown statuses and events, and gives up only if the service does not
respond for `patience_s`. If a job has no news for that long, `watch` reports this and continues.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.api.failures import RequestRefused, Unreachable
from harness.api.training_service import TrainingService
from harness.api.types import STEP, Event
from harness.clock import Backoff, Clock
from harness.findings import Finding
from harness.follow.brake import Brake
from harness.follow.event_log import EventLog
from harness.follow.events import NewEvents
from harness.follow.health import Health
from harness.follow.spending import SpendingLimit
from harness.follow.status import status_word, what_is_odd
from harness.follow.watched import Observer, Watched

__all__ = ["Polling", "watch"]

_LONGEST_WAIT_S = 60.0
_SETTLE_S = 2.0
_SETTLE_POLLS = 5
_RESUMES = "The job continues without you; the same command resumes."


@dataclass(frozen=True, slots=True)
class Polling:
    """The intervals of a watch, in seconds."""

    interval_s: float = 10.0
    """Time between two polls, which grows to a minute while there are no new events."""
    patience_s: float = 900.0
    """Maximum time without a response from the service."""


def watch(
    client: TrainingService,
    job_id: str,
    directory: Path,
    *,
    observer: Observer,
    clock: Clock,
    pace: Polling | None = None,
    limit: SpendingLimit | None = None,
) -> Watched:
    """Follow a job to its end.

    Args:
        client: The connection.
        job_id: The job.
        directory: The job's folder. Events that an earlier call stored there are not reported again.
        observer: Receives events, warnings and progress.
        clock: The clock, which also waits.
        pace: The intervals.
        limit: The cost limit above which the job is canceled.

    Returns:
        The job's final state, or its last known state if the service failed to cancel the job.

    Raises:
        Unreachable: The service did not respond for longer than `patience_s`. The same call resumes.
        RequestRefused: The job does not exist, or the key may not see it.
        InputError: The folder cannot be written.
    """
    with EventLog(directory) as log:
        with NewEvents(lambda after: client.events_page(job_id, after=after), log) as news:
            follower = _Follower(client, job_id, log, news, observer)
            _until_final(
                follower,
                clock,
                pace or Polling(),
                Brake(client, job_id, limit, clock, follower.watched, follower.note),
            )
            return follower.watched


class _Follower:
    """Rebuilds a job's state from its journal, and then updates the state with each poll."""

    def __init__(
        self, client: TrainingService, job_id: str, log: EventLog, news: NewEvents, observer: Observer
    ) -> None:
        self.client = client
        self.job_id = job_id
        self.log = log
        self.news = news
        self.observer = observer
        self.watched = Watched()
        self.health = Health()
        for event in log.recover():
            # Warnings about these events were reported before the restart.
            self._fold(event)
        self.watched.events = self.had = log.count
        observer.resumed(self.watched)

    def poll(self, brake: Brake) -> int:
        """Fetch the job and then its new events, and return the number of new events.

        The job is fetched before its events, so that no event before its final status is missed.
        """
        self.watched.job = self.client.job(self.job_id)
        # The limit applies even while events cannot be read.
        brake.check()
        odd = what_is_odd(self.watched.job)
        if odd is not None:
            self.note(odd)
        before = self.log.count
        for events in self.news.poll():
            self.watched.events = self.log.count
            self.watched.new_events = self.log.count - self.had
            self.observer.events(events)
            for finding in [finding for event in events for finding in self._fold(event)]:
                self.observer.warning(finding)
        if self.news.incomplete:
            self.note("the service promises more events than it sends: this list of events may be incomplete")
        self.observer.state(self.watched)
        return self.log.count - before

    def note(self, text: str) -> None:
        """Report a note unless it was reported before."""
        if text not in self.watched.notes:
            self.watched.notes.append(text)
            self.observer.note(text)

    def _fold(self, event: Event) -> list[Finding]:
        curves = self.watched.curves
        step = curves.step
        curves.add(event)
        data = event.get("data")
        if not (isinstance(data, dict) and STEP in data) or event.get("level") not in (None, "info"):
            self.watched.messages.append(event)
        found = self.health.check(curves) if curves.step != step else []
        self.watched.warnings += found
        return found


def _until_final(follower: _Follower, clock: Clock, pace: Polling, brake: Brake) -> None:
    backoff = Backoff(clock, first_s=2.0, longest_s=_LONGEST_WAIT_S, patience_s=pace.patience_s)
    silence = _Silence(clock, pace)
    interval = pace.interval_s
    seen = False
    quiet_polls = 0
    final_polls = 0
    while True:
        try:
            count = follower.poll(brake)
        except (Unreachable, RequestRefused) as error:
            trouble = _transient(error, seen, resumed=seen or follower.log.count > 0)
            lasted = backoff.lasted_s
            wait = backoff.next_s(trouble.retry_after_s)
            if wait is None and follower.watched.ended:
                follower.note(f"the job has ended, but its last events could not be read: {trouble.message}")
                return
            if wait is None:
                raise Unreachable(
                    f"{trouble.message} (for {lasted:.0f} s)",
                    status=trouble.status,
                    fix=trouble.fix if trouble.status == 404 else _RESUMES,
                    place=trouble.place,
                ) from error
            follower.observer.trouble(trouble, wait)
            clock.sleep(wait)
            continue
        seen = True
        backoff.reset()
        if follower.watched.ended:
            final_polls += 1
            # The last events may come after the last status.
            settled = count == 0 and final_polls > 1 and not follower.news.pending
            if settled or final_polls >= _SETTLE_POLLS:
                return
            clock.sleep(min(_SETTLE_S, pace.interval_s))
            continue
        final_polls = 0
        if brake.failed:
            return
        if brake.waits:
            clock.sleep(min(_SETTLE_S, pace.interval_s))
            continue
        silence.take_in(follower, count)
        quiet_polls = 0 if count else quiet_polls + 1
        longest = max(pace.interval_s, _LONGEST_WAIT_S)
        interval = pace.interval_s if quiet_polls < 6 else min(interval * 1.5, longest)
        clock.sleep(interval)


class _Silence:
    """Reports from time to time that a job has not changed for a long time."""

    def __init__(self, clock: Clock, pace: Polling) -> None:
        self._clock = clock
        self._every_s = max(pace.patience_s, _LONGEST_WAIT_S)
        self._status: str | None = None
        self._since = self._said = clock.monotonic()

    def take_in(self, follower: _Follower, events: int) -> None:
        now = self._clock.monotonic()
        status = status_word(follower.watched.job)
        if events or status != self._status:
            self._status = status
            self._since = self._said = now
            follower.watched.silence = None
        elif now - self._said >= self._every_s:
            self._said = now
            minutes = round((now - self._since) / 60)
            said = (
                f"no new event and no change for {minutes} min: the job is still {status}; watching continues"
            )
            follower.watched.silence = said
            follower.observer.note(said)


def _transient(error: Unreachable | RequestRefused, seen: bool, *, resumed: bool) -> Unreachable:
    """Return the error if the request may be retried, and raise it otherwise.

    If a job that was found earlier is now missing, the service may be at fault, so the request is retried.
    """
    if isinstance(error, Unreachable):
        return error
    if seen and error.status == 404:
        return Unreachable(
            error.message,
            status=404,
            fix="The job may have been deleted: `rft jobs` lists all jobs. The same command resumes.",
            place=error.place,
        )
    if not resumed:
        raise error
    # The refusal ends the watch, not the job.
    raise RequestRefused(
        error.message, status=error.status, fix=f"{error.fix or ''} {_RESUMES}".strip(), place=error.place
    ) from error
