"""Middleware that refuses requests from web pages, injects seeded faults and checks for a bearer token.

Faults are injected before a route handles the request. They never leave a partial change, so a client can
safely retry. The faults are

    throttle     429 with Retry-After
    timeout      a short wait, then the connection drops in the middle of the response
    500          500, 502, 503 or 529, in turn
    malformed    200 with truncated JSON
    slow-start   the first N requests get 503 with Retry-After (a number of requests, not a rate)
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Mapping
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from harness.emulator.api_errors import ApiError
from harness.localaws.callers import why_refused
from harness.simulator.policy import generator

__all__ = ["Faults", "FrontDoor"]

_HOLD_S: Final = 0.1
_STATUSES: Final = (500, 502, 503, 529)
_ADMIN: Final = "/_emulator"


class Faults:
    """Chooses whether and which fault to inject into each request.

    Args:
        rates: The rate of each fault.
        seed: Determines which requests fail, by their order of arrival.
        retry_after: Seconds in the `Retry-After` header.
    """

    def __init__(self, rates: Mapping[str, float], seed: int, retry_after: int) -> None:
        self._lock = threading.Lock()
        self._seed = seed
        self.retry_after = retry_after
        self.set(rates)

    def set(self, rates: Mapping[str, float]) -> None:
        """Replace the rates and restart the request count."""
        with self._lock:
            self.rates = dict(rates)
            self.requests = 0
            self.injected: Counter[str] = Counter()

    def next(self) -> str | None:
        """Return the fault for the next request, or None for no fault."""
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


class FrontDoor:
    """Middleware that refuses requests from web pages, injects faults, and checks for a token.

    Requests from web pages are refused on all routes. Admin routes need no token and get no faults.

    Args:
        app: The application for all other requests.
        faults: Chooses the faults.
        require_key: Refuse requests without a bearer token. Any token is accepted.
    """

    def __init__(self, app: ASGIApp, faults: Faults, *, require_key: bool) -> None:
        self._app = app
        self._faults = faults
        self._require_key = require_key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, refuse it, or respond with an injected fault."""
        answer: ASGIApp = self._app
        refusal = why_refused(_texts(scope)) if scope["type"] == "http" else None
        if refusal is not None:
            # Do not read the body, because a web page could send a body of any size.
            error = ApiError(403, refusal, code="foreign_request", headers={"connection": "close"})
            answer = error.response()
        elif scope["type"] == "http" and not scope["path"].startswith(_ADMIN):
            fault = self._faults.next()
            if fault is not None:
                await _read_all(receive)
                answer = await self._spoiled(fault)
            elif self._require_key and not _has_token(scope):
                answer = _NO_KEY.response()
        await answer(scope, receive, send)

    async def _spoiled(self, fault: str) -> Response:
        wait = {"retry-after": str(self._faults.retry_after)}
        if fault == "timeout":
            await asyncio.sleep(_HOLD_S)
            # The body is shorter than announced, so the server can only close the connection.
            return Response(b"{", headers={"content-length": "1024"}, media_type=_JSON)
        if fault == "malformed":
            return Response(b'{"object": "list", "data": [{"id": "ftev', media_type=_JSON)
        if fault == "throttle":
            message = "Rate limit reached (injected). Please try again later."
            error = ApiError(429, message, code="rate_limit_exceeded", headers=wait)
        elif fault == "slow-start":
            message = "The service is starting (injected)."
            error = ApiError(503, message, code="service_unavailable", headers=wait)
        else:
            status = _STATUSES[self._faults.requests % len(_STATUSES)]
            error = ApiError(status, "The server had an error (injected).", code="server_error")
        return error.response()


_JSON: Final = "application/json"
_NO_KEY: Final = ApiError(
    401,
    "You didn't provide an API key: send it as a bearer token in the Authorization header.",
    code="invalid_api_key",
)


def _has_token(scope: Scope) -> bool:
    scheme, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and bool(token.strip())


def _texts(scope: Scope) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]


async def _read_all(receive: Receive) -> None:
    """Read the whole request body, because responding earlier would break some clients' connections."""
    while (message := await receive())["type"] == "http.request" and message.get("more_body"):
        pass
