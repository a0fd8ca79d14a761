"""What a job's status says: whether the job has ended, how, and whether the word is known at all.

AWS documents `succeeded` and `cancelled`; the other words are OpenAI's or native Bedrock's. A service may
send a word that nobody has documented, so its time of end decides where the word does not.
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
    """A job's status in its service's spelling, safe to print; `(no status)` where it sent none."""
    found = None if job is None else job.status or job.odd.get("status")
    return plain_text(found) if found else "(no status)"


def has_ended(job: SeenJob) -> bool:
    """Whether nothing more will happen to a job.

    Args:
        job: As the service describes it. A word that is not known counts as an end where `finished_at` is
            set.
    """
    word = _word(job)
    return word in _ENDED or (word not in _GOING_ON and _is_finished(job))


def has_succeeded(job: SeenJob) -> bool:
    """Whether a job ended with a tuned model."""
    return _word(job) in _SUCCEEDED


def is_cancelled(job: SeenJob) -> bool:
    """Whether a job is cancelled, or will be without being asked again."""
    return _word(job) in _CANCELLED


def what_is_odd(job: SeenJob) -> str | None:
    """Say what a status leaves open.

    Args:
        job: As the service describes it.

    Returns:
        One sentence without its stop; None for the usual words.
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
    """Whether there is anything that may be a time of end; 0, false and an empty text are none."""
    return job.finished_at is not None
