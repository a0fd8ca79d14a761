"""/_emulator: what the real service has not: step, state, faults, aliases, reset, and what a job learned.

For tests and for the rehearsal; no key is asked for and no fault is injected here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from harness.emulator.api_errors import ApiError, invalid, not_found
from harness.emulator.config import parse_faults
from harness.emulator.context import Components, emulator_of, json_body
from harness.emulator.requests import number_field, text_field
from harness.errors import HarnessError
from harness.simulator.failure import JobFailure

__all__ = ["routes"]


def _state(request: Request) -> Response:
    return JSONResponse(_describe(emulator_of(request)))


async def _step(request: Request) -> Response:
    """Do `count` rounds, each one unit of work of every open job; `{"until": "idle"}` goes on to the end."""
    parts, body = emulator_of(request), await json_body(request)
    count = number_field(body, "count", 0, whole=True)
    count = 1 << 30 if body.get("until") == "idle" else 1 if count is None else count
    done = await _on_main_thread(parts, lambda: parts.runner.step(count))
    return JSONResponse({"done": done, **_describe(parts)})


async def _faults(request: Request) -> Response:
    """Replace the faults: an object of rates as in `--fault`."""
    parts, body = emulator_of(request), await json_body(request)
    try:
        rates = parse_faults(",".join(f"{name}={rate}" for name, rate in body.items()))
    except HarnessError as error:
        raise invalid(str(error), None) from error
    parts.faults.set(rates)
    return JSONResponse(_describe(parts))


async def _alias(request: Request) -> Response:
    """Let a name out of the documentation (`file-abc123`) stand for an object that exists."""
    parts, body = emulator_of(request), await json_body(request)
    parts.store.set_alias(text_field(body, "alias"), text_field(body, "id"))
    return JSONResponse({"alias": body["alias"], "id": body["id"]})


async def _reset(request: Request) -> Response:
    """Forget every file, job and model."""
    parts = emulator_of(request)

    def clear() -> None:
        for name in parts.lifecycle.open_jobs():
            parts.lifecycle.forget(name)
        parts.store.clear()
        parts.inference.forget()
        parts.faults.set(parts.config.faults)

    await _on_main_thread(parts, clear)
    return JSONResponse(_describe(parts))


async def _learned(request: Request) -> Response:
    parts, name = emulator_of(request), request.path_params["job"]
    stored = parts.store.job(name)
    if stored is None:
        raise not_found("job", name)
    grade = request.query_params.get("grade", "true") != "false"

    def report_on() -> dict[str, Any]:
        try:
            return {
                "job": stored.object["id"],
                "status": stored.object["status"],
                **asdict(parts.lifecycle.learned(stored.object, grade=grade)),
            }
        finally:
            parts.lifecycle.forget(stored.object["id"])

    try:
        report = await _on_main_thread(parts, report_on)
    except (JobFailure, HarnessError) as error:
        raise ApiError(409, str(error), code="not_measurable") from error
    return JSONResponse(report)


def _describe(parts: Components) -> dict[str, Any]:
    page = parts.store.jobs(100, None)
    return {
        "now": int(parts.clock.time()),
        "manual": parts.config.manual,
        "speed": parts.config.speed,
        "wire": parts.config.wire,
        "group_size": parts.config.group_size,
        "functions": sorted(parts.config.functions),
        "pool": {
            "groups": len(parts.pool.groups),
            "completions": sum(len(group.candidates) for group in parts.pool.groups.values()),
        },
        "files": len(parts.store.files()),
        "jobs": {job["id"]: job["status"] for job in (page.data if page else [])},
        "faults": {
            "rates": parts.faults.rates,
            "requests": parts.faults.requests,
            "injected": dict(parts.faults.injected),
        },
    }


async def _on_main_thread(parts: Components, work: Callable[[], Any]) -> Any:
    return await asyncio.wrap_future(parts.runner.submit(work))


routes: list[Route] = [
    Route("/state", _state, methods=["GET"]),
    Route("/step", _step, methods=["POST"]),
    Route("/faults", _faults, methods=["POST"]),
    Route("/alias", _alias, methods=["POST"]),
    Route("/reset", _reset, methods=["POST"]),
    Route("/jobs/{job}/learned", _learned, methods=["GET"]),
]
