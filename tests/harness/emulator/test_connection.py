from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest
import uvicorn

from harness.emulator import connection
from harness.emulator.connection import Connection

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def answer(scope: Any, receive: Any, send: Any) -> None:
    await asyncio.sleep(0.2)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


def told(sent: list[bytes]) -> bytes:
    """Send these pieces and return the server's response, up to the end of the connection."""

    async def talk() -> bytes:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            server = uvicorn.Server(
                uvicorn.Config(
                    answer, http=Connection, log_level="critical", lifespan="off", timeout_keep_alive=0
                )
            )
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            reader, writer = await asyncio.open_connection(*listener.getsockname())
            for piece in sent:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0.01)
            found = await asyncio.wait_for(reader.read(), 10)
            writer.close()
            server.should_exit = True
            await serving
            return found

    return asyncio.run(talk())


@pytest.mark.parametrize("sent", [[], [b"GET"], [REQUEST[:-2]]])
def test_a_connection_without_a_whole_request_is_closed(monkeypatch, sent: list[bytes]) -> None:
    monkeypatch.setattr(connection, "_FIRST_REQUEST_S", 0.1)
    assert told(sent) == b""


@pytest.mark.parametrize("sent", [[REQUEST], [REQUEST[:-3], REQUEST[-3:-1], REQUEST[-1:]]])
def test_a_request_in_time_is_answered_however_long_that_takes(monkeypatch, sent: list[bytes]) -> None:
    monkeypatch.setattr(connection, "_FIRST_REQUEST_S", 0.1)
    assert told(sent).endswith(b"ok")
