"""Routes /chat/completions and /completions, with one response or a stream of server-sent events."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from harness.emulator.api_errors import invalid
from harness.emulator.context import Components, emulator_of
from harness.emulator.generation import InferenceAnswer, InferenceRequest, prompt_tokens, read_ask
from harness.emulator.incoming import read_json
from harness.emulator.operations import CHAT, COMPLETIONS

__all__ = ["routes", "server_sent", "words"]


async def _chat(request: Request) -> Response:
    parts, fields = emulator_of(request), await read_json(request, CHAT)
    limits = [fields[name] for name in ("max_completion_tokens", "max_tokens") if fields[name] is not None]
    if len(limits) > 1:
        raise invalid("Send max_tokens or max_completion_tokens, not both.", "max_tokens")
    ask = read_ask(fields, fields["messages"], *(limits or [None]))
    with_usage = _with_usage(fields)
    answers = parts.inference.answer(ask)
    head = _head(parts, "chatcmpl", ask)
    if ask.stream:
        return server_sent(_chat_chunks(head, ask, answers, with_usage))
    choices = [
        _choice(at, answer.finish_reason, message=_message(answer)) for at, answer in enumerate(answers)
    ]
    head["object"] = "chat.completion"
    return JSONResponse({**head, "choices": choices, "usage": _usage(ask, answers)})


async def _completions(request: Request) -> Response:
    parts, fields = emulator_of(request), await read_json(request, COMPLETIONS)
    prompts = fields["prompt"] if isinstance(fields["prompt"], list) else [fields["prompt"]]
    with_usage = _with_usage(fields)
    asks = [
        read_ask(fields, [{"role": "user", "content": prompt}], fields["max_tokens"]) for prompt in prompts
    ]
    answers = [answer for ask in asks for answer in parts.inference.answer(ask)]
    head = {**_head(parts, "cmpl", asks[0]), "object": "text_completion"}
    whole = asks[0]._replace(messages=[message for ask in asks for message in ask.messages])
    if whole.stream:
        return server_sent(_text_chunks(head, whole, answers, with_usage))
    choices = [_choice(at, _text_reason(answer), text=answer.text) for at, answer in enumerate(answers)]
    return JSONResponse({**head, "choices": choices, "usage": _usage(whole, answers)})


def _with_usage(fields: Mapping[str, Any]) -> bool:
    """Return True if the client asked for the stream to end with the token usage.

    Raises:
        ApiError: Stream options are given, but no stream is requested.
    """
    options = fields["stream_options"]
    if options is not None and not fields["stream"]:
        raise invalid("stream_options is allowed only with stream.", "stream_options")
    return bool(options and options["include_usage"])


def server_sent(events: Iterator[tuple[str | None, Any]]) -> Response:
    """Return a stream of server-sent events from pairs of a name (or None) and the event's `data`."""

    def lines() -> Iterator[str]:
        for name, data in events:
            text = data if isinstance(data, str) else json.dumps(data)
            yield f"event: {name}\ndata: {text}\n\n" if name else f"data: {text}\n\n"

    return StreamingResponse(lines(), media_type="text/event-stream")


def words(text: str) -> list[str]:
    """Split a completion into pieces for a stream, each of which is a word with the whitespace before it."""
    return re.findall(r"\s*\S+|\s+\Z", text)


def _chat_chunks(
    head: dict[str, Any], ask: InferenceRequest, answers: list[InferenceAnswer], with_usage: bool
) -> Iterator[tuple[None, Any]]:
    head["object"] = "chat.completion.chunk"

    def chunk(at: int, delta: dict[str, Any], reason: str | None = None) -> tuple[None, Any]:
        return None, {**head, "choices": [_choice(at, reason, delta=delta)]}

    for at, answer in enumerate(answers):
        yield chunk(at, {"role": "assistant", "content": ""})
        for piece in words(answer.text):
            yield chunk(at, {"content": piece})
        for index, call in enumerate(answer.tool_calls or ()):
            yield chunk(at, {"tool_calls": [{**call, "index": index}]})
        yield chunk(at, {}, answer.finish_reason)
    if with_usage:
        yield None, {**head, "choices": [], "usage": _usage(ask, answers)}
    yield None, "[DONE]"


def _text_chunks(
    head: dict[str, Any], ask: InferenceRequest, answers: list[InferenceAnswer], with_usage: bool
) -> Iterator[tuple[None, Any]]:
    for at, answer in enumerate(answers):
        pieces = words(answer.text) or [""]
        for position, piece in enumerate(pieces, 1):
            reason = _text_reason(answer) if position == len(pieces) else None
            yield None, {**head, "choices": [_choice(at, reason, text=piece)]}
    if with_usage:
        yield None, {**head, "choices": [], "usage": _usage(ask, answers)}
    yield None, "[DONE]"


def _choice(at: int, reason: str | None, **content: Any) -> dict[str, Any]:
    return {"index": at, **content, "logprobs": None, "finish_reason": reason}


def _text_reason(answer: InferenceAnswer) -> str:
    return answer.finish_reason if answer.finish_reason == "length" else "stop"


def _message(answer: InferenceAnswer) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": answer.text, "refusal": None}
    if answer.tool_calls:
        message.update(tool_calls=answer.tool_calls, content=answer.text or None)
    return message


def _head(parts: Components, prefix: str, ask: InferenceRequest) -> dict[str, Any]:
    return {
        "id": f"{prefix}-{uuid.uuid4().hex}",
        "created": int(parts.clock.time()),
        "model": ask.model,
        "system_fingerprint": "emulator",
    }


def _usage(ask: InferenceRequest, answers: list[InferenceAnswer]) -> dict[str, int]:
    prompt, completion = prompt_tokens(ask.messages), sum(answer.tokens for answer in answers)
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


routes: list[Route] = [
    Route("/chat/completions", _chat, methods=["POST"]),
    Route("/completions", _completions, methods=["POST"]),
]
