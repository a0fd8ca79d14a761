"""`rft checkpoints`: the models that a job kept on its way."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.columns import say_columns
from harness.cli.options import jobs_dir_option, json_option
from harness.cli.output import emit_json, say
from harness.cli.service import Service, at, service_options, tell_incomplete

if TYPE_CHECKING:
    from harness.api.types import Checkpoint


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
        emit_json({"job": job_id, "checkpoints": found.elements, "incomplete": found.incomplete})
    elif found.elements:
        say_columns(("step", "created", "model"), [_line(checkpoint) for checkpoint in found.elements])
    else:
        say("no checkpoints yet")
    return tell_incomplete(found)


def _line(checkpoint: Checkpoint) -> tuple[Any, ...]:
    """Step, time and model, and its metrics below."""
    metrics: Any = checkpoint.get("metrics")
    if isinstance(metrics, dict):
        metrics = ", ".join(f"{name} {_number(value)}" for name, value in metrics.items() if name != "step")
    return (
        checkpoint.get("step_number"),
        at(checkpoint.get("created_at")),
        checkpoint.get("fine_tuned_model_checkpoint"),
        metrics,
    )


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
