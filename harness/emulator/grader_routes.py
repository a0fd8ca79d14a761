"""Routes under /fine_tuning/alpha/graders that validate an OpenAI grader or run it on one sample.

OpenAI and Azure offer these routes. Bedrock does not document any.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from graders.adapters.openai import ModelTokens, OpenAIRun, OpenAISpecError, openai_notes
from harness.emulator.api_errors import ApiError, invalid
from harness.emulator.context import emulator_of
from harness.emulator.incoming import read_json
from harness.emulator.operations import RUN_GRADER, VALIDATE_GRADER

__all__ = ["routes"]

_DETAILS: Final = "model_grader_server_error_details"
_NO_JUDGES: Final = "{}. This emulator has no such table: start `rft emulate` with --judge-models FILE."


async def _validate(request: Request) -> Response:
    grader = (await read_json(request, VALIDATE_GRADER))["grader"]
    try:
        openai_notes(grader)
    except OpenAISpecError as error:
        raise _refused(error, grader) from error
    return JSONResponse({"grader": grader})


async def _run(request: Request) -> Response:
    parts, fields = emulator_of(request), await read_json(request, RUN_GRADER)
    grader = fields["grader"]
    try:
        grading = parts.grader_runs.run(grader, fields["model_sample"], fields["item"])
        run = await _while_connected(request, grading)
    except OpenAISpecError as error:
        raise _refused(error, grader) from error
    body = _body(run, str(run.name or grader.get("name") or ""))
    if parts.config.judge_models is None and run.errors[_DETAILS] is not None:
        body["metadata"]["errors"] = {**run.errors, _DETAILS: _NO_JUDGES.format(run.errors[_DETAILS])}
    return JSONResponse(body)


async def _while_connected(request: Request, grading: Coroutine[Any, Any, OpenAIRun]) -> OpenAIRun:
    """Run the grader, and cancel it if the client disconnects, so that stuck runs do not pile up.

    Raises:
        ApiError: The client has disconnected.
    """

    async def gone() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    running, leaving = asyncio.ensure_future(grading), asyncio.ensure_future(gone())
    try:
        await asyncio.wait({running, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not running.done():
            raise ApiError(499, "The client disconnected before the grader finished.", code="client_gone")
        return running.result()
    finally:
        running.cancel()
        leaving.cancel()


def _body(run: OpenAIRun, name: str) -> dict[str, Any]:
    """Return the response as OpenAI documents it, with `token_usage` as an object instead of a number."""
    used = {model: _usage(tokens) for model, tokens in run.tokens.items()}
    models = list(used)
    return {
        "reward": run.reward,
        "metadata": {
            "name": name,
            "type": run.type,
            "errors": run.errors,
            "execution_time": run.seconds,
            "scores": run.scores,
            "token_usage": used[models[0]] if len(models) == 1 else None,
            "sampled_model_name": models[0] if len(models) == 1 else None,
        },
        "sub_rewards": run.sub_rewards,
        "model_grader_token_usage_per_model": used,
    }


def _usage(tokens: ModelTokens) -> dict[str, int | None]:
    prompt, completion = tokens.prompt, tokens.completion
    return {
        "prompt_tokens": prompt,
        "total_tokens": None if prompt is None or completion is None else prompt + completion,
        "completion_tokens": completion,
        "cached_tokens": tokens.cached,
    }


def _refused(error: OpenAISpecError, grader: Mapping[str, Any]) -> ApiError:
    place = _place(error.pointer, grader)
    return invalid(f"{place} {error.message}.", place, code="invalid_grader")


def _place(pointer: str, grader: Mapping[str, Any]) -> str:
    """Convert a JSON pointer to the API's notation, such as `grader.input[0].content`."""
    value: Any = grader
    place = "grader"
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list):
            place += f"[{name}]"
            value = value[int(name)] if name.isdecimal() and int(name) < len(value) else None
        else:
            place += f".{name}"
            value = value.get(name) if isinstance(value, dict) else None
    return place


routes: list[Route] = [
    Route("/fine_tuning/alpha/graders/run", _run, methods=["POST"]),
    Route("/fine_tuning/alpha/graders/validate", _validate, methods=["POST"]),
]
