"""`rft checkpoints`: the models that a job kept on its way."""

from __future__ import annotations

from pathlib import Path

import click

from harness.api.safe_text import plain_text
from harness.cli.options import jobs_dir_option, json_option
from harness.cli.output import emit_json, say
from harness.cli.service import Service, at, service_options


@click.command("checkpoints")
@click.argument("job")
@jobs_dir_option
@service_options
@json_option
def command(job: str, jobs_dir: Path, service: Service, as_json: bool) -> int:
    """List the checkpoints of JOB, a name or an id, by rising step. Ask one with `rft chat --checkpoint`."""
    from harness.jobs.journal import find_job

    job_id, _ = find_job(jobs_dir, job)
    if service.shows(lambda client: next(client.checkpoints(job_id))):
        return 0
    from harness.api.inference import checkpoints_by_step

    with service.connect() as client:
        found = checkpoints_by_step(client, job_id)
    if as_json:
        emit_json({"job": job_id, "checkpoints": found})
        return 0
    if not found:
        say("no checkpoints yet")
    for checkpoint in found:
        metrics = checkpoint.get("metrics") or {}
        numbers = "  ".join(
            f"{plain_text(str(name))} {value:.4g}"
            for name, value in metrics.items()
            if name != "step" and isinstance(value, int | float) and not isinstance(value, bool)
        )
        model = plain_text(str(checkpoint.get("fine_tuned_model_checkpoint")))
        step = checkpoint.get("step_number")
        say(f"step {step!s:>6}  {at(checkpoint.get('created_at'))}  {model}  {numbers}".rstrip())
    return 0
