from __future__ import annotations

import io
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.localaws.loopback import HttpResponse, LoopbackServer, read_request

BODIES = st.binary(max_size=300)


def read(data):
    return read_request(io.BytesIO(data), lambda: None)


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
        assert request is not None
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
    request = read_request(io.BytesIO(data), lambda: asked.append(1))
    assert request is not None
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
