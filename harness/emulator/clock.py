"""The emulator's time: the machine's, or one that only moves when a test moves it.

Seconds since 1970 go out, whole as the API has them. With a manual clock every unit of work takes one second,
so that time stamps, too, are the same in every run.
"""

from __future__ import annotations

import time
from typing import Final, Protocol

__all__ = ["Clock", "ManualClock", "SystemClock"]

_MANUAL_START: Final = 1_800_000_000


class Clock(Protocol):
    """Where time stamps and waiting come from."""

    def now(self) -> int:
        """Whole seconds since 1970."""
        ...

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> int:
        """Whole seconds since 1970."""
        return int(time.time())

    def wait(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(seconds)


class ManualClock:
    """A clock that stands still between calls of `wait`.

    Args:
        now: Where it starts, in seconds since 1970; a restarted emulator passes the latest stored time stamp.
    """

    def __init__(self, now: int | None = None) -> None:
        self._now = float(max(now or 0, _MANUAL_START))

    def now(self) -> int:
        """Whole seconds since 1970."""
        return int(self._now)

    def wait(self, seconds: float) -> None:
        """Move the clock without sleeping."""
        self._now += seconds
