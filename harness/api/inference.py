"""Sends prompts to a tuned model, a checkpoint or a base model through any of the service's three APIs.

Responses are never streamed because, according to the documentation, Qwen models do not support streaming.
Requests to the Responses API turn storage off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from harness.api.client import FineTuning
from harness.api.failures import AnsweredNo, Unreachable
from harness.api.pages import Listing, gathered
from harness.api.safe_text import plain_text
from harness.api.seen import SeenCheckpoint, as_text
from harness.api.training_service import TrainingService
from harness.api.types import FINAL_STATUSES
from harness.data.turn_text import content_text, kind_without_text, refusal_of
from harness.errors import InputError

__all__ = [
    "APIS",
    "Api",
    "ChatQuestion",
    "ChatReply",
    "ask",
    "checkpoints_by_step",
    "first_choice",
    "tuned_model",
    "without_text",
]

Api = Literal["chat", "responses", "completions"]
APIS: tuple[Api, ...] = ("chat", "responses", "completions")


@dataclass(frozen=True, slots=True)
class ChatQuestion:
    """A prompt for a model, with its sampling options."""

    prompt: str
    system: str | None = None
    max_tokens: int | None = None
    temperature: float | None = None


@dataclass(frozen=True, slots=True)
class ChatReply:
    """A model's response."""

    text: str
    finish: str | None
    """The finish reason given by the API."""
    answer: Mapping[str, Any]
    """The response as sent by the service."""
    instead: str | None = None
    """Why there is no text, such as `the model refused: ...`, or None if there is text."""


def checkpoints_by_step(client: FineTuning, job_id: str) -> Listing[SeenCheckpoint]:
    """Return a job's checkpoints in step order. Checkpoints without a valid step come first."""
    found = gathered(client.checkpoints(job_id))
    return found._replace(
        elements=sorted(found.elements, key=lambda one: -1 if one.step is None else one.step)
    )


def tuned_model(client: TrainingService, job_id: str, step: int | None = None) -> str:
    """Return the model produced by a job.

    Args:
        client: The connection.
        job_id: The job.
        step: The step of a checkpoint, or None for the final model.

    Returns:
        The model id to use for inference.

    Raises:
        InputError: The checkpoint does not exist, or the job has not succeeded.
    """
    if step is not None:
        if not isinstance(client, FineTuning):
            raise InputError("a job of native Bedrock has no checkpoints", place=job_id)
        return _checkpoint_model(checkpoints_by_step(client, job_id), step, job_id)
    job = client.job(job_id)
    if job.tuned_model is not None:
        return job.tuned_model
    held = job.odd.get("fine_tuned_model")
    instead = "" if held is None else f" but {plain_text(held)}"
    status = plain_text(job.status or job.odd.get("status") or "in an unknown state")
    if status in FINAL_STATUSES:
        fix = "Use a checkpoint with --checkpoint STEP, if the job has one, or name another job."
    else:
        fix = "Wait for it with `rft watch`, or use a checkpoint with --checkpoint STEP."
    raise InputError(f"the job has no tuned model{instead}: it is {status}", fix=fix, place=job_id)


def _checkpoint_model(found: Listing[SeenCheckpoint], step: int, job_id: str) -> str:
    for checkpoint in found.elements:
        if checkpoint.step == step:
            if checkpoint.model is not None:
                return checkpoint.model
            raise InputError(
                f"the checkpoint at step {step} has no model yet",
                fix="Try again later, or choose another of `rft checkpoints`.",
                place=job_id,
            )
    if found.incomplete is not None:
        raise found.incomplete
    steps = ", ".join(str(checkpoint.step) for checkpoint in found.elements if checkpoint.step is not None)
    raise InputError(
        f"the job has no checkpoint at step {step}",
        fix=f"It has {steps}." if steps else "It has none yet.",
        place=job_id,
    )


def ask(client: TrainingService, model: str, question: ChatQuestion, api: Api = "chat") -> ChatReply:
    """Send one request to a model.

    Args:
        client: The connection.
        model: The model's id.
        question: The prompt and sampling options.
        api: The API to use.

    Returns:
        The model's response.

    Raises:
        InputError: The service does not have this API.
        RequestRefused: The service does not know the model or does not serve it through this API.
        AnsweredNo: The response reports a failure.
        Unreachable: The service did not respond, or the response has no choices.
    """
    if api == "chat":
        return _from_choices(client.chat(model, _turns(question), **_options(question, "max_tokens")))
    if not isinstance(client, FineTuning):
        raise InputError("native Bedrock supports only Converse", fix="Remove --api.", place=model)
    if api == "responses":
        options = _options(question, "max_output_tokens")
        if question.system is not None:
            options["instructions"] = question.system
        return _from_responses(client.respond(model, question.prompt, **options))
    prompt = question.prompt if question.system is None else f"{question.system}\n\n{question.prompt}"
    return _from_choices(client.complete(model, prompt, **_options(question, "max_tokens")))


def _turns(question: ChatQuestion) -> list[dict[str, str]]:
    turns = [] if question.system is None else [{"role": "system", "content": question.system}]
    return [*turns, {"role": "user", "content": question.prompt}]


def _options(question: ChatQuestion, longest: str) -> dict[str, Any]:
    options = {longest: question.max_tokens, "temperature": question.temperature}
    return {name: value for name, value in options.items() if value is not None}


def first_choice(answer: Mapping[str, Any]) -> tuple[Mapping[str, Any], str | None]:
    """Return the first message of a Chat Completions or Completions response.

    Args:
        answer: The response as sent by the service.

    Returns:
        The message and the finish reason.

    Raises:
        Unreachable: The response contains no message.
    """
    choices = answer.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, Mapping):
        raise Unreachable("the answer has no choices", fix="Try another --api.")
    message = choice.get("message")
    if not isinstance(message, Mapping):
        message = {"content": choice.get("text")}
    finish = choice.get("finish_reason")
    return message, finish if isinstance(finish, str) else None


def without_text(message: Mapping[str, Any], finish: str | None) -> str | None:
    """Explain why a message has no text. Return None if it has text.

    Args:
        message: The assistant turn.
        finish: The finish reason.
    """
    match kind_without_text(message, finish):
        case None:
            return None
        case "refused":
            return f"the model refused: {plain_text(as_text(refusal_of(message)))}"
        case "tool call":
            calls = message.get("tool_calls") or message.get("function_call")
            return f"the model called a tool and wrote no text{_tool_names(calls)}"
        case "filtered":
            return "the service filtered the answer out (content_filter)"
        case "reasoning alone":
            return "the model reasoned and wrote no answer"
        case "empty":
            return "the answer is empty"


def _tool_names(calls: Any) -> str:
    """Return the names of the called functions in parentheses, omitting malformed names."""
    names = []
    for call in calls if isinstance(calls, list) else [calls]:
        function = call.get("function", call) if isinstance(call, Mapping) else None
        if isinstance(function, Mapping) and isinstance(function.get("name"), str):
            names.append(plain_text(function["name"]))
    return f" ({', '.join(names)})" if names else ""


def _from_choices(answer: Mapping[str, Any]) -> ChatReply:
    message, finish = first_choice(answer)
    return ChatReply(content_text(message.get("content")), finish, answer, without_text(message, finish))


_NO_RESPONSE = ("failed", "cancelled", "canceled", "expired")


def _from_responses(answer: Mapping[str, Any]) -> ChatReply:
    """Parse a response from the Responses API, whose items are messages, tool calls and reasoning."""
    status = answer.get("status") if isinstance(answer.get("status"), str) else None
    if status in _NO_RESPONSE:
        raise AnsweredNo(f"the response is {status}")
    output = answer.get("output")
    if not isinstance(output, list):
        raise Unreachable("the answer has no output", fix="Try another --api.")
    items = [item for item in output if isinstance(item, Mapping)]
    contents = [item.get("content") for item in items if item.get("type") == "message"]
    calls = [item for item in items if str(item.get("type")).endswith("_call")]
    details = answer.get("incomplete_details")
    filtered = isinstance(details, Mapping) and details.get("reason") == "content_filter"
    text = "".join(map(content_text, contents))
    message = {
        "content": text,
        "refusal": "".join(content_text(content, "refusal") for content in contents),
        "tool_calls": calls,
        "reasoning": any(item.get("type") == "reasoning" for item in items),
    }
    instead = without_text(message, "content_filter" if filtered else status)
    if instead is not None and status in ("queued", "in_progress"):
        instead = f"the response is not finished: it is {status}"
    return ChatReply(text, status, answer, instead)
