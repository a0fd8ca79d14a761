"""What stands in front of the API: faults drawn with a seed, and the check for a bearer token.

Every request under the API's paths is drawn for once, before anything handles it, so that a fault never
leaves half a change behind and a client may send the same request again:

    throttle     429 with Retry-After
    timeout      the request is held, then the connection drops in the middle of the answer
    500          500, 502, 503 or 529, as it comes
    malformed    200 with JSON that breaks off
    slow-start   the first so-many requests get 503 with Retry-After (a number of requests, not a rate)
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Mapping
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from harness.emulator.api_errors import ApiError
from harness.simulator.policy import generator

__all__ = ["Faults", "FaultyApp", "KeyedApp"]

_HOLD_S: Final = 0.1
_STATUSES: Final = (500, 502, 503, 529)
_ADMIN: Final = "/_emulator"


class Faults:
    """Draws a fault, or none, for each request.

    Args:
        rates: Fault to its rate.
        seed: Decides which requests are hit, in the order in which they come.
        retry_after: Seconds that a throttled client is told to wait.
    """

    def __init__(self, rates: Mapping[str, float], seed: int, retry_after: int) -> None:
        self._lock = threading.Lock()
        self._seed = seed
        self.retry_after = retry_after
        self.set(rates)

    def set(self, rates: Mapping[str, float]) -> None:
        """Replace the rates and begin to count anew."""
        with self._lock:
            self.rates = dict(rates)
            self.requests = 0
            self.injected: Counter[str] = Counter()

    def next(self) -> str | None:
        """The fault of the next request; None for most."""
        with self._lock:
            self.requests += 1
            fault = self._draw()
            if fault is not None:
                self.injected[fault] += 1
            return fault

    def _draw(self) -> str | None:
        if self.requests <= self.rates.get("slow-start", 0):
            return "slow-start"
        point = generator("fault", self._seed, self.requests).random()
        for name, rate in self.rates.items():
            if name == "slow-start":
                continue
            if point < rate:
                return name
            point -= rate
        return None


class FaultyApp:
    """Wraps an application and injects faults in front of it.

    Args:
        app: What answers the requests that are not hit.
        faults: Draws them.
    """

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request or spoil it."""
        if scope["type"] != "http" or scope["path"].startswith(_ADMIN):
            await self._app(scope, receive, send)
            return
        fault = self._faults.next()
        if fault is None:
            await self._app(scope, receive, send)
            return
        await _read_all(receive)
        if fault == "timeout":
            await asyncio.sleep(_HOLD_S)
            # Fewer bytes than promised: the server can only close the connection.
            await _send(send, 200, b"{", length=1024, more=True)
        elif fault == "malformed":
            await _send(send, 200, b'{"object": "list", "data": [{"id": "ftev')
        else:
            error = self._error(fault)
            await _send(send, error.status, json.dumps(error.body()).encode(), headers=error.headers)

    def _error(self, fault: str) -> ApiError:
        wait = {"retry-after": str(self._faults.retry_after)}
        if fault == "throttle":
            message = "Rate limit reached (injected). Please try again later."
            return ApiError(429, message, code="rate_limit_exceeded", headers=wait)
        if fault == "slow-start":
            return ApiError(
                503, "The service is starting (injected).", code="service_unavailable", headers=wait
            )
        status = _STATUSES[self._faults.requests % len(_STATUSES)]
        return ApiError(status, "The server had an error (injected).", code="server_error")


class KeyedApp:
    """Wraps an application and refuses requests without a bearer token; any token will do.

    Args:
        app: What answers the others.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request or refuse it."""
        if scope["type"] == "http" and not scope["path"].startswith(_ADMIN):
            scheme, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not token.strip():
                error = ApiError(
                    401,
                    "You didn't provide an API key: send it as a bearer token in the Authorization header.",
                    code="invalid_api_key",
                )
                await JSONResponse(error.body(), error.status)(scope, receive, send)
                return
        await self._app(scope, receive, send)


async def _read_all(receive: Receive) -> None:
    """Take the request's body in: an answer before its end would break the connection of some clients."""
    while (message := await receive())["type"] == "http.request" and message.get("more_body"):
        pass


async def _send(
    send: Send,
    status: int,
    content: bytes,
    *,
    length: int | None = None,
    more: bool = False,
    headers: Mapping[str, str] | None = None,
) -> None:
    pairs = {
        "content-type": "application/json",
        "content-length": str(length or len(content)),
        **(headers or {}),
    }
    raw = [(name.encode(), value.encode()) for name, value in pairs.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": content, "more_body": more})
