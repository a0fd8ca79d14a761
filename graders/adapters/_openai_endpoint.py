"""Calls the service of an `endpoint` grader, which scores completions.

Azure documents the payload (at most 1 MB) and the three retries in the README of its private preview
(`Demos/Agentic_RFT_ToolCall_EndpointGrader` in `microsoft-foundry/fine-tuning`). `docs/adapters.md` describes
how this project handles the details that the README does not cover.
"""

from __future__ import annotations

import json
import os
from time import perf_counter
from urllib.parse import parse_qsl, urlsplit

from .._runtime.held_questions import held_back
from ..checks._judge_address import RELAY, shown_address
from ..checks._judge_retries import Heard, Patience, TryAgain, Unsent, bounded, in_thread, seconds_of
from ..checks._judge_secrets import without_secrets
from ..errors import ConfigurationError, SampleError
from ..extract._json import exact_json
from ._openai_address import OWN_HEADERS, SCHEME, filled, url_fault
from ._openai_json import number_of
from ._openai_scores import GradeFault, GraderScore, Scope, passed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from http.client import HTTPResponse
    from typing import Any

    from ._openai_scores import Scoring
    from ._openai_spec import EndpointGrader

_MOST_BYTES = 1 << 20
_UNSENT = "unsent sample"
_MOST_ASKED = 4
"""Maximum number of requests for one sample: the initial request and three retries."""
_PIECE = 1 << 16
_BUSY = (408, 425, 429)
_GATEWAY = (429, 502, 503, 504)
"""HTTP statuses that may mean the service is down or overloaded."""
_LONGEST_SAID = 200


def endpoint_scoring(node: EndpointGrader) -> Scoring:
    """Build the scoring function of an `endpoint` grader.

    Args:
        node: The grader.
    """
    endpoint = ScoringEndpoint(node.url, node.headers, node.rate_limit)

    async def scored(scope: Scope) -> GraderScore:
        if held_back():
            raise GradeFault("other_error", "the endpoint was not asked", "abstain")
        try:
            score = await endpoint.score(scope.sample, scope.item)
        except SampleError as error:
            if error.origin != _UNSENT or not endpoint.takes(Scope("", scope.item).sample, scope.item):
                raise
            # The record alone can be sent, so the completion is too large or not JSON.
            return GraderScore(0.0, unread=True, errors={"other_error": True}, reason=error.message)
        return GraderScore(score, metrics=passed(score, node.pass_threshold))

    return scored


class ScoringEndpoint:
    """A service that scores completions.

    Args:
        url: URL of the service. `${NAME}` refers to the environment variable NAME.
        headers: Headers of each request. Their values may contain `${NAME}` too.
        rate_limit: Maximum number of requests per second from this process, or None for no limit.
    """

    def __init__(self, url: str, headers: Mapping[str, str], rate_limit: float | None) -> None:
        self.name = f"the endpoint {shown_address(url)}"
        self._url = url
        self._headers = headers
        self._gap = 1 / rate_limit if rate_limit else 0.0
        self._next = 0.0
        self._heard = Heard()
        self._has_scored = False

    async def score(self, sample: Mapping[str, Any], item: Mapping[str, Any]) -> float:
        """Request a completion's score, making up to four requests within the sample's time limit.

        Args:
            sample: The completion, as in a spec's `sample` namespace.
            item: The sample's record, as in the `item` namespace.

        Raises:
            ConfigurationError: The service cannot be called at all or rejects every request.
            SampleError: The endpoint did not return a score for this sample.
        """
        body = self._body(sample, item)
        patience = Patience(self.name, self._heard, _MOST_ASKED)

        async def once() -> float:
            await self._turn(patience)
            score: float = await in_thread(lambda: self._ask(body, patience.left + 1), patience)
            return score

        return await patience.until_answered(once)

    def takes(self, sample: Mapping[str, Any], item: Mapping[str, Any]) -> bool:
        """Return True if the sample can be sent. Takes the same arguments as `score`."""
        try:
            self._body(sample, item)
        except SampleError:
            return False
        return True

    def _body(self, sample: Mapping[str, Any], item: Mapping[str, Any]) -> bytes:
        """Return the payload. Its trace id depends only on its content, so recorded answers can be found.

        Raises:
            SampleError: The payload cannot be written as JSON or is too large.
        """
        from hashlib import sha256
        from uuid import UUID

        try:
            parts = json.dumps({"sample": sample, "item": item}, allow_nan=False, sort_keys=True)
        except (ValueError, TypeError, RecursionError) as error:
            raise SampleError(
                "exception", f"the sample cannot be sent to {self.name} as JSON: {error}", _UNSENT
            ) from None
        trace = UUID(bytes=sha256(parts.encode()).digest()[:16], version=4)
        body = f'{parts[:-1]}, "trace_id": "trace_{trace}"}}'.encode()
        if len(body) > _MOST_BYTES:
            raise SampleError(
                "exception",
                f"the payload for {self.name} has {len(body):,} bytes; the limit is {_MOST_BYTES:,}: remove "
                "the record's fields that it does not need from the data",
                _UNSENT,
            )
        return body

    async def _turn(self, patience: Patience) -> None:
        """Wait until the rate limit allows a request.

        Raises:
            Unsent: The rate limit does not allow another request until after the sample's time is up.
        """
        import asyncio

        now = perf_counter()
        at = max(now, self._next)
        if at - now > patience.left - patience.least:
            raise Unsent
        self._next = at + self._gap
        if at > now:
            await asyncio.sleep(at - now)

    def _ask(self, body: bytes, seconds: float) -> float:
        """Send one request. Any errors raised never contain the value of a secret."""
        from contextlib import closing
        from http.client import HTTPException
        from urllib.error import URLError
        from urllib.request import Request, build_opener

        secrets: list[str] = []
        try:
            url, headers = self._address(secrets), self._filled_headers(secrets)
            request = Request(url, body, headers, method="POST")  # the address's scheme was checked
            try:
                # `closing` is needed because a recorded response swallows errors in its own `with` block.
                with closing(build_opener(_as_answered()).open(request, timeout=seconds)) as answer:
                    content = b"".join(bounded(iter(lambda: answer.read1(_PIECE), b""), seconds))
                    return self._score(answer, content)
            except URLError as error:
                cause = error.reason
                raise TryAgain(type(cause).__name__ if isinstance(cause, Exception) else str(cause)) from None
            except (OSError, HTTPException) as error:
                raise TryAgain(type(error).__name__) from None
        except (TryAgain, ConfigurationError, SampleError) as error:
            error.args = tuple(without_secrets(str(each), secrets) for each in error.args)
            if isinstance(error, SampleError):
                error.message = without_secrets(error.message, secrets)
            raise

    def _score(self, answer: HTTPResponse, content: bytes) -> float:
        """Return the score in a response.

        Raises:
            TryAgain: The response contains no score.
            SampleError: The service rejects the sample.
            ConfigurationError: The service rejects every sample.
        """
        status = answer.status
        if status not in _GATEWAY:
            self._heard.answer()
        if 200 <= status < 300:
            score = score_of(content)
            self._has_scored = True
            return score
        if status in _BUSY or status >= 500:
            after = seconds_of(answer.headers.get("retry-after"))
            raise TryAgain(f"HTTP {status}", after, status == 429)
        what = self._refusal(status, answer.headers.get("location") or "")
        if what and not self._has_scored:
            raise ConfigurationError(what)
        said = " ".join(content[: 4 * _LONGEST_SAID].decode("utf-8", "replace").split())[:_LONGEST_SAID]
        raise SampleError(
            "exception", f"{self.name} refused the sample (HTTP {status}): {said}", "refused sample"
        )

    def _refusal(self, status: int, location: str) -> str:
        """Return the reason why this status rejects every sample, or an empty string if it does not."""
        if 300 <= status < 400:
            return (
                f"{self.name} redirects to {location or 'no address'} (HTTP {status}), and its headers are "
                "not sent there: write that address as `url`"
            )
        if status in (401, 403, 407):
            names = ", ".join(self._headers) or "none"
            return f"{self.name} does not accept the headers (HTTP {status}); the spec has {names}"
        if status in (404, 405):
            return f"{self.name} accepts no POST request there (HTTP {status}): check `url`"
        return ""

    def _address(self, secrets: list[str]) -> str:
        """Return the URL to call, without its query string if a relay is used.

        Raises:
            ConfigurationError: A variable in the URL is not set or its value makes the URL invalid.
        """
        relay = os.environ.get(RELAY)
        asked = self._url.partition("?")[0] if relay else self._url
        url = filled(asked, f"the url of {self.name}", secrets)
        secrets += [value for _, value in parse_qsl(urlsplit(url).query)]
        if fault := url_fault(url):
            raise ConfigurationError(f"{self.name} cannot be asked: {fault}")
        return f"{relay}/{url}" if relay else url

    def _filled_headers(self, secrets: list[str]) -> dict[str, str]:
        """Return the headers to send, without the spec's headers if a relay is used.

        Raises:
            ConfigurationError: A variable in a header is not set or its value makes the header invalid.
        """
        headers = {"Content-Type": "application/json", "User-Agent": "rft-graders"}
        for name, value in ({} if os.environ.get(RELAY) else self._headers).items():
            if name.lower() in OWN_HEADERS:
                continue
            headers[name] = filled(value, f"the header {name} of {self.name}", secrets)
            secrets += [headers[name], SCHEME.sub("", headers[name], count=1)]
        return headers


def score_of(content: bytes) -> float:
    """Return the score in a response.

    Args:
        content: Body of the response.

    Raises:
        TryAgain: The body is not a JSON object with a finite number as `score`.
    """
    said = exact_json(content.decode("utf-8", "replace").removeprefix("\ufeff"))
    if not isinstance(said, dict):
        raise TryAgain("its answer is not a JSON object")
    score = number_of(said.get("score"))
    if score is None:
        raise TryAgain("its answer has no finite number as `score`")
    return score


def _as_answered() -> Any:
    """Return a urllib handler that accepts every status: it raises no errors and follows no redirects."""
    from urllib.request import HTTPErrorProcessor

    class AsAnswered(HTTPErrorProcessor):
        def http_response(self, request: Any, response: Any) -> Any:
            return response

        https_response = http_response

    return AsAnswered
