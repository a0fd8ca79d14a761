"""Defines the emulated API's errors, which have OpenAI's response body and status codes.

Bedrock's actual codes and messages are *unverified*.

An `ApiError` rejects a request. A job that was already accepted fails with a `JobFailure`
(`harness.simulator.failure`) instead.
"""

from __future__ import annotations

from typing import Final

from starlette.responses import JSONResponse, Response

from harness.api.types import ErrorBody

__all__ = ["ApiError", "invalid", "not_found"]

_TYPES: Final = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


class ApiError(Exception):
    """A rejected request.

    Args:
        status: HTTP status, 400 or more.
        message: The problem and its fix.
        param: The name of the invalid field.
        code: A machine-readable reason.
        headers: Additional response headers, such as `Retry-After`.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.param = param
        self.code = code
        self.headers = headers or {}

    def response(self) -> Response:
        """Return the HTTP response."""
        kind = "server_error" if self.status >= 500 else _TYPES.get(self.status, "invalid_request_error")
        body: ErrorBody = {"message": self.message, "type": kind, "param": self.param, "code": self.code}
        return JSONResponse({"error": body}, self.status, headers=self.headers)


def invalid(message: str, param: str | None, *, code: str | None = None) -> ApiError:
    """Return the error for a field with an invalid value."""
    return ApiError(400, message, param=param, code=code)


def not_found(kind: str, name: str, param: str | None = "id") -> ApiError:
    """Return the error for a missing object. As with OpenAI, only a missing model's error has a code."""
    return ApiError(
        404, f"No such {kind}: {name}", param=param, code="model_not_found" if kind == "model" else None
    )
