"""Decides, for all threads that use a service, how fast to send requests and when to give up.

If the service asks for a wait, no request is sent before it ends. Otherwise, the wait grows with each try.
"""

from __future__ import annotations

import threading

from harness.clock import Backoff, Clock, SystemClock

__all__ = ["Pace"]

_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 30.0
# Seconds to keep trying a service that has never answered, because its address is probably wrong.
_STRANGER_S = 4.0


class _StoppableClock(SystemClock):
    """The system clock, whose waits can be ended by an event."""

    def __init__(self, stopped: threading.Event) -> None:
        self._stopped = stopped

    def sleep(self, seconds: float) -> None:
        self._stopped.wait(seconds)


class Pace:
    """Spaces requests, and pauses all threads when the service is busy.

    Args:
        per_second: Maximum number of requests per second, or None for no limit.
        patience_s: Seconds to keep trying a service that does not answer.
        clock: The clock to use, or None for the system clock.
    """

    def __init__(self, per_second: float | None, patience_s: float, clock: Clock | None = None) -> None:
        self.stopped = threading.Event()
        """An event that ends all waits immediately when it is set."""
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
        """Return the time of a monotonic clock in seconds."""
        return self._clock.monotonic()

    def wait(self) -> bool:
        """Wait until a request may be sent. Return False if all waits were canceled instead."""
        with self._lock:
            now = self._clock.monotonic()
            turn = max(now, self._next)
            self._next = turn + self._gap
        if turn > now:
            self._clock.sleep(turn - now)
        # A pause that started in the meantime also applies to threads that were already waiting.
        while not self.stopped.is_set():
            with self._lock:
                left = self._paused_until - self._clock.monotonic()
            if left <= 0:
                return True
            self._clock.sleep(left)
        return False

    def succeeded(self) -> None:
        """Report that the service responded to a request."""
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
        """Report a request without a response, and wait. All threads wait if the service is overloaded.

        Args:
            wait_s: Number of seconds that the service asked to wait, or None if it did not specify any.
            reached: True if the service was reached at all.
            everybody: True if all threads must wait.
            began: When the request was sent, in the time of `now`. None means just now.

        Returns:
            False if it is time to give up.
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
