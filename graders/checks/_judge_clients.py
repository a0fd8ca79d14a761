"""The clients of judges' services: each is created once per process, and shared by all its threads."""

from __future__ import annotations

import os
from threading import Lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from typing import Any


class Clients:
    """Clients by key.

    The child of a fork creates its own clients, because it must not write to its parent's connections.
    """

    def __init__(self) -> None:
        self.forget()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.forget)

    def client(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return the client for a key, creating it if needed.

        Args:
            key: The client's identity.
            make: Creates the client; other threads that need a client wait.
        """
        with self._lock:
            if key not in self._made:
                self._made[key] = make()
            return self._made[key]

    def forget(self) -> None:
        """Drop all clients, so that the next question creates its own."""
        self._lock = Lock()
        self._made: dict[Hashable, Any] = {}
