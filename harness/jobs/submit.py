"""Creates exactly one job, whatever breaks on the way.

Before each request the journal says what is about to happen; after a kill or a lost answer the file is found
again by its name, which no other file has, and the job by that file. POST /fine_tuning/jobs is sent again
only when the service says that it refused, or when the job's list shows, more than once, that none came of
it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import httpx2

from harness.api.client import FineTuning
from harness.api.failures import RequestRefused, Unreachable
from harness.api.types import Job, JobRequest
from harness.clock import Backoff, Clock
from harness.errors import InputError
from harness.jobs.journal import Entry
from harness.jobs.plan import Plan, read_training_file

__all__ = ["Submitted", "submit"]

Found = TypeVar("Found")

_TRIES = 4
_LOOKS = 4
_LOOK_AGAIN_S = 5.0


@dataclass(frozen=True, slots=True)
class Submitted:
    """A job that exists."""

    job: Job
    found: bool
    """Whether an earlier call had created it."""


def submit(client: FineTuning, plan: Plan, entry: Entry, clock: Clock) -> Submitted:
    """Create the job, or find the one that an earlier call created.

    Args:
        client: The connection.
        plan: What to train.
        entry: Its journal.
        clock: What waits.

    Returns:
        The job.

    Raises:
        RequestRefused: The service does not want the file or the job.
        Unreachable: The service could not be reached; the same call resumes.
        InputError: The training file changed, or the journal cannot be written.
    """
    if entry.facts.job.id is not None:
        return Submitted(client.job(entry.facts.job.id), found=True)
    file_id = entry.facts.file.id or _uploaded(client, plan, entry, clock)
    unsure = entry.facts.state == "creating"
    if unsure:
        job = _created_before(client, file_id, clock)
        if job is not None:
            return _done(entry, job, found=True)
    return _created(client, plan.request(file_id), entry, clock, unsure=unsure)


def _uploaded(client: FineTuning, plan: Plan, entry: Entry, clock: Clock) -> str:
    size = plan.data.bytes
    file_id = _file_id(client, entry, size, clock) if entry.facts.state == "uploading" else None
    if file_id is None:
        entry.reach("uploading")
        try:
            file_id = client.upload(plan.data.path, entry.facts.file.name).get("id")
        except RequestRefused:
            entry.reach("intended")
            raise
        except Unreachable as error:
            # Nobody there: looking would only wait for the same.
            file_id = _file_id(client, entry, size, clock) if _may_have_arrived(error) else None
            if file_id is None:
                raise
        if not isinstance(file_id, str):
            raise Unreachable("the service took the file but gave it no id", fix="See `rft files`.")
        if read_training_file(plan.data.path).sha256 != plan.data.sha256:
            entry.reach("intended")
            raise InputError(
                "changed while it was being submitted; no job was created",
                fix=f"Run the command again, and delete the file {file_id} with `rft files delete`.",
                place=str(plan.data.path),
            )
    entry.reach("uploaded", file_id=file_id)
    return file_id


def _may_have_arrived(error: Unreachable) -> bool:
    """Whether a request that failed may have been carried out: not when it never left this machine."""
    return not isinstance(getattr(error.__cause__, "__cause__", None), httpx2.ConnectError)


def _file_id(client: FineTuning, entry: Entry, size: int, clock: Clock) -> str | None:
    def look() -> str | None:
        for file in client.files():
            if file.get("filename") == entry.facts.file.name and file.get("bytes", size) == size:
                return file["id"]
        return None

    return _patiently(look, clock)


def _patiently(look: Callable[[], Found], clock: Clock) -> Found:
    """Look, and look again when the service cannot be reached: looking changes nothing."""
    backoff = Backoff(clock, tries=_TRIES)
    while True:
        try:
            return look()
        except Unreachable as error:
            if not backoff.wait(error.retry_after_s):
                raise


def _created(
    client: FineTuning, request: JobRequest, entry: Entry, clock: Clock, *, unsure: bool
) -> Submitted:
    """Send the request until it is answered; `unsure` says that one sent before may still take effect."""
    backoff = Backoff(clock, tries=_TRIES)
    while True:
        entry.reach("creating")
        try:
            return _done(entry, client.create_job(request), found=False)
        except RequestRefused:
            _nothing_came_of_it(entry, unsure)
            raise
        except Unreachable as error:
            if error.status == 429 or not _may_have_arrived(error):
                # A throttled request was never looked at, one without a connection never sent.
                _nothing_came_of_it(entry, unsure)
            else:
                unsure = True
                job = _created_before(client, request["training_file"], clock)
                if job is not None:
                    return _done(entry, job, found=True)
            if not backoff.wait(error.retry_after_s):
                raise


def _nothing_came_of_it(entry: Entry, unsure: bool) -> None:
    if not unsure:
        entry.reach("uploaded")


def _created_before(client: FineTuning, file_id: str, clock: Clock) -> Job | None:
    """The job of our file, which nobody else can have used; looked for again, since lists may lag behind."""

    def look() -> Job | None:
        return next((job for job in client.jobs() if job.get("training_file") == file_id), None)

    for number in range(_LOOKS):
        job = _patiently(look, clock)
        if job is not None:
            return job
        if number < _LOOKS - 1:
            clock.sleep(_LOOK_AGAIN_S)
    return None


def _done(entry: Entry, job: Job, *, found: bool) -> Submitted:
    if not isinstance(job.get("id"), str):
        raise Unreachable("the service created a job without an id", fix="See `rft jobs`.")
    entry.reach("created", job_id=job["id"])
    return Submitted(job, found)
