"""Connects `rollouts.generate` to a training service, and looks up the models of jobs.

Failures become `Busy` (wait and retry) or `AskRefused` (skip the record). Any other error ends the sampling.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import openai

from harness.api.client import FineTuning
from harness.api.failures import RequestRefused, Unreachable
from harness.api.inference import first_choice, tuned_model
from harness.api.native import NativeBedrock
from harness.api.training_service import TrainingService
from harness.data.turn_text import reasoning_of
from harness.jobs.journal import find_entry, find_job
from harness.rollouts.asking import Ask, AskRefused, Busy, Completion

__all__ = ["asker", "job_of", "model_of", "service_name"]

_ABOUT_THE_RECORD = frozenset({400, 413, 422})
_KEPT = ("tool_calls", "function_call", "refusal")
_GRADERS_READ = ("reasoning_content", "reasoning")


def asker(client: TrainingService) -> Ask:
    """Return a function that sends requests to a model through Chat Completions.

    Args:
        client: The connection. Its retries must be turned off, because the caller retries.
    """

    def ask(model: str, messages: list[dict[str, Any]], options: dict[str, Any]) -> Completion:
        try:
            return _completion(client.chat(model, messages, **options))
        except Unreachable as error:
            reached = not isinstance(error.__cause__, openai.APIConnectionError)
            throttled = error.status == 429 or error.retry_after_s is not None
            raise Busy(error.message, error.retry_after_s, reached=reached, throttled=throttled) from error
        except RequestRefused as error:
            if error.status in _ABOUT_THE_RECORD:
                raise AskRefused(error.message) from error
            raise

    return ask


def model_of(client: TrainingService, jobs_dir: Path, given: str, checkpoint: int | None = None) -> str:
    """Return the ID of the model that the user named.

    Args:
        client: The connection.
        jobs_dir: The folder of all jobs.
        given: A model's ID, or a job's name or ID for its tuned model.
        checkpoint: The step of a checkpoint of that job.

    Raises:
        InputError: The job has no such model.
    """
    job_id = job_of(jobs_dir, given)
    if job_id is None and checkpoint is not None:
        job_id = given
    return given if job_id is None else tuned_model(client, job_id, checkpoint)


def job_of(jobs_dir: Path, given: str) -> str | None:
    """Return the ID of the job with this name or ID, or None if `given` is a model."""
    if given.startswith("ftjob"):
        return given
    return None if find_entry(jobs_dir, given) is None else find_job(jobs_dir, given)[0]


def service_name(client: FineTuning | NativeBedrock) -> str:
    """Return a name for the service, because completions of different services or ports are not mixed."""
    if isinstance(client, NativeBedrock):
        return f"native Bedrock in {client.region}"
    return client.inference.base_url


def _completion(answer: Mapping[str, Any]) -> Completion:
    message, finish = first_choice(answer)
    kept = {name: message[name] for name in (*_KEPT, *_GRADERS_READ) if message.get(name)}
    reasoning = reasoning_of(message)
    if not any(map(kept.get, _GRADERS_READ)) and isinstance(reasoning, str):
        kept[_GRADERS_READ[0]] = reasoning
    usage = answer.get("usage")
    usage = usage if isinstance(usage, Mapping) else {}
    return Completion(
        {"role": "assistant", "content": message.get("content"), **kept},
        finish,
        _count(usage.get("prompt_tokens")),
        _count(usage.get("completion_tokens")),
        len(answer["choices"]) - 1,
    )


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
