"""Interprets a job's status, including statuses that are not documented.

AWS documents `succeeded` and `cancelled`. The other known statuses are those of OpenAI or native Bedrock. A
job with an unknown status has ended if its `finished_at` is set.
"""

from __future__ import annotations

from typing import Final

from harness.api.safe_text import plain_text
from harness.api.seen import SeenJob
from harness.api.types import FINAL_STATUSES

__all__ = ["has_ended", "has_succeeded", "is_cancelled", "status_word", "what_is_odd"]

_SUCCEEDED: Final = frozenset({"succeeded", "completed"})
_ENDED: Final = FINAL_STATUSES | {"completed", "stopped", "canceled", "expired"}
_CANCELLED: Final = frozenset({"cancelled", "canceled", "cancelling", "canceling", "stopped", "stopping"})
_GOING_ON: Final = frozenset(
    {"validating_files", "queued", "running", "pausing", "paused", "resuming"}
    | {"cancelling", "inprogress", "in_progress", "stopping"}
)


def status_word(job: SeenJob | None) -> str:
    """Return a job's status in the service's spelling and safe to print, or `(no status)`."""
    found = None if job is None else job.status or job.odd.get("status")
    return plain_text(found) if found else "(no status)"


def has_ended(job: SeenJob) -> bool:
    """Return True if a job has ended. For an unknown status, `finished_at` decides.

    Args:
        job: The service's job.
    """
    word = _word(job)
    return word in _ENDED or (word not in _GOING_ON and _is_finished(job))


def has_succeeded(job: SeenJob) -> bool:
    """Return True if a job ended with a tuned model."""
    return _word(job) in _SUCCEEDED


def is_cancelled(job: SeenJob) -> bool:
    """Return True if a job is canceled or being canceled."""
    return _word(job) in _CANCELLED


def what_is_odd(job: SeenJob) -> str | None:
    """Describe an ambiguous or unknown status.

    Args:
        job: The service's job.

    Returns:
        One sentence without a period, or None for the usual statuses.
    """
    word, shown = _word(job), status_word(job)
    if word in _ENDED:
        return None
    if word in _GOING_ON:
        if not _is_finished(job):
            return None
        return f"the service says that the job is {shown}, and also when it finished; watching continues"
    if _is_finished(job):
        return f"the job has finished with the status {shown}, which rft does not know as a success"
    return f"rft does not know the status {shown}; watching continues until the job has an end"


def _word(job: SeenJob) -> str:
    return (job.status or "").strip().casefold()


def _is_finished(job: SeenJob) -> bool:
    """Return True if a job has an end time. `SeenJob` turns 0, false and an empty string into None."""
    return job.finished_at is not None
