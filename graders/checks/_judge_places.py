"""Places for the questions to a judge that may be open at one time: who comes later waits for a turn."""

from __future__ import annotations

import os
from collections import deque
from threading import Lock
from weakref import WeakSet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from concurrent.futures import Future


class Places:
    """A number of places, handed out in the order in which they were asked for, to any thread or event loop.

    Args:
        most: How many there are.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self.empty()
        _all.add(self)

    def empty(self) -> None:
        """Forget who has a place, and who waits for one."""
        self._lock = Lock()
        self._free = self._most
        self._waiting: deque[Future[None]] = deque()

    @property
    def free(self) -> int:
        """How many are free."""
        return self._free

    async def enter(self, seconds: float) -> bool:
        """Take a place; `leave` gives it back.

        Args:
            seconds: How long to wait for one.

        Returns:
            Whether there was one in time.
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
            if not taken and not place.cancel():  # it was given in the very moment
                self.leave()
        return taken

    def leave(self) -> None:
        """Give a place back: to the one that has waited longest, if any."""
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
    """After a fork: the child has none of the threads that hold places."""
    for places in list(_all):
        places.empty()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
