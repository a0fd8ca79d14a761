"""Fine-tuning API errors, with messages that explain the fix.

`RequestRefused` means that the service refused the request and would refuse it again (exit code 2).
`Unreachable` means that the service throttles, fails or does not answer (exit code 3). Messages never contain
a key.
"""

from __future__ import annotations

import time

import openai

from harness.api.endpoint import other_path
from harness.api.safe_text import plain_text
from harness.api.times import retry_after_s
from harness.errors import InputError, ServiceError

__all__ = ["AnsweredNo", "PageMissing", "RequestRefused", "Unreachable", "translate"]


class RequestRefused(InputError):
    """The service refused the request and would refuse it again.

    Args:
        message: The refused request and the reason.
        status: The HTTP status.
        fix: What the user can do.
        place: The request as `METHOD /path`.
    """

    def __init__(
        self, message: str, *, status: int, fix: str | None = None, place: str | None = None
    ) -> None:
        super().__init__(message, fix=fix, place=place)
        self.status = status


class Unreachable(ServiceError):
    """The service could not be reached or is too busy. The same request may work later.

    Args:
        message: The problem.
        status: The HTTP status, or None if there was no response.
        retry_after_s: Number of seconds the service asked the client to wait, or None if it did not say.
        fix: What the user can do.
        place: The request as `METHOD /path`.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        retry_after_s: float | None = None,
        fix: str | None = None,
        place: str | None = None,
    ) -> None:
        super().__init__(message, fix=fix, place=place)
        self.status = status
        self.retry_after_s = retry_after_s


class AnsweredNo(Unreachable):
    """A response with a success status that reports a failure (exit code 1).

    The next response may differ, so callers that retry treat this error like `Unreachable`.
    """

    exit_code = 1


class PageMissing(Unreachable):
    """The service announced another page of a list but did not send it. Earlier pages remain valid."""


_FIXES = {
    400: "Correct the request; `--print-curl` shows it without sending it.",
    401: "The key is wrong, expired or meant for another service: set OPENAI_API_KEY to an Amazon Bedrock"
    " API key, or unset it to sign in with AWS credentials.",
    403: "The identity behind the key needs AmazonBedrockMantleFullAccess, lambda:InvokeFunction on the"
    " grader (version and alias included) and access to the model in this Region.",
    404: "Check the id (`rft jobs`, `rft files`), the model and the Region of the base URL.",
    409: "Check the job's state first: `rft jobs JOB`.",
    413: "The file is too large for the service: use fewer or shorter records.",
    422: "Correct the request; `--print-curl` shows it without sending it.",
}


def translate(error: openai.OpenAIError) -> RequestRefused | Unreachable:
    """Convert an SDK exception to one of this module's errors.

    Args:
        error: The SDK exception.

    Returns:
        The error to raise instead.
    """
    if isinstance(error, openai.APIStatusError):
        return _from_status(error)
    if isinstance(error, openai.APITimeoutError):
        request = error.request
        return Unreachable("no response in time", fix=_LATER, place=f"{request.method} {request.url.path}")
    if isinstance(error, openai.APIConnectionError):
        request = error.request
        reason = plain_text(str(error.__cause__ or "")) or "the connection failed"
        host = request.url.netloc.decode("ascii", "replace")
        return Unreachable(
            f"cannot reach {host}: {reason}", fix=_LATER, place=f"{request.method} {request.url.path}"
        )
    return Unreachable(f"the request failed: {plain_text(str(error))}", fix=_LATER)


_LATER = "Check the network and the base URL; the same command resumes."


def _from_status(error: openai.APIStatusError) -> RequestRefused | Unreachable:
    status = error.status_code
    place = f"{error.request.method} {error.request.url.path}"
    said = _what_it_said(error)
    if status == 429 or status == 408 or status >= 500:
        wait = retry_after_s(error.response.headers.get("retry-after"), time.time())
        what = "too many requests" if status == 429 else "the service failed"
        return Unreachable(
            f"{what} ({status}): {said}",
            status=status,
            retry_after_s=wait,
            fix="Wait and run the same command again: it resumes.",
            place=place,
        )
    fix = _FIXES.get(status)
    # Bedrock's message for a model that is served only under the other path contains these words.
    if "supported on this route" in said and (other := other_path(str(error.request.url))):
        fix = f"This model uses the other path: add --inference-url {other}."
    return RequestRefused(
        f"the service refused the request ({status}): {said}",
        status=status,
        fix=fix,
        place=place,
    )


def _what_it_said(error: openai.APIStatusError) -> str:
    body = error.body
    if isinstance(body, dict):
        message = body.get("message") or body.get("Message")
        if isinstance(message, str) and message:
            param = body.get("param")
            return plain_text(f"{message} [{param}]" if isinstance(param, str) and param else message)
    return plain_text(error.response.text) or "it gave no reason"
