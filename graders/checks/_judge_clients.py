"""The clients of a judge's services: each is made once a process, and shared by all its threads."""

from __future__ import annotations

import os
from threading import Lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from typing import Any


class Clients:
    """Clients by what they were made for.

    A child of a fork makes its own, because it may not write to its parent's connections.
    """

    def __init__(self) -> None:
        self.forget()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.forget)

    def client(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return the client for a key, creating it if needed.

        Args:
            key: What the client is made for.
            make: Makes it; other threads that ask for one wait meanwhile.
        """
        with self._lock:
            if key not in self._made:
                self._made[key] = make()
            return self._made[key]

    def forget(self) -> None:
        """Let the next question make its client anew."""
        self._lock = Lock()
        self._made: dict[Hashable, Any] = {}
