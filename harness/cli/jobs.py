"""`rft jobs`: lists the fine-tuning jobs or shows one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from harness.api.safe_text import plain_text
from harness.api.seen import Json, SeenJob, as_text
from harness.cli.columns import say_columns
from harness.cli.options import jobs_dir_option, json_option, limit_option
from harness.cli.output import emit_json, say
from harness.cli.service import Service, at, service_options, tell_incomplete, tell_no_id
from harness.errors import HarnessError, InputError, ServiceError

if TYPE_CHECKING:
    from harness.api.pages import Listing
    from harness.api.training_service import TrainingService
    from harness.jobs.journal import Entry


@click.command("jobs")
@click.argument("job", required=False)
@limit_option("jobs", 20)
@click.option("--status", metavar="STATUS", help="Show only jobs with this status.")
@click.option(
    "--refresh/--no-refresh",
    default=True,
    show_default=True,
    help="Retrieve each listed job that has not ended, because lists may be stale.",
)
@click.option("--native", is_flag=True, help="List the jobs of native Bedrock, which tunes Nova.")
@jobs_dir_option
@service_options
@json_option
def command(
    job: str | None,
    limit: int,
    status: str | None,
    refresh: bool,
    native: bool,
    jobs_dir: Path,
    service: Service,
    as_json: bool,
) -> int:
    """List the newest fine-tuning jobs; with JOB, a name or an id, show that job in full.

    Exit codes: 0 listed; 2 wrong input; 3 the service could not be reached, or the list is incomplete.
    """
    from harness.jobs.journal import find_entry, find_job

    job_id = find_job(jobs_dir, job)[0] if job else None
    if service.shows(
        lambda client: client.job(job_id) if job_id else client.jobs_page(limit=min(limit, 100)),
        name=job_id or "",
        native=native and not job_id,
    ):
        return 0
    with service.native() if native and not job_id else service.connect_to(job_id or "") as client:
        if job_id:
            return _show(client.job(job_id), find_entry(jobs_dir, job_id), as_json)
        found = _newest(client, limit, status, refresh)
    return _list(found, jobs_dir, as_json)


class _Found(NamedTuple):
    """The jobs to show, and the errors for jobs whose details could not be retrieved."""

    jobs: Listing[SeenJob]
    stale: dict[int, HarnessError]
    """The errors, keyed by index in `jobs`."""


def _newest(client: TrainingService, limit: int, status: str | None, refresh: bool) -> _Found:
    from harness.api.pages import gathered
    from harness.follow.status import has_ended

    current: list[SeenJob] = []
    stale: dict[int, HarnessError] = {}

    def retrieved(job: SeenJob) -> SeenJob:
        if not refresh or has_ended(job):
            return job
        try:
            if job.id is None:
                raise InputError("it has no id")
            if any(isinstance(error, ServiceError) for error in stale.values()):
                raise ServiceError("the service could not be reached for the job before")
            found = client.job(job.id)
            if found.id != job.id:
                raise ServiceError(f"the service answered with {plain_text(as_text(found.raw))}")
            return found
        except HarnessError as error:
            stale[len(current)] = error
            return job

    def wanted() -> Iterator[SeenJob]:
        for listed in client.jobs(page_size=min(limit, 100)):
            job = retrieved(listed)
            if status is None or job.status == status:
                current.append(job)
                yield job
            else:
                stale.pop(len(current), None)

    return _Found(gathered(islice(wanted(), limit)), stale)


def _show(job: SeenJob, entry: Entry | None, as_json: bool) -> int:
    if as_json:
        emit_json(job.raw)
        return tell_no_id(job.id, job.raw)
    journal = entry.facts if entry else None
    replay = journal.replay if journal else None
    lines = {
        "job": job.id,
        "status": job.status,
        "model": job.model,
        "tuned model": job.tuned_model,
        "grader": job.grader_arn,
        "its code": journal.grader.code_sha256 if journal else None,
        "replayed in": f"{replay.run} (the same code: {replay.same_code})" if replay else None,
        "hyperparameters": _listed(job.hyperparameters),
        "training file": job.training_file,
        "created": at(job.created_at),
        "finished": at(job.finished_at),
        "error": job.error,
        **{f"{name} (as sent)": text for name, text in job.odd.items()},
    }
    for name, value in lines.items():
        if value not in (None, "-") or name in ("job", "status", "model"):
            say(f"{name:16} {plain_text(str(value or '-'))}")
    return tell_no_id(job.id, job.raw)


def _listed(values: Json | None) -> str | None:
    return ", ".join(f"{name} {value}" for name, value in values.items()) if values else None


def _list(found: _Found, jobs_dir: Path, as_json: bool) -> int:
    jobs = found.jobs.elements
    if as_json:
        stale = [{"job": jobs[at].id, "error": str(error)} for at, error in found.stale.items()]
        emit_json(
            {"jobs": [job.raw for job in jobs], "not_refreshed": stale, "incomplete": found.jobs.incomplete}
        )
        return tell_incomplete(found.jobs)
    if not jobs:
        if found.jobs.incomplete is None:
            say("no jobs")
        return tell_incomplete(found.jobs)
    from harness.jobs.journal import names_by_id

    names = names_by_id(jobs_dir)
    lines = []
    for number, job in enumerate(jobs):
        status = f"{job.status or job.odd.get('status') or '-'}{'?' if number in found.stale else ''}"
        models = ", tuned to ".join(filter(None, (job.model, job.tuned_model)))
        if job.id is None:
            models = as_text(job.raw)
        lines.append(
            (job.id or job.odd.get("id"), status, at(job.created_at), names.get(job.id or ""), models)
        )
    say_columns(("job", "status", "created", "name"), lines)
    for number, error in found.stale.items():
        shown = plain_text(jobs[number].id or "a job without an id")
        say(f"? {shown} is shown as listed; it could not be retrieved: {error}", err=True)
    return tell_incomplete(found.jobs)
