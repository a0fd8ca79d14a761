"""Routes under /fine_tuning/jobs: create, list, retrieve and cancel jobs, list events and checkpoints.

As with OpenAI, a missing model or file is reported when the job is created (*unverified* on Bedrock). Other
errors are reported while the job runs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from harness.api.types import FINAL_STATUSES
from harness.emulator.api_errors import ApiError, invalid
from harness.emulator.context import Components, emulator_of, list_body
from harness.emulator.incoming import read_json, read_query
from harness.emulator.operations import CHECKPOINTS, CREATE_JOB, EVENTS, LIST_JOBS, NOTHING
from harness.emulator.request_fields import Table
from harness.emulator.requests import new_job
from harness.emulator.retries import Retry
from harness.emulator.state import StoredJob, StoredPage

__all__ = ["routes"]


async def _create(request: Request) -> Response:
    parts, fields = emulator_of(request), await read_json(request, CREATE_JOB)
    job, plan = new_job(fields, int(parts.clock.time()), parts.config.seed)
    _look_up(parts, job["model"], {name: job.get(name) for name in ("training_file", "validation_file")})
    retry = Retry.of(request, fields)
    with parts.store.transaction():
        if retry and (known := retry.known(parts.store)) and (made := parts.store.job(known)):
            return JSONResponse(made.object)
        # The job keeps the file that the alias names now, even if the alias changes later.
        job["training_file"] = parts.store.resolve(job["training_file"])
        parts.store.add_job(job, plan)
        parts.lifecycle.record_event(job["id"], f"Created fine-tuning job: {job['id']}")
        parts.lifecycle.record_event(job["id"], f"Validating training file: {job['training_file']}")
        if retry:
            retry.keep(parts.store, job["id"])
    parts.runner.wake()
    return JSONResponse(job)


def _list(request: Request) -> Response:
    return _page(request, LIST_JOBS, emulator_of(request).store.jobs, ids=False)


def _retrieve(request: Request) -> Response:
    read_query(request, NOTHING)
    return JSONResponse(_job(request).object)


async def _cancel(request: Request) -> Response:
    await read_json(request, NOTHING)
    stored = _job(request)
    status = stored.object["status"]
    # A client that did not receive the first response may repeat its request.
    if status in FINAL_STATUSES and status != "cancelled":
        raise ApiError(400, f"Job has already {_ENDED[status]}.", code="invalid_job_status")
    return JSONResponse(emulator_of(request).lifecycle.cancel(stored.object["id"]))


def _events(request: Request) -> Response:
    name, store = _job(request).object["id"], emulator_of(request).store
    return _page(request, EVENTS, lambda limit, after: store.events(name, limit, after), ids=False)


def _checkpoints(request: Request) -> Response:
    name, store = _job(request).object["id"], emulator_of(request).store
    return _page(request, CHECKPOINTS, lambda limit, after: store.checkpoints(name, limit, after), ids=True)


def _page(
    request: Request, table: Table, read: Callable[[int, str | None], StoredPage | None], *, ids: bool
) -> Response:
    query = read_query(request, table)
    after = query["after"]
    page = read(query["limit"], after)
    if page is None:
        raise invalid(f"after: no such element in this list: {after}.", "after")
    return JSONResponse(list_body(page.data, page.has_more, ids=ids))


def _job(request: Request) -> StoredJob:
    name = request.path_params["job"]
    stored = emulator_of(request).store.job(name)
    if stored is None:
        raise ApiError(
            404, f"Could not find fine tune: {name}", param="fine_tune_id", code="fine_tune_not_found"
        )
    return stored


def _look_up(parts: Components, model: str, files: dict[str, Any]) -> None:
    if model not in parts.inference.base_models:
        raise ApiError(
            400,
            f"Model {model} is not available for fine-tuning or does not exist."
            f" Available: {', '.join(parts.inference.base_models)}.",
            param="model",
            code="model_not_available",
        )
    for param, name in files.items():
        if name is not None and parts.store.file(name) is None:
            raise invalid(f"invalid {param}: {name}", param)


_ENDED = {"succeeded": "completed", "failed": "failed"}

routes: list[Route] = [
    Route("/fine_tuning/jobs", _create, methods=["POST"]),
    Route("/fine_tuning/jobs", _list, methods=["GET"]),
    Route("/fine_tuning/jobs/{job}", _retrieve, methods=["GET"]),
    Route("/fine_tuning/jobs/{job}/cancel", _cancel, methods=["POST"]),
    Route("/fine_tuning/jobs/{job}/events", _events, methods=["GET"]),
    Route("/fine_tuning/jobs/{job}/checkpoints", _checkpoints, methods=["GET"]),
]
