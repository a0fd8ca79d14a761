"""Uses vcrpy to answer the requests of every HTTP client in this process from recorded answers.

vcrpy can patch boto3, openai, httpx, requests, urllib3, urllib and aiohttp. vcrpy's own cassette compares
each request with all recorded requests, and its YAML takes seconds to parse for a few thousand answers. The
cassette here uses an `AnswerBook`.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import importlib
import os
import time
import types
from collections.abc import Iterator, Mapping
from typing import Any

import vcr.patch
from vcr.cassette import Cassette
from vcr.filters import decode_response
from vcr.request import Request
from vcr.stubs import VCRHTTPSConnection
from vcr.stubs.httpx_stubs import vcr_handle_async_request

from harness.targets.answer_book import LONGEST_WAIT_S, AnswerBook, playing_variables

__all__ = ["answered"]

_LOOK_S = 0.02


@contextlib.contextmanager
def answered(book: AnswerBook) -> Iterator[AnswerBook]:
    """Answer this process's HTTP requests from an answer book until the block ends.

    If no request may go to a service, placeholders for missing API keys are added to the environment.

    Args:
        book: The answers.
    """
    variables = {} if book.asks else playing_variables(book.recorded, os.environ)
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        with _AnswerCassette.use(path=book.place, book=book) as cassette:
            try:
                yield book
            finally:
                cassette.ended = True
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _own_https_init() -> Any:
    """Return a copy of `http.client.HTTPSConnection.__init__` whose globals are never patched."""
    init = http.client.HTTPSConnection.__init__
    own = {**vars(http.client), "HTTPSConnection": http.client.HTTPSConnection}
    copied = types.FunctionType(init.__code__, own, init.__name__, init.__defaults__, init.__closure__)
    copied.__kwdefaults__ = init.__kwdefaults__
    return copied


class _StandardHTTPS(http.client.HTTPSConnection):
    """A standard library connection that can be created while vcrpy replaces `HTTPSConnection`."""

    __init__ = _own_https_init()


class _StandardHTTPSStub(VCRHTTPSConnection):  # type: ignore[misc]
    _baseclass = _StandardHTTPS


def _waiting_transports(cassette: Cassette, book: AnswerBook) -> Iterator[tuple[Any, str, Any]]:
    """Make async transports, such as httpx's, wait while another task is making the same request."""
    for name in ("httpx", "httpx2"):
        real = getattr(vcr.patch, f"_{name.capitalize()}AsyncHttpTransport_handle_async_request", None)
        if real is not None:
            library = importlib.import_module(name)
            inner = vcr_handle_async_request(cassette, real, library)
            yield library.AsyncHTTPTransport, "handle_async_request", _waiting(inner, book, library)


def _waiting(inner: Any, book: AnswerBook, library: Any) -> Any:
    async def handle(transport: Any, request: Any) -> Any:
        if book.asks:
            body = b"".join([part async for part in request.stream])
            request.stream = library.ByteStream(body)
            parts = (str(request.url), request.headers, body, request.method)
            until = time.monotonic() + LONGEST_WAIT_S
            while book.is_asked(*parts) and time.monotonic() < until:
                await asyncio.sleep(_LOOK_S)
        return await inner(transport, request)

    return handle


class _AnswerCassette(Cassette):  # type: ignore[misc]
    """A vcrpy cassette that gets its answers from an `AnswerBook`.

    Args:
        path: The cassette's name.
        book: The answers.
    """

    def __init__(self, path: str, book: AnswerBook) -> None:
        # vcrpy removes its patches while it opens a connection or sends a request. A judge is asked from many
        # threads, and another thread's request at that moment would bypass the cassette. Only the standard
        # library's HTTPS connection needs this removal. `_StandardHTTPS` replaces it and does not need the
        # removal.
        patches = (
            (vcr.patch, "force_reset", contextlib.nullcontext),
            (http.client, "HTTPSConnection", _StandardHTTPSStub),
            *_waiting_transports(self, book),
        )
        super().__init__(path, custom_patches=patches)
        self._book = book
        self.ended = False
        """True once the block has ended. Requests on existing connections then go to the real service."""

    @property
    def write_protected(self) -> bool:
        """True if requests must not be sent to a service."""
        return not (self._book.asks or self.ended)

    def filter_request(self, request: Request) -> Request:
        """Return the request unchanged, because none is filtered out."""
        return request

    def can_play_response_for(self, request: Request) -> bool:
        """Return True if the cassette answers a request. It answers all requests that must not be sent."""
        if self.ended:
            return False
        return not self._book.asks or self._book.find_or_ask(*_parts(request)) is not None

    def play_response(self, request: Request) -> dict[str, Any]:
        """Return the recorded answer, or a refusal."""
        url, headers, body, method = _parts(request)
        answer = self._book.find(url, headers, body, method) or self._book.refuse(url, method)
        kept = {"content-type": answer.content_type, "x-amzn-errortype": answer.error_type}
        return {
            "status": {"code": answer.status, "message": http.client.responses.get(answer.status, "")},
            "headers": {name: [value] for name, value in kept.items() if value is not None},
            "body": {"string": answer.body()},
        }

    def append(self, request: Request, response: dict[str, Any]) -> None:
        """Record a service's answer."""
        if self.ended:
            return
        plain = decode_response(response)
        headers = {name.lower(): values[0] for name, values in plain["headers"].items() if values}
        body = plain["body"]["string"]
        content = body.encode() if isinstance(body, str) else body
        self._book.add(*_parts(request), plain["status"]["code"], headers, content)

    def _load(self) -> None:
        """Do nothing, because the book is already loaded."""

    def _save(self, force: bool = False) -> None:
        """Do nothing, because the creator of the book saves it."""


def _parts(request: Request) -> tuple[str, Mapping[str, Any], Any, str]:
    """Return URL, headers, body and method of a request."""
    body = request.body
    if hasattr(body, "read"):
        body = body.read()
    elif not isinstance(body, str | bytes | bytearray | dict | list | None):
        body = b"".join(body)
    return request.uri, request.headers, body, request.method
