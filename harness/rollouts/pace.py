"""How fast to ask, and when to give up: one pace for all threads that ask the same service.

A service that says when to come back is not asked before; one that does not is asked at growing intervals.
"""

from __future__ import annotations

import threading

from harness.clock import Backoff, Clock, SystemClock

__all__ = ["Pace"]

_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 30.0
# How long a service is tried that never answered at all: its address is probably wrong.
_STRANGER_S = 4.0


class _StoppableClock(SystemClock):
    """The machine's clock, on which an event ends every wait."""

    def __init__(self, stopped: threading.Event) -> None:
        self._stopped = stopped

    def sleep(self, seconds: float) -> None:
        self._stopped.wait(seconds)


class Pace:
    """Spaces requests, and makes everybody wait when the service is busy.

    Args:
        per_second: Most requests a second; None for no bound.
        patience_s: How long the service may answer nobody before it is given up.
        clock: What waits; the machine's when None.
    """

    def __init__(self, per_second: float | None, patience_s: float, clock: Clock | None = None) -> None:
        self.stopped = threading.Event()
        """Set to end every wait at once."""
        self._clock = clock or _StoppableClock(self.stopped)
        self._gap = 0.0 if per_second is None else 1.0 / per_second
        self._patience_s = patience_s
        self._lock = threading.Lock()
        self._next = 0.0
        self._paused_until = 0.0
        self._backoff = Backoff(
            self._clock,
            first_s=_FIRST_WAIT_S,
            longest_s=_LONGEST_WAIT_S,
            patience_s=min(patience_s, _STRANGER_S),
            spread=0.25,
        )

    def now(self) -> float:
        """The time, in seconds that only grow."""
        return self._clock.monotonic()

    def wait(self) -> bool:
        """Wait for one's turn; False when everything was stopped."""
        with self._lock:
            now = self._clock.monotonic()
            turn = max(now, self._next)
            self._next = turn + self._gap
        if turn > now:
            self._clock.sleep(turn - now)
        # A pause that began meanwhile holds for those who were waiting already.
        while not self.stopped.is_set():
            with self._lock:
                left = self._paused_until - self._clock.monotonic()
            if left <= 0:
                return True
            self._clock.sleep(left)
        return False

    def succeeded(self) -> None:
        """A request was answered."""
        with self._lock:
            self._backoff.patience_s = self._patience_s
            self._backoff.reset()

    def busy(
        self,
        wait_s: float | None,
        *,
        reached: bool = True,
        everybody: bool = False,
        began: float | None = None,
    ) -> bool:
        """A request was not answered: wait, and let everybody wait where the service wants fewer requests.

        Args:
            wait_s: How long the service asked to wait, seconds; None where it did not say.
            reached: Whether there was a service at all.
            everybody: Whether nobody is to ask before that.
            began: When the request was sent, as `now` tells; this moment when None.

        Returns:
            False when it is time to give up.
        """
        with self._lock:
            if reached:
                self._backoff.patience_s = self._patience_s
            pause = self._backoff.next_s(wait_s, began=began)
            if pause is None:
                return False
            if everybody:
                self._paused_until = max(self._paused_until, self._clock.monotonic() + pause)
        if not everybody:
            self._clock.sleep(pause)
        return True
