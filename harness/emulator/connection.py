"""HTTP connections that time out if no first request arrives."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["Connection"]

_FIRST_REQUEST_S: Final = 30.0


class Connection(H11Protocol):
    """A uvicorn connection that closes if no complete request head arrives within half a minute.

    uvicorn has no timeout for a connection's first request, only for the pause between two requests.
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._patience: asyncio.TimerHandle | None = None
        self._tail = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the timeout for the first request."""
        super().connection_made(transport)
        self._patience = asyncio.get_running_loop().call_later(_FIRST_REQUEST_S, transport.close)

    def data_received(self, data: bytes) -> None:
        """Process received data, and stop the timeout once the request head is complete."""
        if self._patience is not None:
            seen = self._tail + data
            self._tail = seen[-3:]
            if b"\r\n\r\n" in seen:
                self._stop_waiting()
        super().data_received(data)

    def connection_lost(self, error: Exception | None) -> None:
        """Stop the timeout when the connection closes."""
        self._stop_waiting()
        super().connection_lost(error)

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
