"""Cancels a job that costs more than its limit."""

from __future__ import annotations

from collections.abc import Callable

from harness.api.failures import AnsweredNo, RequestRefused
from harness.api.training_service import TrainingService
from harness.clock import Clock
from harness.follow.spending import SpendingLimit
from harness.follow.status import status_word
from harness.follow.watched import Watched

__all__ = ["Brake"]

_CANCEL_S = 60.0
"""Number of seconds that the service may take to cancel a job."""


class Brake:
    """Cancels a job, only once, when its known cost exceeds the limit.

    Args:
        client: The connection.
        job_id: The job.
        limit: The cost limit; None to never cancel the job.
        clock: The clock.
        watched: The watched job, whose cost is updated.
        note: Called with each message, which is a sentence without a period.
    """

    def __init__(
        self,
        client: TrainingService,
        job_id: str,
        limit: SpendingLimit | None,
        clock: Clock,
        watched: Watched,
        note: Callable[[str], None],
    ) -> None:
        self._client = client
        self._job_id = job_id
        self._limit = limit
        self._clock = clock
        self._watched = watched
        self._note = note
        self._asked_at: float | None = None
        for sentence in limit.sentences() if limit else ():
            note(sentence)

    def check(self) -> None:
        """Check the cost, and cancel the job if it exceeds the limit.

        Raises:
            Unreachable: The service could not be reached. The next call tries again.
        """
        watched, limit = self._watched, self._limit
        if limit is None or watched.ended:
            return
        watched.cost = limit.so_far(watched.curves.step, self._hours(limit))
        if self._asked_at is not None or not limit.is_passed(watched.cost):
            return
        self._note(f"the known cost so far is above {limit.usd:g} USD: asking the service to cancel the job")
        try:
            self._client.cancel(self._job_id)
        except (RequestRefused, AnsweredNo) as error:
            watched.job = self._client.job(self._job_id)
            if not watched.ended:
                watched.stop = "refused"
                self._note(f"the job was not canceled and continues: {error.message}")
                return
        self._asked_at = self._clock.monotonic()
        watched.stop = "asked"

    @property
    def waits(self) -> bool:
        """True once the service has been asked to cancel the job."""
        return self._asked_at is not None

    @property
    def failed(self) -> bool:
        """True if the job continues although the service was asked to cancel it."""
        if self._watched.stop == "refused":
            return True
        if self._asked_at is None or self._clock.monotonic() - self._asked_at < _CANCEL_S:
            return False
        self._watched.stop = "refused"
        self._note(
            f"the job was not canceled and continues: {_CANCEL_S:.0f} s after the request, the service"
            f" still says {status_word(self._watched.job)}; `rft cancel` asks again"
        )
        return True

    def _hours(self, limit: SpendingLimit) -> float | None:
        """Return the hours since the job was created, or None if they or the price per hour are unknown."""
        if limit.usd_per_hour is None:
            return None
        job = self._watched.job
        begun = job.created_at if job is not None else None
        if not isinstance(begun, float):
            self._note("the service does not say when the job was created: its hours are not counted")
            return None
        return max(0.0, self._clock.time() - begun) / 3600
