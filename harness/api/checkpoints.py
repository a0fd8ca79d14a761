"""Which model to ask for: a job's tuned model, or that of one of its checkpoints.

Comes in: a job id and maybe a step. Goes out: the model id for inference. It asks the service, never
guesses an id.
"""

from __future__ import annotations

from harness.api.client import FineTuning
from harness.api.safe_text import plain_text
from harness.api.types import Checkpoint
from harness.errors import InputError

__all__ = ["checkpoints_by_step", "tuned_model"]


def checkpoints_by_step(client: FineTuning, job_id: str) -> list[Checkpoint]:
    """A job's checkpoints, by rising step.

    Args:
        client: The connection.
        job_id: The job.
    """
    found = list(client.checkpoints(job_id))
    return sorted(found, key=lambda checkpoint: checkpoint.get("step_number") or 0)


def tuned_model(client: FineTuning, job_id: str, step: int | None = None) -> str:
    """The model that a job made.

    Args:
        client: The connection.
        job_id: The job.
        step: The step of a checkpoint; the finished model when None.

    Returns:
        The id to ask for inference.

    Raises:
        InputError: There is no such checkpoint, or the job has not succeeded.
    """
    if step is not None:
        found = checkpoints_by_step(client, job_id)
        for checkpoint in found:
            if checkpoint.get("step_number") == step:
                return checkpoint["fine_tuned_model_checkpoint"]
        steps = ", ".join(str(checkpoint.get("step_number")) for checkpoint in found)
        raise InputError(
            f"the job has no checkpoint at step {step}",
            fix=f"It has {steps}." if steps else "It has none yet.",
            place=job_id,
        )
    job = client.job(job_id)
    model = job.get("fine_tuned_model")
    if model:
        return model
    status = plain_text(str(job.get("status")))
    raise InputError(
        f"the job has no tuned model: it is {status}",
        fix="Wait for it with `rft watch`, or ask a checkpoint with --checkpoint STEP.",
        place=job_id,
    )
