"""A chat service that never completes some requests: it stays silent, or sends one byte at a time."""

from __future__ import annotations

import json
import socket
import threading
from typing import Literal, Self

Way = Literal["silent", "headers", "body"]
"""The part of the answer where a request gets stuck: before it, in its headers, or in its body."""

_REPLY = {
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "4"}, "finish_reason": "stop"}]
}


class StuckService:
    """The service. Use as a context manager.

    Args:
        way: The part of the answer where requests get stuck.
        stuck: Number of requests that get stuck. Later ones are answered immediately.
    """

    def __init__(self, way: Way, stuck: int) -> None:
        self._way = way
        self._left = stuck
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1"

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as file:
            length = 0
            while (line := file.readline()) not in (b"\r\n", b""):
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            file.read(length)
            with self._lock:
                self._left -= 1
                stuck = self._left >= 0
            try:
                if stuck:
                    self._keep_waiting(connection)
                else:
                    body = json.dumps(_REPLY).encode()
                    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
                    connection.sendall(head.encode() + body)
            except OSError:  # the client has disconnected
                return

    def _keep_waiting(self, connection: socket.socket) -> None:
        start = {
            "silent": b"",
            "headers": b"HTTP/1.1 200 OK\r\nX-Slow: ",
            "body": b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
        }
        connection.sendall(start[self._way])
        while not self._over.wait(0.02):
            if self._way != "silent":
                connection.sendall(b" ")
