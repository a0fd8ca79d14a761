"""Routes /responses and /models. /responses answers a single turn and stores nothing."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from harness.emulator.api_errors import not_found
from harness.emulator.chat_routes import server_sent, words
from harness.emulator.context import emulator_of
from harness.emulator.generation import InferenceAnswer, InferenceRequest, prompt_tokens, read_ask
from harness.emulator.incoming import read_json, read_query
from harness.emulator.operations import NOTHING, RESPONSES

__all__ = ["routes"]

_OWNER: Final = "emulator"


async def _respond(request: Request) -> Response:
    parts, fields = emulator_of(request), await read_json(request, RESPONSES)
    ask = read_ask(fields, _messages(fields), fields["max_output_tokens"])
    (answer,) = parts.inference.answer(ask)
    output = {
        "id": f"msg_{uuid.uuid4().hex}",
        "type": "message",
        "role": "assistant",
        "status": "completed" if answer.finish_reason != "length" else "incomplete",
        "content": [_text_part(answer.text)],
    }
    response = _response(fields, ask, answer, int(parts.clock.time()), output)
    return server_sent(_events(response, output, answer)) if ask.stream else JSONResponse(response)


def _messages(fields: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the conversation from `instructions` and `input`."""
    given, instructions = fields["input"], fields["instructions"]
    messages = [{"role": "user", "content": given}] if isinstance(given, str) else given
    return [{"role": "system", "content": instructions}, *messages] if instructions else messages


def _response(
    fields: dict[str, Any], ask: InferenceRequest, answer: InferenceAnswer, now: int, output: dict[str, Any]
) -> dict[str, Any]:
    prompt = prompt_tokens(ask.messages)
    cut = answer.finish_reason == "length"
    return {
        "id": f"resp_{uuid.uuid4().hex}",
        "object": "response",
        "created_at": now,
        "status": "incomplete" if cut else "completed",
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "instructions": fields["instructions"],
        "metadata": fields["metadata"] or {},
        "model": ask.model,
        "output": [output],
        "parallel_tool_calls": True,
        "temperature": ask.temperature,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "max_output_tokens": ask.max_tokens,
        "store": False,
        "usage": {
            "input_tokens": prompt,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": answer.tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": prompt + answer.tokens,
        },
    }


def _text_part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _events(
    response: dict[str, Any], output: dict[str, Any], answer: InferenceAnswer
) -> Iterator[tuple[str, Any]]:
    """Yield the events of a streamed response with sequence numbers."""
    begun = {**response, "status": "in_progress", "output": [], "usage": None, "incomplete_details": None}
    place = {"output_index": 0, "item_id": output["id"], "content_index": 0}
    opened = {**output, "status": "in_progress", "content": []}
    end = "response.incomplete" if answer.finish_reason == "length" else "response.completed"
    events: list[tuple[str, dict[str, Any]]] = [
        ("response.created", {"response": begun}),
        ("response.in_progress", {"response": begun}),
        ("response.output_item.added", {"output_index": 0, "item": opened}),
        ("response.content_part.added", {**place, "part": _text_part("")}),
        *(
            ("response.output_text.delta", {**place, "delta": piece, "logprobs": []})
            for piece in words(answer.text)
        ),
        ("response.output_text.done", {**place, "text": answer.text, "logprobs": []}),
        ("response.content_part.done", {**place, "part": _text_part(answer.text)}),
        ("response.output_item.done", {"output_index": 0, "item": output}),
        (end, {"response": response}),
    ]
    for number, (name, data) in enumerate(events):
        yield name, {"type": name, "sequence_number": number, **data}


def _models(request: Request) -> Response:
    read_query(request, NOTHING)
    return JSONResponse({"object": "list", "data": _known_models(request)})


def _model(request: Request) -> Response:
    read_query(request, NOTHING)
    name = emulator_of(request).store.resolve(request.path_params["model"])
    for model in _known_models(request):
        if model["id"] == name:
            return JSONResponse(model)
    raise not_found("model", name, "model")


def _known_models(request: Request) -> list[dict[str, Any]]:
    parts = emulator_of(request)
    named = [(name, 0) for name in parts.inference.base_models] + parts.store.models()
    return [{"id": name, "object": "model", "created": made, "owned_by": _OWNER} for name, made in named]


routes: list[Route] = [
    Route("/responses", _respond, methods=["POST"]),
    Route("/models", _models, methods=["GET"]),
    Route("/models/{model:path}", _model, methods=["GET"]),
]
