"""A small HTTP/1.1 server on loopback with one handler function.

The server keeps connections open, may delay a response as long as necessary (as the Runtime API's `next`
does), and closes all connections immediately on request. It listens only on 127.0.0.1 and refuses requests
from web pages (`harness.localaws.callers`). Headers, bodies, connections and the wait for a request have
limits.
"""

from __future__ import annotations

import http
import json
import socket
import threading
from collections.abc import Callable, Mapping
from io import BufferedReader
from typing import BinaryIO, NamedTuple

from harness.errors import InputError
from harness.localaws.callers import why_refused

__all__ = ["HttpRequest", "HttpResponse", "LoopbackServer"]

_HEAD_BYTES = 65_536
"""Maximum size of request line and headers together. The longest header of the Invoke API is under 4 KB."""
_BODY_BYTES = 256 * 1024 * 1024
_CONNECTIONS = 512
_REQUEST_S = 30.0
"""Maximum wait for the first request of a new connection, and for the next data of any request."""


class HttpRequest(NamedTuple):
    """A request, with lowercase header names. `path` is percent-encoded and has no query."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


class HttpResponse(NamedTuple):
    """A response; `headers` may omit Content-Length and Connection."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = {}
    content_type: str = "application/json"


class LoopbackServer:
    """Serves `handle` on a port of 127.0.0.1, with a thread per connection.

    Args:
        handle: Called with each request; returning None closes the connection without a response.
        name: The name of the threads.
        port: The port to listen on; 0 for a free port.
        proxy: True to accept requests for other hosts, from clients that use this server as their proxy.

    Raises:
        InputError: The port is taken, or this user may not listen on it.
    """

    def __init__(
        self,
        handle: Callable[[HttpRequest], HttpResponse | None],
        name: str,
        port: int = 0,
        *,
        proxy: bool = False,
    ) -> None:
        self._handle = handle
        self._proxy = proxy
        self._name = name
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._closed = False
        try:
            self._listener = socket.create_server(("127.0.0.1", port), backlog=256)
        except OSError as error:
            fix = "Name another port, or 0 for a free one."
            raise InputError(f"cannot listen on port {port}: {error.strerror}", fix=fix) from error
        self.port: int = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept, name=f"{name} accept", daemon=True)
        self._acceptor.start()

    @property
    def address(self) -> str:
        """Host and port, in the format of `AWS_LAMBDA_RUNTIME_API`."""
        return f"127.0.0.1:{self.port}"

    def close(self) -> None:
        """Stop listening and close every connection. Calling it again has no effect."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            connections = list(self._connections)
        # Closing a socket does not wake the thread in accept(), but a new connection does, on every system.
        with socket.socket() as visitor:
            visitor.settimeout(1)
            visitor.connect_ex(("127.0.0.1", self.port))
        self._acceptor.join(timeout=2)
        self._listener.close()
        for connection in connections:
            _shut(connection)

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            with self._lock:
                if self._closed:
                    connection.close()
                    return
                if len(self._connections) >= _CONNECTIONS:
                    connection.close()
                    continue
                self._connections.add(connection)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), name=self._name, daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection, connection.makefile("rb") as stream:
                connection.settimeout(_REQUEST_S)
                while stream.peek(1) and self._answer(connection, stream):
                    connection.settimeout(None)  # a client may pause between requests
        except (OSError, ValueError):
            pass  # closed midway, silent for too long, or not HTTP: there is no client to answer
        finally:
            with self._lock:
                self._connections.discard(connection)

    def _answer(self, connection: socket.socket, stream: BufferedReader) -> bool:
        """Read one request and write its response; return False if the connection must be closed."""
        connection.settimeout(_REQUEST_S)
        head = read_head(stream)
        # Only programs send a full URL, to their proxy. A page cannot make a browser do so.
        proxied = self._proxy and (head.method == "CONNECT" or "://" in head.target)
        refusal = None if proxied else why_refused(head.headers)
        if refusal is not None:
            body = json.dumps({"Message": refusal}).encode()
            connection.sendall(_encode(HttpResponse(403, body), keep=False))
            return False
        request = read_request(head, stream, lambda: connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n"))
        connection.settimeout(None)
        response = self._handle(request)
        if response is None:
            return False
        keep = request.headers.get("connection", "").lower() != "close"
        connection.sendall(_encode(response, keep))
        return keep


class RequestHead(NamedTuple):
    """A request line and its headers, with lowercase names, in the order in which they were sent."""

    method: str
    target: str
    headers: list[tuple[str, str]]


def read_head(stream: BinaryIO) -> RequestHead:
    """Read a request line and its headers.

    Args:
        stream: The connection.

    Raises:
        ValueError: The data is not HTTP, ends early, or exceeds the limit.
    """
    left = _HEAD_BYTES

    def line() -> str:
        nonlocal left
        found = stream.readline(left)
        left -= len(found)
        if not found.endswith(b"\n"):
            raise ValueError("the headers are too long, or end in the middle of a line")
        return found.decode("latin-1").rstrip("\r\n")

    method, target, _ = line().split(" ", 2)
    headers: list[tuple[str, str]] = []
    while text := line():
        name, colon, value = text.partition(":")
        if not colon:
            raise ValueError("a header line without a colon")
        headers.append((name.strip().lower(), value.strip()))
    return RequestHead(method, target, headers)


def read_request(head: RequestHead, stream: BinaryIO, go_on: Callable[[], None]) -> HttpRequest:
    """Read the rest of an HTTP/1.1 request.

    Args:
        head: The request line and headers, already read.
        stream: The connection.
        go_on: Called if the client waits for `100 Continue` before it sends the body.

    Raises:
        ValueError: The body is larger than Lambda would accept, or its length cannot be parsed.
        ConnectionError: The client closed the connection midway.
    """
    headers = dict(head.headers)
    if headers.get("expect", "").lower() == "100-continue":
        go_on()
    path, _, query = head.target.partition("?")
    return HttpRequest(head.method, path, query, headers, _read_body(stream, headers))


def _read_body(stream: BinaryIO, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() != "chunked":
        return _exactly(stream, int(headers.get("content-length") or 0))
    chunks = bytearray()
    while size := int(stream.readline(_HEAD_BYTES).split(b";")[0], 16):
        chunks += _exactly(stream, size)
        stream.readline(_HEAD_BYTES)
        if len(chunks) > _BODY_BYTES:
            raise ValueError("the body is too large")
    for _ in range(_TRAILERS):
        if stream.readline(_HEAD_BYTES) in (b"\r\n", b"\n", b""):
            return bytes(chunks)
    raise ValueError("the body has too many trailers")


_TRAILERS = 100


def _exactly(stream: BinaryIO, size: int) -> bytes:
    """Read `size` bytes. If the stream ends early, the client has closed the connection."""
    if not 0 <= size <= _BODY_BYTES:
        raise ValueError(f"a body of {size} bytes")
    body = stream.read(size)
    if len(body) < size:
        raise ConnectionError("the client closed the connection in the middle of its request")
    return body


def _encode(response: HttpResponse, keep: bool) -> bytes:
    """Join head and body for one write, because the second of two writes would wait for an acknowledgment."""
    head = [f"HTTP/1.1 {response.status} {http.HTTPStatus(response.status).phrase}"]
    if response.status != http.HTTPStatus.NO_CONTENT:
        head += [f"Content-Type: {response.content_type}", f"Content-Length: {len(response.body)}"]
    head += [f"{name}: {value}" for name, value in response.headers.items()]
    head += [f"Connection: {'keep-alive' if keep else 'close'}", "", ""]
    return "\r\n".join(head).encode("latin-1") + response.body


def _shut(connection: socket.socket) -> None:
    """Wake the thread that reads from the connection, which then closes it."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
