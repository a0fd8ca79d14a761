"""Creates a job from the body of POST /fine_tuning/jobs.

The file, the function and the size of the pool are checked when the job runs. OpenAI's optional fields are
used if they apply to reinforcement fine-tuning. Whether Bedrock uses them is *unverified*.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Final, cast

from harness.api.types import GRADER_TYPE, HYPERPARAMETERS, METHOD_TYPE, Job

__all__ = ["DOCUMENTED_PLACEHOLDER", "new_job"]

DOCUMENTED_PLACEHOLDER: Final = "gpt-4o-mini"
"""The model in AWS's curl examples, accepted in addition to the known models so that the examples work."""


def new_job(fields: Mapping[str, Any], now: int, default_seed: int) -> tuple[Job, dict[str, Any]]:
    """Create the job that a request describes.

    Args:
        fields: The request's fields, parsed with `operations.CREATE_JOB`.
        now: Time of creation in seconds since 1970.
        default_seed: Seed for a job whose request has none.

    Returns:
        The job, and the plan that the lifecycle stores with the job.
    """
    reinforcement = fields["method"][METHOD_TYPE]
    given: dict[str, Any] = reinforcement["hyperparameters"] or {}
    hyperparameters = {
        name: int(spec.default) if spec.whole else spec.default for name, spec in HYPERPARAMETERS.items()
    }
    hyperparameters |= {name: value for name, value in given.items() if value not in (None, "auto")}
    function = reinforcement["grader"][GRADER_TYPE]["function"]
    grader = {"type": GRADER_TYPE, GRADER_TYPE: {"function": function}}
    seed = fields["seed"]
    job: dict[str, Any] = {
        "id": f"ftjob-{uuid.uuid4()}",
        "object": "fine_tuning.job",
        "created_at": now,
        "finished_at": None,
        "status": "validating_files",
        "model": fields["model"],
        "fine_tuned_model": None,
        "training_file": fields["training_file"],
        "validation_file": fields["validation_file"],
        "method": {
            "type": METHOD_TYPE,
            METHOD_TYPE: {"grader": grader, "hyperparameters": hyperparameters},
        },
        "hyperparameters": {name: hyperparameters[name] for name in HYPERPARAMETERS},
        "error": None,
        "organization_id": "org-emulator",
        "result_files": [],
        "seed": default_seed if seed is None else seed,
        "trained_tokens": None,
        "estimated_finish": None,
        "integrations": [],
        "metadata": fields["metadata"],
    }
    return cast(Job, job), {"step": 0, "total_steps": 0, "tokens": 0.0}
