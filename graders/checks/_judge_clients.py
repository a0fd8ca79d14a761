"""Caches the clients for judges' services, which all threads of a process share."""

from __future__ import annotations

import os
from threading import Lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from typing import Any


class Clients:
    """A cache of clients.

    A forked process creates its own clients because it must not use its parent's connections.
    """

    def __init__(self) -> None:
        self.forget()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.forget)

    def client(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return the client for a key, creating it if needed.

        Args:
            key: Identity of the client.
            make: Creates the client. Other threads that need a client wait meanwhile.
        """
        with self._lock:
            if key not in self._made:
                self._made[key] = make()
            return self._made[key]

    def forget(self) -> None:
        """Discard all clients. The next question creates a new one."""
        self._lock = Lock()
        self._made: dict[Hashable, Any] = {}
