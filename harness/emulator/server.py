"""Assembles the emulator from its configuration and serves it on loopback.

The API is served under `/v1` and `/openai/v1` (the path of the SDK's Bedrock provider), and the admin routes
under `/_emulator`. uvicorn runs on a separate thread. The jobs run on the main thread, so that a grader can
be interrupted after its time limit. Only the URL is printed to stdout. Graders print to stderr.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount

from graders.wire import PROFILES
from harness.clock import Clock, ManualClock, SystemClock
from harness.conclusions.goal import GoalValues
from harness.emulator import (
    admin_routes,
    chat_routes,
    file_routes,
    grader_routes,
    job_routes,
    response_routes,
)
from harness.emulator.api_errors import ApiError
from harness.emulator.connection import Connection
from harness.emulator.context import Components
from harness.emulator.faults import Faults, FrontDoor
from harness.emulator.functions import Functions
from harness.emulator.generation import Inference
from harness.emulator.grader_runs import GraderRuns
from harness.emulator.lifecycle import Lifecycle
from harness.emulator.notices import Notices, RefusalsTold
from harness.emulator.runner import Runner
from harness.emulator.settings import EmulatorConfig
from harness.emulator.state import Store
from harness.errors import InputError
from harness.simulator.pool import load_pool

__all__ = ["application", "assemble", "serve"]

_HOST: Final = "127.0.0.1"
_CONNECTIONS: Final = 512
_START_TIMEOUT_S: Final = 30.0
_STOP_TIMEOUT_S: Final = 10.0


def serve(
    config: EmulatorConfig,
    announce: Callable[[str], None] | None = None,
    tell: Callable[[str], None] | None = None,
) -> None:
    """Serve the emulator until SIGINT or SIGTERM.

    Args:
        config: The emulator's configuration.
        announce: Called with the base URL when the server is ready. By default, it prints the URL. Stdout is
            then redirected to stderr.
        tell: Called with one line per job event and per refused request.

    Raises:
        InputError: A rollouts file cannot be read, another version wrote the state, the port is taken, or
            this is not the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        raise InputError("the emulator must run on the main thread", fix="Start it with `rft emulate`.")
    if config.wire not in PROFILES:
        raise InputError(f"unknown wire {config.wire!r}", fix=f"Known are {', '.join(PROFILES)}.")
    functions = Functions(config.functions)
    notices = Notices(tell or (lambda line: None))
    parts = assemble(config, functions, notices)
    front_door = FrontDoor(application(parts), parts.faults, require_key=config.require_key)
    listener = _listen(config.port)
    server = uvicorn.Server(
        uvicorn.Config(
            RefusalsTold(front_door, notices),
            http=Connection,
            limit_concurrency=_CONNECTIONS,
            log_level="critical",
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="http", daemon=True)
    thread.start()
    try:
        _await_start(server, thread)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: parts.runner.stop())
        (announce or _print_url)(f"http://{_HOST}:{listener.getsockname()[1]}/v1")
        sys.stdout.flush()
        os.dup2(2, 1)
        parts.runner.run()
    finally:
        server.should_exit = True
        thread.join(_STOP_TIMEOUT_S)
        functions.close()
        parts.close()


def assemble(config: EmulatorConfig, functions: Functions, notices: Notices | None = None) -> Components:
    """Create the emulator's components. The caller must close them and the functions."""
    grader_runs = GraderRuns(config.judge_models, config.grader_seconds)
    values = GoalValues(None)
    pool = load_pool(config.rollouts, values.add)
    goal, goal_remarks = values.goal(pool.groups.values(), config.state)
    store = Store(config.state)
    clock: Clock = ManualClock(store.latest_time()) if config.manual else SystemClock()
    lifecycle = Lifecycle(config, store, pool, clock, functions.open, notices)
    return Components(
        config=config,
        store=store,
        pool=pool,
        goal=goal,
        goal_remarks=goal_remarks,
        clock=clock,
        lifecycle=lifecycle,
        runner=Runner(lifecycle, speed=config.speed, manual=config.manual),
        inference=Inference(store, pool, config.models, config.seed),
        grader_runs=grader_runs,
        faults=Faults(config.faults, config.seed, retry_after=0 if config.manual else 1),
    )


def application(parts: Components) -> Starlette:
    """Return the application with all routes but without the middleware."""
    api = [
        *file_routes.routes,
        *job_routes.routes,
        *grader_routes.routes,
        *chat_routes.routes,
        *response_routes.routes,
    ]
    app = Starlette(
        routes=[
            Mount("/v1", routes=api),
            Mount("/openai/v1", routes=api),
            Mount("/_emulator", routes=admin_routes.routes),
        ],
        exception_handlers={ApiError: _answer_error, HTTPException: _answer_http, Exception: _answer_bug},
    )
    app.state.parts = parts
    return app


def _answer_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return error.response()


def _answer_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    message = (
        f"Invalid URL ({request.method} {request.url.path})" if error.status_code == 404 else error.detail
    )
    return ApiError(error.status_code, message, headers=dict(error.headers or {})).response()


def _answer_bug(request: Request, error: Exception) -> Response:
    return ApiError(500, f"{type(error).__name__}: {error}", code="server_error").response()


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_HOST, port))
    except OSError as error:
        listener.close()
        raise InputError(
            f"port {port} cannot be used ({error.strerror})", fix="Use --port 0 for a free one."
        ) from error
    listener.listen(128)
    return listener


def _await_start(server: uvicorn.Server, thread: threading.Thread) -> None:
    end = time.monotonic() + _START_TIMEOUT_S
    while not server.started:
        if not thread.is_alive() or time.monotonic() > end:
            raise InputError("the HTTP server did not start", fix="Use another --port.")
        time.sleep(0.005)


def _print_url(url: str) -> None:
    sys.stdout.write(url + "\n")
