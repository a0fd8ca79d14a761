"""A replaceable clock, and increasing waits between retries.

Use `monotonic` to measure waits and `time` for timestamps. The system time can jump, for example when a
laptop wakes up.
"""

from __future__ import annotations

import math
import random
import time
from typing import Protocol

__all__ = ["Backoff", "Clock", "ManualClock", "SystemClock", "duration"]


class Clock(Protocol):
    """A source of time that can also wait."""

    def time(self) -> float:
        """Return the number of seconds since 1970. The value may jump."""
        ...

    def monotonic(self) -> float:
        """Return the reading of a clock that never goes backward, in seconds."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait for the given number of seconds."""
        ...


class SystemClock:
    """The system clock."""

    def time(self) -> float:
        """Return the number of seconds since 1970."""
        return time.time()

    def monotonic(self) -> float:
        """Return the number of seconds since an arbitrary moment."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait for the given number of seconds."""
        time.sleep(seconds)


class ManualClock:
    """A clock that advances only on `sleep`, so that waits take no time and timestamps are reproducible.

    Args:
        start: Start time in seconds since 1970. The default is in 2027.
    """

    def __init__(self, start: float | None = None) -> None:
        self._now = float(start or 1_800_000_000)
        self._slept = 0.0

    def time(self) -> float:
        """Return the number of seconds since 1970."""
        return self._now

    def monotonic(self) -> float:
        """Return the number of seconds slept."""
        return self._slept

    def sleep(self, seconds: float) -> None:
        """Advance the clock without waiting."""
        self._now += seconds
        self._slept += seconds


class Backoff:
    """Increasing waits between retries, with a limit. A backoff can be shared by several threads.

    Each wait is as long as the failures have lasted so far, so the waits double.

    Args:
        clock: The clock to wait on.
        first_s: The shortest wait, in seconds.
        longest_s: The longest wait, in seconds.
        tries: Maximum number of consecutive failures, or None for no limit.
        patience_s: Maximum time in seconds that failures may last, or None for no limit. If the service asks
            for a longer wait, the backoff gives up immediately.
        spread: Random variation of each wait, as a fraction of its length, so that clients do not all retry
            at the same time.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        first_s: float = 1.0,
        longest_s: float = 60.0,
        tries: int | None = None,
        patience_s: float | None = None,
        spread: float = 0.0,
    ) -> None:
        self.patience_s = patience_s
        self._clock = clock
        self._bounds = first_s, longest_s
        self._tries = tries
        self._spread = spread
        self._failed = 0
        self._since = 0.0
        self._succeeded = -math.inf

    @property
    def lasted_s(self) -> float:
        """Number of seconds since the current series of failures began, or 0 after a success."""
        return self._clock.monotonic() - self._since if self._failed else 0.0

    def reset(self) -> None:
        """Record a success. It ends the current series of failures."""
        self._failed = 0
        self._succeeded = self._clock.monotonic()

    def next_s(self, asked_s: float | None = None, *, began: float | None = None) -> float | None:
        """Record a failure and return the wait before the next attempt.

        Args:
            asked_s: Number of seconds the service asked the client to wait. This overrides the computed wait.
            began: Start of the attempt on the monotonic clock, or None for now. The failure counts from this
                moment.

        Returns:
            Number of seconds to wait, or None to give up.
        """
        first = not self._failed
        if first:
            now = self._clock.monotonic()
            self._since = now if began is None else max(began, self._succeeded)
        self._failed += 1
        lasted = self.lasted_s
        if self._tries is not None and self._failed >= self._tries:
            return None
        if self.patience_s is not None and lasted >= self.patience_s:
            return None
        if asked_s:
            beyond = self.patience_s is not None and lasted + asked_s > self.patience_s
            return None if beyond else asked_s
        shortest, longest = self._bounds
        usual = shortest if first else min(max(lasted, shortest), longest)
        return usual * random.uniform(1 - self._spread, 1 + self._spread)

    def wait(self, asked_s: float | None = None) -> bool:
        """Record a failure and wait before the next attempt.

        Args:
            asked_s: Number of seconds the service asked the client to wait.

        Returns:
            True to try again. To give up, False is returned without waiting.
        """
        seconds = self.next_s(asked_s)
        if seconds is None:
            return False
        self._clock.sleep(seconds)
        return True


def duration(seconds: float) -> str:
    """Format a duration, such as `40 s`, `12 min` or `3 h 5 min`."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
