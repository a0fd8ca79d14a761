"""Lets a test wait until functions run, and keeps them running until the test releases them."""

from __future__ import annotations

import socket
from types import TracebackType

WAIT_S = 60.0
# Code for the function, which connects and waits to be released.
ATTEND = 'import socket; socket.create_connection(("127.0.0.1", %d), 60).recv(1)'


class Meeting:
    """A port on loopback where functions connect, and wait until they are released or the block ends."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.settimeout(WAIT_S)
        self._waiting: list[socket.socket] = []
        self.port: int = self._listening.getsockname()[1]

    def wait_for(self, count: int) -> None:
        """Return when this many functions are running at the same time."""
        while len(self._waiting) < count:
            self._waiting.append(self._listening.accept()[0])

    def release(self) -> None:
        """Let the waiting functions continue."""
        while self._waiting:
            self._waiting.pop().close()

    def __enter__(self) -> Meeting:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
        self._listening.close()
