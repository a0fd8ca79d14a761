"""The check for a bearer token, in front of the API when `--require-key` was given.

Any token will do: the emulator knows no accounts, it only shows that a client sends one. Tokens are not kept.
"""

from __future__ import annotations

from typing import Final

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from harness.emulator.api_errors import ApiError

__all__ = ["KeyedApp"]

_ADMIN: Final = "/_emulator"


class KeyedApp:
    """Wraps an application and refuses requests without a bearer token.

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
