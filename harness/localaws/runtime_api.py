"""The Lambda Runtime API for the `awslambdaric` in a function's process.

`give` passes an event to the process, and `messages` has the requests and responses of the process in order.
One object serves one process, so a killed process can never take an event meant for its successor. The
sandbox decides about timeouts, kills and restarts.

Source: the Lambda developer guide, "Using the Lambda runtime API for custom runtimes", version 2018-06-01.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Literal, NamedTuple, TypeAlias

from harness.localaws.limits import RESPONSE_BYTES
from harness.localaws.loopback import HttpRequest, HttpResponse, LoopbackServer

__all__ = ["Message", "RuntimeApi", "Work"]

Kind: TypeAlias = Literal["next", "response", "too_large", "error", "init_error", "exited", "memory"]

_PREFIX = "/2018-06-01/runtime/"
_ANSWER = re.compile(rf"{_PREFIX}invocation/([^/]+)/(response|error)")
_ACCEPTED = HttpResponse(202, b'{"status":"OK"}\n')


class Work(NamedTuple):
    """An event that the handler is to process."""

    request_id: str
    payload: bytes
    deadline_ms: int
    """The end of the function's timeout, in milliseconds since the epoch."""
    arn: str
    trace_id: str
    client_context: str | None = None
    """The caller's client context, as a JSON object in ASCII."""


class Message(NamedTuple):
    """A report about the process.

    `next`: the process asks for work. `response`, `error`: the handler responded or failed. `too_large`: the
    response was over the limit. `init_error`: the handler could not be loaded. `exited`: the process ended,
    with `returncode`. `memory`: the process exceeded its memory.
    """

    kind: Kind
    body: bytes = b""
    returncode: int = 0


class RuntimeApi:
    """Serves the Runtime API to one process. Only the sandbox's thread may take messages from `messages`.

    Args:
        on_next: Called when the process is idle and asks for work.
    """

    def __init__(self, on_next: Callable[[], None] = lambda: None) -> None:
        self._on_next = on_next
        self.messages: SimpleQueue[Message] = SimpleQueue()
        self._work: SimpleQueue[Work | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._current: str | None = None
        self._server = LoopbackServer(self._handle, "runtime api")
        self.address = self._server.address

    def give(self, work: Work) -> None:
        """Pass one event to the process, which must have asked for it."""
        with self._lock:
            self._current = work.request_id
        self._work.put(work)

    def close(self) -> None:
        """Close the connections to the process."""
        self._work.put(None)
        self._server.close()

    def _handle(self, request: HttpRequest) -> HttpResponse | None:
        if request.method == "GET" and request.path == f"{_PREFIX}invocation/next":
            return self._next()
        if request.method == "POST" and request.path == f"{_PREFIX}init/error":
            self.messages.put(Message("init_error", request.body))
            return _ACCEPTED
        if request.method == "POST" and (match := _ANSWER.fullmatch(request.path)):
            return self._answer(match[1], match[2], request.body)
        return _refuse(404, "UnknownPath", f"{request.method} {request.path} is not part of the Runtime API")

    def _next(self) -> HttpResponse | None:
        """Delay the response until there is work."""
        self._on_next()
        self.messages.put(Message("next"))
        work = self._work.get()
        if work is None:
            self._work.put(None)  # ends the wait of another connection, too
            return None
        headers = {
            "Lambda-Runtime-Aws-Request-Id": work.request_id,
            "Lambda-Runtime-Deadline-Ms": str(work.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": work.arn,
            "Lambda-Runtime-Trace-Id": work.trace_id,
        }
        if work.client_context is not None:
            headers["Lambda-Runtime-Client-Context"] = work.client_context
        return HttpResponse(200, work.payload, headers)

    def _answer(self, request_id: str, what: str, body: bytes) -> HttpResponse:
        """Accept one response to the current event."""
        with self._lock:
            if request_id != self._current:
                return _refuse(400, "InvalidRequestID", "Invalid request ID")
            self._current = None
        if what == "error":
            self.messages.put(Message("error", body))
            return _ACCEPTED
        if len(body) > RESPONSE_BYTES:
            self.messages.put(Message("too_large"))
            text = f"Exceeded maximum allowed payload size ({RESPONSE_BYTES} bytes)."
            return _refuse(413, "RequestEntityTooLarge", text)
        self.messages.put(Message("response", body))
        return _ACCEPTED


def _refuse(status: int, error_type: str, message: str) -> HttpResponse:
    return HttpResponse(status, json.dumps({"errorType": error_type, "errorMessage": message}).encode())
