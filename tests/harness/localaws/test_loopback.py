from __future__ import annotations

import io
import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.localaws import loopback
from harness.localaws.loopback import HttpResponse, LoopbackServer, read_head, read_request

BODIES = st.binary(max_size=300)


def read(data, go_on=lambda: None):
    stream = io.BytesIO(data)
    return read_request(read_head(stream), stream, go_on)


@pytest.fixture
def server():
    server = LoopbackServer(lambda request: HttpResponse(204), "test")
    yield server
    server.close()


def ask(server, data):
    """Send the bytes and return the response, or what arrived before the server closed the connection."""
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        try:
            connection.sendall(data)
        except OSError:
            pass  # the server closed the connection before it had read everything
        connection.settimeout(5)
        try:
            return connection.recv(65536)
        except ConnectionResetError:
            return b""


@given(body=BODIES, cuts=st.lists(st.integers(1, 300), max_size=5))
def test_a_body_is_the_same_by_length_and_in_chunks(body, cuts):
    by_length = b"POST /a?b=c HTTP/1.1\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    pieces, start = [], 0
    for size in [*cuts, len(body)]:
        if piece := body[start : start + size]:
            pieces.append(b"%x\r\n%s\r\n" % (len(piece), piece))
        start += size
    chunked = b"POST /a?b=c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"".join(pieces) + b"0\r\n\r\n"
    for data in (by_length, chunked):
        request = read(data)
        assert (request.method, request.path, request.query, request.body) == ("POST", "/a", "b=c", body)


@given(st.binary(max_size=200))
def test_anything_else_ends_in_a_value_error_or_a_hang_up(data):
    try:
        read(data)
    except (ValueError, ConnectionError):
        pass


def test_headers_that_never_end_are_a_hang_up():
    with pytest.raises((ValueError, ConnectionError)):
        read(b"GET / HTTP/1.1\r\nHost: x\r\n")


def test_the_body_is_asked_for_when_the_client_waits():
    asked = []
    data = b"PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx"
    request = read(data, lambda: asked.append(1))
    assert (request.body, asked) == (b"x", [1])


def test_one_connection_carries_many_requests_until_it_is_closed():
    server = LoopbackServer(lambda request: HttpResponse(200, request.path.encode()), "test")
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        answers = connection.makefile("rb")
        for path in (b"/one", b"/two"):
            connection.sendall(b"GET %s HTTP/1.1\r\nHost: localhost:1\r\n\r\n" % path)
            head = [answers.readline() for _ in range(5)]
            assert head[0] == b"HTTP/1.1 200 OK\r\n"
            assert answers.read(4) == path
        server.close()
        assert answers.read() == b""
        answers.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port))


def test_it_listens_on_this_machine_alone():
    server = LoopbackServer(lambda request: HttpResponse(204), "test")
    try:
        assert server.address == f"127.0.0.1:{server.port}"
        assert server._listener.getsockname()[0] == "127.0.0.1"
    finally:
        server.close()
        server.close()


@pytest.mark.parametrize(
    "header",
    [b"Host: evil.example", b"Origin: http://evil.example", b"Origin: null", b"Sec-Fetch-Site: cross-site"],
)
@pytest.mark.parametrize("method", [b"GET", b"POST"])
def test_a_web_page_is_refused_before_its_body_is_read(server, method, header):
    host = b"" if header.startswith(b"Host") else b"Host: 127.0.0.1\r\n"
    answer = ask(server, b"%s / HTTP/1.1\r\n%s%s\r\nContent-Length: 99\r\n\r\n" % (method, host, header))
    assert answer.startswith(b"HTTP/1.1 403 ")


def test_headers_without_end_are_not_kept(server):
    assert ask(server, b"GET / HTTP/1.1\r\n" + b"x: %s\r\n" % (b"y" * 8000) * 40) == b""


def test_a_connection_that_says_nothing_is_closed(monkeypatch, server):
    monkeypatch.setattr(loopback, "_REQUEST_S", 0.05)
    assert ask(server, b"") == b""
    assert ask(server, b"GET / HTTP/1.1\r\nHost:") == b""


def test_a_client_that_has_asked_before_may_pause(monkeypatch, server):
    monkeypatch.setattr(loopback, "_REQUEST_S", 0.05)
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.settimeout(0.3)
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 204 ")
        with pytest.raises(TimeoutError):
            connection.recv(1)


def test_connections_are_bounded(monkeypatch, server):
    monkeypatch.setattr(loopback, "_CONNECTIONS", 3)
    before = set(threading.enumerate())
    held = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(3)]
    while len(server._connections) < 3:
        pass
    assert ask(server, b"") == b""
    # Threads of earlier tests can end in the meantime, so only new ones count.
    assert len(set(threading.enumerate()) - before) == 3
    for connection in held:
        connection.close()
