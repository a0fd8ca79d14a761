"""`rft jobs`: list the fine-tuning jobs, or look at one."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.api.safe_text import plain_text
from harness.cli.options import jobs_dir_option, json_option, limit_option
from harness.cli.output import emit_json, say
from harness.cli.service import Service, at, service_options

if TYPE_CHECKING:
    from harness.api.client import FineTuning
    from harness.api.types import Job
    from harness.jobs.journal import Entry


@click.command("jobs")
@click.argument("job", required=False)
@limit_option("jobs", 20)
@click.option("--status", metavar="STATUS", help="Show only jobs with this status.")
@click.option(
    "--refresh/--no-refresh",
    default=True,
    show_default=True,
    help="Ask again for each listed job that has not ended: lists may be stale.",
)
@jobs_dir_option
@service_options
@json_option
def command(
    job: str | None,
    limit: int,
    status: str | None,
    refresh: bool,
    jobs_dir: Path,
    service: Service,
    as_json: bool,
) -> int:
    """List the newest fine-tuning jobs; with JOB, a name or an id, show that one in full."""
    from harness.jobs.journal import find_entry, find_job

    job_id = find_job(jobs_dir, job)[0] if job else None
    if service.shows(
        lambda client: client.job(job_id) if job_id else client.jobs_page(limit=min(limit, 100))
    ):
        return 0
    with service.connect() as client:
        if job_id:
            _show(client.job(job_id), find_entry(jobs_dir, job_id), as_json)
        else:
            _list(_newest(client, limit, status, refresh), as_json)
    return 0


def _newest(client: FineTuning, limit: int, status: str | None, refresh: bool) -> list[Job]:
    from harness.api.types import FINAL_STATUSES

    def current(job: Job) -> Job:
        return client.job(job["id"]) if refresh and job.get("status") not in FINAL_STATUSES else job

    listed = client.jobs(page_size=min(limit, 100))
    if status is None:
        return [current(job) for job in islice(listed, limit)]
    wanted = (job for job in map(current, listed) if job.get("status") == status)
    return list(islice(wanted, limit))


def _show(job: Job, entry: Entry | None, as_json: bool) -> None:
    if as_json:
        emit_json(job)
        return
    journal = entry.facts if entry else None
    replay = journal.replay if journal else None
    method: dict[str, Any] = dict(job.get("method") or {})
    reinforcement = dict(method.get("reinforcement") or {})
    grader = ((reinforcement.get("grader") or {}).get("lambda") or {}).get("function")
    error: Any = job.get("error") or {}
    lines = {
        "job": job.get("id"),
        "status": job.get("status"),
        "model": job.get("model"),
        "tuned model": job.get("fine_tuned_model"),
        "grader": grader,
        "its code": journal.grader.code_sha256 if journal else None,
        "replayed in": f"{replay.run} (the same code: {replay.same_code})" if replay else None,
        "hyperparameters": reinforcement.get("hyperparameters") or job.get("hyperparameters"),
        "training file": job.get("training_file"),
        "created": at(job.get("created_at")),
        "finished": at(job.get("finished_at")),
        "error": f"{error.get('code')}: {error.get('message')}" if error.get("message") else None,
    }
    for name, value in lines.items():
        if value not in (None, "-"):
            say(f"{name:16} {plain_text(str(value))}")


def _list(jobs: list[Job], as_json: bool) -> None:
    if as_json:
        emit_json({"jobs": jobs})
        return
    if not jobs:
        say("no jobs")
    for job in jobs:
        words = [job.get("id"), job.get("status"), job.get("model"), job.get("fine_tuned_model") or ""]
        job_id, status, model, tuned = (plain_text(str(word)) for word in words)
        say(f"{job_id:28} {status:16} {at(job.get('created_at')):20} {model:22} {tuned}".rstrip())
