"""Serves an object with S3's GetObject and HeadObject on loopback, and breaks connections on demand.

It implements the part of HTTP that ranged reads need: Range, If-Match and their errors. moto also serves
objects, but it neither breaks connections nor counts requests.
"""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


@dataclass
class ServedObject:
    """The served object, and the server's faults."""

    content: bytes
    cuts: Callable[[int], int | None] = lambda start: None
    """Returns the byte count before the connection breaks, for an answer's first byte; None to send all."""
    on_get: Callable[[int], None] = lambda start: None
    """Called with the first byte of each open-ended request, before the answer."""
    refusal: tuple[int, str, dict[str, str]] | None = None
    """The status, code and headers of every answer, if set."""
    version: str | None = None
    """The object's version, which requests must not name."""
    ranged: bool = True
    """Answer with the requested range instead of the whole object."""
    starts: list[int] = field(default_factory=list)
    """The first byte of each open-ended request."""
    endpoint: str = ""

    @property
    def etag(self) -> str:
        return f'"{hashlib.sha256(self.content).hexdigest()[:32]}"'


@contextmanager
def served_object(content: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServedObject]:
    """Serve the object as `s3://any/key` to every S3 client that this process creates in the block."""
    served = ServedObject(content)
    handler = type("ObjectRequests", (_Requests,), {"served": served})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    served.endpoint = f"http://127.0.0.1:{server.server_port}"
    try:
        with monkeypatch.context() as patch:
            for name, value in _environment(served.endpoint).items():
                patch.setenv(name, value)
            yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _environment(endpoint: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "us-west-2",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "localhost,127.0.0.1",
    }


class _Requests(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    served: ServedObject

    def do_HEAD(self) -> None:
        same = self.headers.get("If-Match") in (None, self.served.etag)
        refused = self.served.refusal[0] if self.served.refusal else None
        self._answer(refused or (200 if same else 412), self.served.content, head=True)

    def do_GET(self) -> None:
        served = self.served
        if served.refusal is not None:
            status, code, headers = served.refusal
            return self._answer(status, f"<Error><Code>{code}</Code></Error>".encode(), more=headers)
        if "versionId=" in self.path:
            return self._answer(403, b"<Error><Code>AccessDenied</Code></Error>")
        first, _, last = self.headers["Range"].removeprefix("bytes=").partition("-")
        start = int(first)
        if not last:
            served.starts.append(start)
            served.on_get(start)
        wanted = self.headers.get("If-Match")
        if wanted not in (None, served.etag):
            return self._answer(412, b"<Error><Code>PreconditionFailed</Code></Error>")
        content = served.content
        if not served.ranged:
            return self._answer(200, content)
        if start >= len(content):
            return self._answer(416, b"<Error><Code>InvalidRange</Code></Error>")
        end = min(int(last) + 1, len(content)) if last else len(content)
        span = f"bytes {start}-{end - 1}/{len(content)}"
        versions = {} if served.version is None else {"x-amz-version-id": served.version}
        cut = served.cuts(start) if not last else None
        return self._answer(206, content[start:end], more={"Content-Range": span} | versions, cut=cut)

    def _answer(
        self,
        status: int,
        body: bytes,
        *,
        more: Mapping[str, str] | None = None,
        head: bool = False,
        cut: int | None = None,
    ) -> None:
        self.send_response(status)
        for name, value in {"ETag": self.served.etag, "Content-Length": len(body), **(more or {})}.items():
            self.send_header(name, str(value))
        self.end_headers()
        if head:
            return
        try:
            self.wfile.write(body if cut is None else body[:cut])
        except OSError:
            self.close_connection = True  # the client has disconnected
            return
        if cut is not None and cut < len(body):
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""
