"""`rft checkpoints`: lists the intermediate models saved by a job."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.api.seen import as_text
from harness.cli.columns import say_columns
from harness.cli.options import jobs_dir_option, json_option
from harness.cli.output import emit_json, say
from harness.cli.service import Service, at, refuse_native, service_options, tell_incomplete

if TYPE_CHECKING:
    from harness.api.seen import SeenCheckpoint


@click.command("checkpoints")
@click.argument("job")
@jobs_dir_option
@service_options
@json_option
def command(job: str, jobs_dir: Path, service: Service, as_json: bool) -> int:
    """List the checkpoints of JOB, a name or an id, in the order of their steps.

    Ask one with `rft chat --checkpoint`.
    """
    from harness.jobs.journal import find_job

    job_id, _ = find_job(jobs_dir, job)
    refuse_native(job_id, "checkpoints")
    if service.shows(lambda client: next(client.checkpoints(job_id))):
        return 0
    from harness.api.inference import checkpoints_by_step

    with service.connect() as client:
        found = checkpoints_by_step(client, job_id)
    if as_json:
        emit_json(
            {
                "job": job_id,
                "checkpoints": [one.raw for one in found.elements],
                "incomplete": found.incomplete,
            }
        )
    elif found.elements:
        say_columns(("step", "created", "model"), [_line(checkpoint) for checkpoint in found.elements])
    elif found.incomplete is None:
        say("no checkpoints yet")
    return tell_incomplete(found)


def _line(checkpoint: SeenCheckpoint) -> tuple[Any, ...]:
    """Return a checkpoint's columns. The last value holds the metrics, which are printed below the line."""
    odd = checkpoint.odd
    numbers = (
        f"{name} {f'{value:.4g}' if isinstance(value, float) else as_text(value)}"
        for name, value in checkpoint.metrics.items()
        if name != "step"
    )
    whole = as_text(checkpoint.raw) if checkpoint.id is None else None
    return (
        odd.get("step_number") if checkpoint.step is None else checkpoint.step,
        at(checkpoint.created_at),
        checkpoint.model or odd.get("fine_tuned_model_checkpoint"),
        ", ".join(numbers) or odd.get("metrics") or whole,
    )
