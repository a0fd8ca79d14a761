"""A job as the service describes it, read with nothing taken for granted.

The service may leave fields out, send them as null, or in a shape that no document knows. What cannot be read
is unknown here, and `odd` keeps it as it was sent, so that a screen can show it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.api.times import seconds_since_1970

__all__ = ["JobView", "error_text", "job_view"]


@dataclass(frozen=True, slots=True)
class JobView:
    """What is known of a job. None is unknown."""

    id: str | None = None
    status: str | None = None
    """In the service's own word."""
    model: str | None = None
    tuned_model: str | None = None
    grader: str | None = None
    """The ARN of the function that grades."""
    hyperparameters: Mapping[str, Any] | None = None
    training_file: str | None = None
    created: float | None = None
    """Seconds since 1970."""
    finished: float | None = None
    error: str | None = None
    odd: Mapping[str, Any] = field(default_factory=dict)
    """What was sent and could not be read, by its name."""


def job_view(job: Mapping[str, Any]) -> JobView:
    """Read a job of the OpenAI-compatible API.

    Args:
        job: The service's own object, whatever it holds.
    """
    odd: dict[str, Any] = {}

    def text(holder: Mapping[str, Any], name: str) -> str | None:
        value = holder.get(name)
        if isinstance(value, str | None):
            return value or None
        odd[name] = value
        return None

    def mapping(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        value = holder.get(name)
        if isinstance(value, Mapping):
            return value
        if value is not None:
            odd[name] = value
        return {}

    def time(name: str) -> float | None:
        seconds = seconds_since_1970(job.get(name))
        if seconds is None and job.get(name) is not None:
            odd[name] = job[name]
        return seconds

    reinforcement = mapping(mapping(job, "method"), "reinforcement")
    grader = mapping(mapping(reinforcement, "grader"), "lambda")
    return JobView(
        id=text(job, "id"),
        status=text(job, "status"),
        model=text(job, "model"),
        tuned_model=text(job, "fine_tuned_model"),
        grader=text(grader, "function"),
        hyperparameters=mapping(reinforcement, "hyperparameters") or mapping(job, "hyperparameters") or None,
        training_file=text(job, "training_file"),
        created=time("created_at"),
        finished=time("finished_at"),
        error=error_text(job.get("error")),
        odd=odd,
    )


def error_text(error: Any) -> str | None:
    """A job's error in one line, whatever its shape; None where there is none.

    Args:
        error: What stands under `error`: an object with `code` and `message`, or something else.
    """
    if not error or (isinstance(error, Mapping) and not any(error.values())):
        return None
    if isinstance(error, Mapping) and error.get("message"):
        return ": ".join(str(error[name]) for name in ("code", "message") if error.get(name))
    return error if isinstance(error, str) else json.dumps(error)
