"""Creates exactly one job per plan, whichever folder submits it and even after failures.

The training file's name on the service ends with a digest of the plan (`file_ending`). The file of an earlier
submission is therefore found by its name, and the job by its file. The journal records each request before it
is sent. POST /fine_tuning/jobs is repeated only if the service did not process the request (because it was
throttled or not reached), or if the list of jobs, read several times, shows no new job.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import httpx2

from harness.api.client import FineTuning
from harness.api.failures import RequestRefused, Unreachable
from harness.api.seen import SeenFile, SeenJob
from harness.api.types import JobRequest
from harness.clock import Backoff, Clock
from harness.jobs.journal import Entry, file_ending
from harness.jobs.plan import Plan, checked_copy

__all__ = ["Submitted", "submit"]

Found = TypeVar("Found")

_TRIES = 4
_PATIENCE_S = 600.0
_LOOKS = 4
_LOOK_AGAIN_S = 5.0
_UNUSABLE = ("error", "deleted")


@dataclass(frozen=True, slots=True)
class Submitted:
    """A submitted job."""

    job: SeenJob
    found: bool
    """True if an earlier call had created the job."""
    unlooked: str | None = None
    """Error that made the list of files incomplete. In this case another submission may exist."""


def submit(client: FineTuning, plan: Plan, entry: Entry, clock: Clock) -> Submitted:
    """Create the job, or find the one that an earlier call created.

    Args:
        client: The connection.
        plan: The plan.
        entry: The plan's journal.
        clock: The clock, which also waits.

    Returns:
        The job.

    Raises:
        RequestRefused: The service refuses the file or the job.
        Unreachable: The service could not be reached. The same call resumes.
        InputError: The training file changed, or the journal cannot be written.
    """
    if entry.facts.job.id is not None:
        return Submitted(client.job(entry.facts.job.id), found=True)
    if (known := entry.facts.file.id) is not None:
        unsure = entry.facts.state == "creating"
        # A submission from another folder may use our file, and a new job may be listed late.
        job = _created_before(client, [known], clock, looks=_LOOKS if unsure else 1)
        if job is not None:
            return _done(entry, job, found=True)
        return _created(client, plan.request(known), entry, clock, unsure=unsure)
    look = partial(_same_files, client, plan, entry, clock)
    files = look()
    own = None
    if not files.ids:
        own = _uploaded(client, plan, entry, look)
        files = replace(look(), why=files.why)  # someone else may have uploaded the same file in the meantime
    chosen = next(iter(files.ids), own)
    assert chosen is not None
    entry.reach("uploaded", file_id=chosen)
    rivals = {chosen, *files.ids} != {own}
    if rivals:
        job = _created_before(client, [chosen, *files.ids], clock)
        if job is not None:
            return _done(entry, job, found=True)
        if own not in (None, chosen):
            raise Unreachable(
                "the same plan is being submitted from elsewhere",
                fix="Run the same command again: it finds that job.",
            )
    done = _created(client, plan.request(chosen), entry, clock, unsure=rivals)
    return replace(done, unlooked=files.why)


@dataclass(frozen=True, slots=True)
class _SameFiles:
    """The files on the service that belong to a submission."""

    ids: tuple[str, ...]
    """File IDs, oldest first. The job uses the oldest file."""
    why: str | None = None
    """The reason why the list may be incomplete."""


def _same_files(client: FineTuning, plan: Plan, entry: Entry, clock: Clock) -> _SameFiles:
    """Find the training files that earlier calls uploaded, on this machine or another."""
    ending, name = file_ending(entry.facts.name, plan), entry.facts.file.name

    def is_same(file: SeenFile) -> bool:
        called = file.name or ""
        whole = file.bytes in (plan.data.bytes, None)  # skip truncated uploads
        return (called == name or called.endswith(ending)) and whole and file.status not in _UNUSABLE

    def look() -> _SameFiles:
        found = []
        why = None
        try:
            for file in client.files():
                if file.id is not None and is_same(file):
                    found.append((_time(file), file.id))
        except RequestRefused as error:
            why = error.message
        except Unreachable as error:
            if error.__cause__ is not None:
                raise
            why = error.message  # the service's list does not end, or has a missing page
        return _SameFiles(tuple(file_id for _, file_id in sorted(found)), why)

    return _patiently(look, clock)


def _time(file: SeenFile) -> float:
    return file.created_at if isinstance(file.created_at, float) else 0.0


def _uploaded(client: FineTuning, plan: Plan, entry: Entry, look: Callable[[], _SameFiles]) -> str:
    content = checked_copy(plan.data)
    entry.reach("uploading")
    try:
        uploaded = client.upload(plan.data.path, entry.facts.file.name, content).id
        assert uploaded is not None
        return uploaded
    except RequestRefused:
        entry.reach("intended")
        raise
    except Unreachable as error:
        # If the request never left this machine, a list of files could not be read either.
        found = look().ids if _may_have_arrived(error) else ()
        if not found:
            raise
        return found[0]


def _may_have_arrived(error: Unreachable) -> bool:
    """Return True if the service may have carried out a failed request."""
    return not isinstance(getattr(error.__cause__, "__cause__", None), httpx2.ConnectError)


def _patiently(look: Callable[[], Found], clock: Clock) -> Found:
    """Read a list, and retry while the service cannot be reached, because reading has no side effects."""
    backoff = Backoff(clock, tries=_TRIES, patience_s=_PATIENCE_S)
    while True:
        try:
            return look()
        except Unreachable as error:
            if not backoff.wait(error.retry_after_s):
                raise


def _created(
    client: FineTuning, request: JobRequest, entry: Entry, clock: Clock, *, unsure: bool
) -> Submitted:
    """Send the request until the service responds. `unsure` means that an earlier one may take effect."""
    backoff = Backoff(clock, tries=_TRIES, patience_s=_PATIENCE_S)
    while True:
        entry.reach("creating")
        try:
            return _done(entry, client.create_job(request), found=False)
        except RequestRefused:
            _nothing_came_of_it(entry, unsure)
            raise
        except Unreachable as error:
            if error.status == 429 or not _may_have_arrived(error):
                # The service did not process a throttled request. A request without a connection was never
                # sent.
                _nothing_came_of_it(entry, unsure)
            else:
                unsure = True
                job = _created_before(client, [request["training_file"]], clock)
                if job is not None:
                    return _done(entry, job, found=True)
            if not backoff.wait(error.retry_after_s):
                raise


def _nothing_came_of_it(entry: Entry, unsure: bool) -> None:
    if not unsure:
        entry.reach("uploaded")


def _created_before(
    client: FineTuning, files: Collection[str], clock: Clock, looks: int = _LOOKS
) -> SeenJob | None:
    """Return the job that uses one of these files. The list of jobs is read repeatedly, as it may lag."""

    def look() -> SeenJob | None:
        return next((job for job in client.jobs() if job.training_file in files), None)

    for number in range(looks):
        job = _patiently(look, clock)
        if job is not None:
            return job
        if number < looks - 1:
            clock.sleep(_LOOK_AGAIN_S)
    return None


def _done(entry: Entry, job: SeenJob, *, found: bool) -> Submitted:
    if job.id is None:
        raise Unreachable("the service created a job without an id", fix="See `rft jobs`.")
    entry.reach("created", job_id=job.id)
    return Submitted(job, found)
