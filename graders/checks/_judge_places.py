"""Limits the number of questions that are open at the same time."""

from __future__ import annotations

import os
from collections import deque
from threading import Lock
from weakref import WeakSet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from concurrent.futures import Future


class Places:
    """A fair semaphore for tasks in any thread or event loop. Places are assigned in order of request.

    Args:
        most: Number of places.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self.empty()
        _all.add(self)

    def empty(self) -> None:
        """Free all places and discard all waiting requests."""
        self._lock = Lock()
        self._free = self._most
        self._waiting: deque[Future[None]] = deque()

    @property
    def free(self) -> int:
        return self._free

    async def enter(self, seconds: float) -> bool:
        """Take a place. Call `leave` to give it back.

        Args:
            seconds: Maximum time to wait.

        Returns:
            True if a place was taken in time.
        """
        import asyncio
        from concurrent.futures import Future

        with self._lock:
            if self._free:
                self._free -= 1
                return True
            place: Future[None] = Future()
            self._waiting.append(place)
        taken = False
        try:
            done, _ = await asyncio.wait({asyncio.wrap_future(place)}, timeout=max(seconds, 0.0))
            taken = bool(done)
        finally:
            if not taken and not place.cancel():  # the place was given just as the wait ended
                self.leave()
        return taken

    def leave(self) -> None:
        """Give back a place, which goes to the request that has waited longest."""
        with self._lock:
            while self._waiting:
                place = self._waiting.popleft()
                if place.set_running_or_notify_cancel():
                    break
            else:
                self._free += 1
                return
        place.set_result(None)


_all: WeakSet[Places] = WeakSet()


def _forget() -> None:
    """Free all places in a forked process, where the threads that hold them do not exist."""
    for places in list(_all):
        places.empty()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
