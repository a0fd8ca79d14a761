"""Lets a test know that a function is running, and makes the function wait until the test releases it."""

from __future__ import annotations

import socket
from types import TracebackType

WAIT_S = 60.0
# The function's part: it connects, and waits to be released.
ATTEND = 'import socket; socket.create_connection(("127.0.0.1", %d), 60).recv(1)'


class Meeting:
    """A port on loopback where functions report that they run, and wait until the block ends or releases
    them.
    """

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
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let all functions continue."""
        self.release()
        self._listening.close()
