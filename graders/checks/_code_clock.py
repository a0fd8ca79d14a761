"""Measures how long a session's code has run, excluding time spent waiting for a processor."""

from __future__ import annotations

import time

from ._code_session import SessionLost


class SessionStarved(SessionLost):
    """Raised when a session reaches its wall-clock limit before its code has had enough processor time."""


class SessionClock:
    """Clock for a session. It runs inside `with` blocks and can be entered several times.

    Waiting for a processor does not count, because correct code would otherwise time out on a busy machine.
    Linux measures these waits. On other systems, all time counts.

    Args:
        seconds: Time limit, in seconds.
        longest: Maximum wall-clock time, in seconds.
        least: Seconds that the code must have run to count as too slow when it reaches the wall-clock limit.
            If it has run for less, the machine was too busy. Defaults to `seconds`.
    """

    def __init__(self, seconds: float, longest: float, least: float | None = None) -> None:
        self._seconds, self._longest = seconds, longest
        self._least = seconds if least is None else min(least, seconds)
        self._waited = self._spent = 0.0
        self._since: float | None = None

    def __enter__(self) -> None:
        self._since = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._spent, self._since = self._passed(), None

    def used(self, process: int | None) -> float:
        """Return the seconds counted so far. While the process is running, pass its ID to exclude waits."""
        if process is not None:
            self._waited = _waited(process)
        return max(self._passed() - self._waited, 0.0)

    def left(self) -> float:
        """Return the remaining seconds, plus waits for a processor. Negative once the limit is exceeded."""
        return min(self._seconds + self._waited, self._longest) - self._passed()

    def is_up(self, process: int) -> bool:
        """Return True if the code's time is up.

        Raises:
            SessionStarved: The wall-clock limit was reached before the code had enough processor time.
        """
        used = self.used(process)
        if self.left() > 0:
            return False
        if used < self._least and self._seconds < self._longest:
            raise SessionStarved(
                f"the machine was too busy to give the code its {self._seconds:g} seconds: reduce its load"
            )
        return True

    def _passed(self) -> float:
        return self._spent + (time.perf_counter() - self._since if self._since is not None else 0.0)


def _waited(process: int) -> float:
    """Return the seconds that a process has waited for a processor, or 0 if unknown."""
    try:
        with open(f"/proc/{process}/schedstat", "rb") as file:
            return int(file.read().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0
