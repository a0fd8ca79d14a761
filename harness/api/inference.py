"""Asks a tuned model, a checkpoint or a base model, through any of the three APIs that the service has.

The `Reply` is the same whichever API answered. Nothing is streamed (Qwen models are documented not to stream)
and the Responses API is told to store nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from harness.api.client import FineTuning
from harness.api.failures import Unreachable
from harness.api.safe_text import plain_text
from harness.api.types import Checkpoint
from harness.errors import InputError

__all__ = ["APIS", "Api", "Question", "Reply", "ask", "checkpoints_by_step", "tuned_model"]

Api = Literal["chat", "responses", "completions"]
APIS: tuple[Api, ...] = ("chat", "responses", "completions")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and how."""

    prompt: str
    system: str | None = None
    max_tokens: int | None = None
    temperature: float | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model answered."""

    text: str
    finish: str | None
    """Why it stopped, in the API's words."""
    answer: Mapping[str, Any]
    """The service's own object."""


def checkpoints_by_step(client: FineTuning, job_id: str) -> list[Checkpoint]:
    """A job's checkpoints, by rising step."""
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


def ask(client: FineTuning, model: str, question: Question, api: Api = "chat") -> Reply:
    """Ask a model once.

    Args:
        client: The connection.
        model: Its id.
        question: What to ask.
        api: Which API to ask through.

    Returns:
        What it answered.

    Raises:
        RequestRefused: The service knows no such model, or not this API for it.
        Unreachable: No answer, or one without a text.
    """
    if api == "chat":
        return _from_choices(client.chat(model, _turns(question), **_options(question, "max_tokens")))
    if api == "responses":
        options = _options(question, "max_output_tokens")
        if question.system is not None:
            options["instructions"] = question.system
        return _from_responses(client.respond(model, question.prompt, **options))
    prompt = question.prompt if question.system is None else f"{question.system}\n\n{question.prompt}"
    return _from_choices(client.complete(model, prompt, **_options(question, "max_tokens")))


def _turns(question: Question) -> list[dict[str, str]]:
    turns = [] if question.system is None else [{"role": "system", "content": question.system}]
    return [*turns, {"role": "user", "content": question.prompt}]


def _options(question: Question, longest: str) -> dict[str, Any]:
    options = {longest: question.max_tokens, "temperature": question.temperature}
    return {name: value for name, value in options.items() if value is not None}


def _from_choices(answer: Mapping[str, Any]) -> Reply:
    """Read an answer of Chat Completions, or of Completions, whose choices are texts."""
    choices = answer.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, Mapping):
        raise Unreachable("the answer has no choices", fix="Try another --api.")
    message = choice.get("message")
    if not isinstance(message, Mapping):
        message = {"content": choice.get("text")}
    return Reply(_text(message.get("content")), choice.get("finish_reason"), answer)


def _from_responses(answer: Mapping[str, Any]) -> Reply:
    output = answer.get("output")
    if not isinstance(output, list):
        raise Unreachable("the answer has no output", fix="Try another --api.")
    said = (item for item in output if isinstance(item, Mapping) and item.get("type") == "message")
    return Reply("".join(_text(item.get("content")) for item in said), answer.get("status"), answer)


def _text(content: Any) -> str:
    """A content's text: a string, blocks with a `text` each, or nothing."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    texts = (block.get("text") or block.get("refusal") for block in content if isinstance(block, Mapping))
    return "".join(text for text in texts if isinstance(text, str))
