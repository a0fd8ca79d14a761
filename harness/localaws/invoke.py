"""Serves the Lambda Invoke API on loopback: boto3 with this `endpoint_url` calls functions by name or ARN.

The server can serve several functions, versions and aliases at the same time. Responses have Lambda's
headers: `X-Amz-Function-Error`, `X-Amz-Executed-Version`, `X-Amz-Log-Result`. Errors have AWS's format. An
ARN's Region and account are ignored, signatures are not checked, and a failed asynchronous event is not
retried.

Source: the Lambda API reference (Invoke, GetFunction, GetFunctionConfiguration, GetAlias).
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, unquote
from uuid import uuid4

import orjson

from harness.errors import HarnessError
from harness.localaws import limits
from harness.localaws.function import FunctionSpec
from harness.localaws.limits import Fault
from harness.localaws.loopback import HttpRequest, HttpResponse, LoopbackServer
from harness.localaws.registry import FunctionName, Registry, invalid_choice, parse_function
from harness.localaws.runtime import Invocation, InvokeRefused, LocalRuntime

__all__ = ["LambdaServer"]

_KINDS = ("RequestResponse", "Event", "DryRun")
_LOG_TYPES = ("None", "Tail")
_CONTEXT_BYTES = 3583
"""Maximum size of the client context, in base64 (Lambda API reference, Invoke)."""
_PATH = re.compile(r"/2015-03-31/functions/([^/]+)(?:/(invocations|configuration|aliases/[^/]+))?/?")


class LambdaServer:
    """Serves functions until it is closed. `url` is the `endpoint_url` for boto3.

    Args:
        start: Creates the runtime of a version on its first call.
        concurrency: Maximum number of concurrent invocations of all functions together. Further calls are
            throttled (429). None sets no limit.
        port: The port to listen on; 0 for a free port.

    Raises:
        InputError: The port is taken.
    """

    def __init__(
        self,
        start: Callable[[FunctionSpec], LocalRuntime] | None = None,
        *,
        concurrency: int | None = None,
        port: int = 0,
    ) -> None:
        self._registry = Registry(start or _default_runtime)
        self._room = threading.BoundedSemaphore(concurrency) if concurrency is not None else None
        self._server = LoopbackServer(self._handle, "invoke api", port)
        self.url = f"http://{self._server.address}"

    def __enter__(self) -> LambdaServer:
        """Return the server, which is closed at the end of the `with` block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add(self, spec: FunctionSpec, *, version: str | None = None, aliases: tuple[str, ...] = ()) -> None:
        """Serve a function as `$LATEST` and, if a version is given, also under the version's number.

        Args:
            spec: The function. It replaces `$LATEST` of an earlier function with the same name.
            version: The number under which the function is published.
            aliases: Names that point to this function from now on.
        """
        self._registry.add(spec, version, aliases)

    def close(self) -> None:
        """Stop serving and end every function's processes."""
        self._server.close()
        self._registry.close()

    def _handle(self, request: HttpRequest) -> HttpResponse:
        request_id = str(uuid4())
        try:
            response = self._route(request, request_id)
        except InvokeRefused as refused:
            response = _refusal(refused)
        except HarnessError as error:
            response = _refusal(InvokeRefused(Fault("InvalidParameterValueException", str(error)), 400))
        return response._replace(headers={"x-amzn-RequestId": request_id, **response.headers})

    def _route(self, request: HttpRequest, request_id: str) -> HttpResponse:
        match = _PATH.fullmatch(request.path)
        if match is None:
            raise InvokeRefused(Fault("UnknownOperationException", f"no such path: {request.path}"), 404)
        query = parse_qs(request.query)
        function = parse_function(unquote(match[1]), query.get("Qualifier", [None])[0])
        what = match[2]
        if request.method == "POST" and what == "invocations":
            return self._invoke(request, request_id, function)
        if request.method == "GET" and what == "configuration":
            return _json(self._registry.configuration(function.name, function.qualifier))
        if request.method == "GET" and what is None:
            configuration = self._registry.configuration(function.name, function.qualifier)
            return _json({"Configuration": configuration, "Code": {"RepositoryType": "local"}, "Tags": {}})
        if request.method == "GET" and what is not None and what.startswith("aliases/"):
            return _json(self._registry.alias(function.name, unquote(what.removeprefix("aliases/"))))
        raise InvokeRefused(Fault("UnknownOperationException", f"{request.method} is not served here"), 405)

    def _invoke(self, request: HttpRequest, request_id: str, function: FunctionName) -> HttpResponse:
        kind = _choice(request, "x-amz-invocation-type", "invocationType", _KINDS)
        with_log = _choice(request, "x-amz-log-type", "logType", _LOG_TYPES) == "Tail"
        client_context = _client_context(request.headers.get("x-amz-client-context"), kind)
        runtime, version = self._registry.runtime(function.name, function.qualifier)
        if kind == "DryRun":
            return HttpResponse(204)
        payload = _event(request.body, kind)
        if self._room is not None and not self._room.acquire(blocking=False):
            raise InvokeRefused(Fault("TooManyRequestsException", "Rate Exceeded."), 429)
        arn = function.arn or self._registry.arn(function.name, function.qualifier)

        def run() -> Invocation | None:
            try:
                return runtime.invoke(payload, arn=arn, request_id=request_id, client_context=client_context)
            except InvokeRefused:
                if kind == "Event":
                    return None  # no caller waits for the response
                raise
            finally:
                if self._room is not None:
                    self._room.release()

        if kind == "Event":
            threading.Thread(target=run, name="asynchronous invocation", daemon=True).start()
            return HttpResponse(202)
        return _answer(run(), version, with_log)


def _choice(request: HttpRequest, header: str, parameter: str, choices: tuple[str, ...]) -> str:
    """Return a header's value, or the first allowed value by default. The error's wording is unverified."""
    value = request.headers.get(header, choices[0])
    if value not in choices:
        raise invalid_choice(value, parameter, choices)
    return value


def _client_context(encoded: str | None, kind: str) -> str | None:
    """Return the client context as ASCII JSON, for a header; None for asynchronous calls, as in Lambda."""
    if encoded is None:
        return None
    try:
        found = json.loads(base64.b64decode(encoded, validate=True))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or len(encoded) > _CONTEXT_BYTES:
        text = "Client context must be a valid Base64-encoded JSON object."
        raise InvokeRefused(Fault("InvalidRequestContentException", text), 400)
    return json.dumps(found) if kind == "RequestResponse" else None


def _event(body: bytes, kind: str) -> bytes:
    limit = limits.ASYNC_REQUEST_BYTES if kind == "Event" else limits.REQUEST_BYTES
    if len(body) > limit:
        raise InvokeRefused(limits.request_too_large(len(body), limit, kind), 413)
    payload = body or b"{}"
    _check_json(payload)
    return payload


def _answer(invocation: Invocation | None, version: str, with_log: bool) -> HttpResponse:
    assert invocation is not None
    headers = {"X-Amz-Executed-Version": version}
    if invocation.fault is not None:
        headers["X-Amz-Function-Error"] = "Unhandled"
    if with_log:
        tail = invocation.log_tail.encode()[-limits.LOG_TAIL_BYTES :]
        headers["X-Amz-Log-Result"] = base64.b64encode(tail).decode()
    return HttpResponse(200, invocation.payload, headers)


def _default_runtime(spec: FunctionSpec) -> LocalRuntime:
    return LocalRuntime(spec, concurrency=16)


def _check_json(payload: bytes) -> None:
    """Reject an event that Lambda does not accept as JSON: `NaN`, but not an escaped lone surrogate."""
    try:
        orjson.loads(payload)
    except orjson.JSONDecodeError:
        try:
            json.loads(payload, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            text = f"Could not parse request body into json: {error}"
            raise InvokeRefused(Fault("InvalidRequestContentException", text), 400) from error


def _no_constant(name: str) -> None:
    raise ValueError(f"Non-standard token '{name}'")


def _json(document: Mapping[str, Any]) -> HttpResponse:
    return HttpResponse(200, json.dumps(document).encode())


def _refusal(refused: InvokeRefused) -> HttpResponse:
    """Return an error in AWS's format, with the error type in a header and the message in the body."""
    fault = refused.fault
    body = {"Type": "User", "Message": fault.message, "message": fault.message}
    if refused.status == 429:
        body["Reason"] = "ConcurrentInvocationLimitExceeded"
    return HttpResponse(refused.status, json.dumps(body).encode(), {"x-amzn-ErrorType": fault.error_type})
