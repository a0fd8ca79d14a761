"""How fast to ask, and when to give up: one pace for all threads that ask the same service.

In come successes and refusals for want of time, out go waits. A service that says when to come back is not
asked before; one that does not is asked at growing intervals. Nothing is sent here.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

__all__ = ["Pace"]

_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 30.0
_STRANGER_S = 4.0
"""How long a service is tried that never answered at all: its address is probably wrong."""


class Pace:
    """Spaces requests, and makes everybody wait when the service is busy.

    Args:
        per_second: Most requests a second; None for no bound.
        patience_s: How long the service may answer nobody before it is given up.
        now: Seconds that only grow.
    """

    def __init__(
        self, per_second: float | None, patience_s: float, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.stopped = threading.Event()
        """Set to end every wait at once."""
        self._gap = 0.0 if per_second is None else 1.0 / per_second
        self._patience_s = patience_s
        self._clock = now
        self._lock = threading.Lock()
        self._next = 0.0
        self._paused_until = 0.0
        self._trouble_since: float | None = None
        self._succeeded = False

    def wait(self) -> bool:
        """Wait for one's turn; False when everything was stopped."""
        with self._lock:
            now = self._clock()
            turn = max(now, self._next)
            self._next = turn + self._gap
        if turn > now:
            self.stopped.wait(turn - now)
        # A pause that began meanwhile holds for those who were waiting already.
        while not self.stopped.is_set():
            with self._lock:
                left = self._paused_until - self._clock()
            if left <= 0:
                return True
            self.stopped.wait(left)
        return False

    def succeeded(self) -> None:
        """A request was answered."""
        with self._lock:
            self._succeeded = True
            self._trouble_since = None

    def busy(self, wait_s: float | None, *, reached: bool = True, everybody: bool = False) -> bool:
        """A request was not answered: wait, and let everybody wait where the service wants fewer requests.

        Args:
            wait_s: How long the service asked to wait, seconds; None where it did not say.
            reached: Whether there was a service at all.
            everybody: Whether nobody is to ask before that.

        Returns:
            False when it is time to give up.
        """
        with self._lock:
            now = self._clock()
            if self._trouble_since is None:
                self._trouble_since = now
            lasted = now - self._trouble_since
            stranger = not reached and not self._succeeded
            if lasted >= (min(self._patience_s, _STRANGER_S) if stranger else self._patience_s):
                return False
            # As long as the trouble has lasted: the waits double. Spread, so that threads do not come back as
            # one.
            grown = min(max(lasted, _FIRST_WAIT_S), _LONGEST_WAIT_S)
            pause = grown * random.uniform(0.75, 1.25) if wait_s is None else wait_s
            if everybody:
                self._paused_until = max(self._paused_until, now + pause)
        if not everybody:
            self.stopped.wait(pause)
        return True
