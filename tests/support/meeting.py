"""Lets a test know that a function is running, and lets the function wait until the test has seen enough."""

from __future__ import annotations

import socket
from types import TracebackType

WAIT_S = 60.0
# What the function does: it calls, and waits to be released.
ATTEND = 'import socket; socket.create_connection(("127.0.0.1", %d), 60).recv(1)'


class Meeting:
    """A place on loopback where functions report that they run, and wait. Leaving the block releases them."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.settimeout(WAIT_S)
        self._waiting: list[socket.socket] = []
        self.port: int = self._listening.getsockname()[1]

    def wait_for(self, count: int) -> None:
        """Return when so many functions are running at once."""
        while len(self._waiting) < count:
            self._waiting.append(self._listening.accept()[0])

    def release(self) -> None:
        """Let those that came go on."""
        while self._waiting:
            self._waiting.pop().close()

    def __enter__(self) -> Meeting:
        """Nobody has come yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let everyone go on."""
        self.release()
        self._listening.close()
