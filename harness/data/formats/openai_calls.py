"""Extracts prompts and completions from calls to OpenAI's Chat Completions and Responses APIs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from harness.data.formats.importer import RowError
from harness.data.formats.plain_messages import plain_messages
from harness.data.formats.response_items import item_messages
from harness.data.formats.row_parts import RowParts, completion_of, prompt_of

__all__ = ["SETTINGS", "ModelAnswer", "answers_of", "asked_of"]

SETTINGS: Final = (
    *("object", "created", "created_at", "completed_at", "usage", "system_fingerprint", "service_tier"),
    *("request_id", "seed", "temperature", "top_p", "presence_penalty", "frequency_penalty", "tool_choice"),
    *("response_format", "logprobs", "top_logprobs", "input_user", "user", "store", "parallel_tool_calls"),
    *("background", "billing", "error", "incomplete_details", "max_output_tokens", "max_tool_calls"),
    *(
        "max_tokens",
        "max_completion_tokens",
        "n",
        "stop",
        "stream",
        "status",
        "reasoning",
        "reasoning_effort",
    ),
    *("text", "truncation", "prompt_cache_key", "prompt_cache_retention", "safety_identifier", "verbosity"),
    *("choices", "output", "moderation", "include", "modalities"),
)
"""Fields of a request or response that a record does not need."""
_ELSEWHERE: Final = ("previous_response_id", "conversation")
"""Request fields that refer to a part of the prompt stored elsewhere, as a `prompt` object does."""
_CUT: Final = {"max_output_tokens": "length"}


class ModelAnswer(NamedTuple):
    """A completion and its finish reason."""

    messages: list[dict[str, Any]]
    finish_reason: Any


def asked_of(parts: RowParts, *at: str) -> list[dict[str, Any]]:
    """Return the prompt of a request, from its `messages` or from its `instructions` and `input`.

    Args:
        parts: The row.
        *at: Path of the request in the row. Empty if its fields are at the root.

    Raises:
        RowError: The prompt is missing or malformed, or part of it is not in the row.
    """
    template = ("prompt",) if isinstance(parts.peek(*at, "prompt"), dict) else ()
    for name in (*_ELSEWHERE, *template):
        if parts.peek(*at, name) is not None:
            raise RowError(f"part of its prompt is stored elsewhere: `{_shown(at, name)}` refers to it")
    messages = []
    if (system := parts.take(*at, "instructions")) is not None:
        if not isinstance(system, str):
            raise RowError(f"`{_shown(at, 'instructions')}` is not text")
        messages.append({"role": "system", "content": system})
    for name in ("messages", "input", "prompt"):
        given = parts.peek(*at, name)
        if isinstance(given, list) and given:
            return plain_messages(messages + item_messages(parts, *at, name))
        if given is not None:
            return messages + prompt_of(parts.take(*at, name), _shown(at, name))
    raise RowError(f"the row has neither `{_shown(at, 'messages')}` nor `{_shown(at, 'input')}`")


def answers_of(parts: RowParts, *at: str) -> Iterator[ModelAnswer]:
    """Yield the completions in a response, from its `choices` or its `output`.

    Args:
        parts: The row.
        *at: Path of the response in the row. Empty if its fields are at the root.

    Raises:
        RowError: The completions are missing or malformed.
    """
    error = parts.peek(*at, "error")
    if error is not None and not (isinstance(error, dict) and not any(error.values())):
        raise RowError(f"the call failed: {error_text(error)}")
    choices = parts.peek(*at, "choices")
    if isinstance(choices, list) and choices:
        for number in range(len(choices)):
            path: tuple[str | int, ...] = (*at, "choices", number)
            message = parts.take(*path, "message")
            if message is None:
                message = parts.take(*path, "text")
            given = completion_of(message, f"{_shown(at, 'choices')}[{number}].message")
            yield ModelAnswer(given, parts.take(*path, "finish_reason"))
        return
    output = parts.peek(*at, "output")
    if not isinstance(output, list) or not output:
        raise RowError(f"the row has no `{_shown(at, 'choices')}`")
    given = completion_of(item_messages(parts, *at, "output"), _shown(at, "output"))
    reason = parts.peek(*at, "incomplete_details", "reason")
    finish = _CUT.get(reason, reason) if isinstance(reason, str) else None
    if finish is not None:
        parts.take(*at, "incomplete_details", "reason")
    yield ModelAnswer(given, finish)


def error_text(error: Any) -> str:
    """Return the message of an error object in OpenAI's format."""
    said = error.get("message") if isinstance(error, dict) else error
    code = error.get("code") if isinstance(error, dict) else None
    return next((text[:200] for text in (said, code) if isinstance(text, str) and text), "no reason given")


def _shown(at: tuple[str, ...], name: str) -> str:
    return ".".join((*at, name))
