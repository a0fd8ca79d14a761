"""`rft cancel`: cancels a job permanently."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.api.safe_text import plain_text
from harness.cli.options import jobs_dir_option, json_option, yes_option
from harness.cli.output import emit_json, printable, say
from harness.cli.service import Service, service_options
from harness.errors import InputError

if TYPE_CHECKING:
    from harness.api.seen import SeenJob
    from harness.api.training_service import TrainingService


@click.command("cancel")
@click.argument("job")
@yes_option
@jobs_dir_option
@service_options
@json_option
def command(
    job: str,
    yes: bool,
    jobs_dir: Path,
    service: Service,
    as_json: bool,
) -> int:
    """Cancel JOB, a name or an id. A canceled job cannot be resumed.

    Exit codes: 0 canceled; 1 the service accepted the request, but the job is not canceled; 2 the job had
    already ended; 3 the service could not be reached.
    """
    from harness.follow.status import is_cancelled
    from harness.jobs.journal import find_job

    job_id, _ = find_job(jobs_dir, job)
    if service.shows(lambda client: client.cancel(job_id), name=job_id):
        return 0
    with service.connect_to(job_id) as client:
        found = client.job(job_id)
        if not is_cancelled(found):
            if not yes:
                confirm(f"Cancel {job_id}? It cannot be resumed.")
            found = _cancelled(client, job_id)
    if as_json:
        emit_json(found.raw)
    status = plain_text(found.status or found.odd.get("status") or "in an unknown state")
    if not is_cancelled(found):
        say(f"rft: {printable(job_id)} was not canceled: it is {status}", err=True)
        return 1
    if not as_json:
        say(f"{job_id} is {status}")
    return 0


def _cancelled(client: TrainingService, job_id: str) -> SeenJob:
    """Cancel the job.

    It is not an error if the service refuses because the job is already canceled. The response to an earlier
    request may have been lost.
    """
    from harness.api.failures import RequestRefused
    from harness.follow.status import has_ended, is_cancelled

    try:
        found = client.cancel(job_id)
        return found if is_cancelled(found) else client.job(job_id)
    except RequestRefused as error:
        found = client.job(job_id)
        if is_cancelled(found):
            return found
        if has_ended(found):
            message = f"the job has already {found.status}, so there is nothing to cancel"
            raise InputError(message, place=job_id) from error
        raise


def confirm(question: str) -> None:
    """Ask for confirmation on stderr. Raise an error unless the answer is yes.

    Args:
        question: The question, including the action to confirm.

    Raises:
        InputError: stdin is not a terminal or the answer is no.
    """
    if not sys.stdin.isatty():
        raise InputError("cannot ask for confirmation: stdin is not a terminal", fix="Add --yes.")
    if not click.confirm(printable(question), err=True):
        raise InputError("not confirmed: nothing was changed")
