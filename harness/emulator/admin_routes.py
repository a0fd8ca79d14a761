"""Admin routes under /_emulator, which the real service does not have.

These routes need no key, and no faults are injected into their responses.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from harness.emulator.api_errors import ApiError, invalid, not_found
from harness.emulator.context import Components, emulator_of
from harness.emulator.incoming import read_json, read_query
from harness.emulator.job_report import job_report
from harness.emulator.operations import ALIAS, FAULT_RATES, LEARNED, NOTHING, STEP
from harness.emulator.settings import parse_faults
from harness.errors import HarnessError
from harness.simulator.failure import JobFailure

__all__ = ["routes"]

_TO_THE_END: Final = 1 << 30


def _state(request: Request) -> Response:
    read_query(request, NOTHING)
    return JSONResponse(_describe(emulator_of(request)))


async def _step(request: Request) -> Response:
    """Run `count` rounds of one work unit per job. `{"until": "idle"}` runs until all jobs end."""
    parts, fields = emulator_of(request), await read_json(request, STEP)
    count = _TO_THE_END if fields["until"] == "idle" else fields["count"]
    done = await _on_main_thread(parts, lambda: parts.runner.step(count))
    return JSONResponse({"done": done, **_describe(parts)})


async def _faults(request: Request) -> Response:
    """Replace the fault rates. The body is an object such as `{"throttle": 0.1}`."""
    parts, fields = emulator_of(request), await read_json(request, FAULT_RATES)
    given = {name: rate for name, rate in fields.items() if rate is not None}
    try:
        rates = parse_faults(",".join(f"{name}={rate}" for name, rate in given.items()))
    except HarnessError as error:
        raise invalid(str(error), None) from error
    parts.faults.set(rates)
    return JSONResponse(_describe(parts))


async def _alias(request: Request) -> Response:
    """Make a name, such as `file-abc123` from the documentation, an alias of an existing object."""
    parts, fields = emulator_of(request), await read_json(request, ALIAS)
    alias, name = fields["alias"], fields["id"]
    with parts.store.transaction():
        if not parts.store.exists(name):
            raise not_found("object", name)
        if parts.store.exists(alias):
            raise invalid(
                f"{alias} is already the id of an object: it cannot be an alias of another.", "alias"
            )
        parts.store.set_alias(alias, name)
    return JSONResponse({"alias": alias, "id": name})


async def _reset(request: Request) -> Response:
    """Delete every file, job and model."""
    await read_json(request, NOTHING)
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
    grade = read_query(request, LEARNED)["grade"] == "true"

    def report_on() -> dict[str, Any]:
        try:
            equipment = parts.lifecycle.equipment(stored.object)
            report = job_report(parts.store, stored.object["id"], equipment, parts.goal, grade=grade)
            return {
                "job": stored.object["id"],
                "status": stored.object["status"],
                **report.to_json(),
                "remarks": parts.goal_remarks,
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
