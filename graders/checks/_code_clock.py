"""Measures the time that a session of code has used, excluding waits for a busy machine."""

from __future__ import annotations

import time

from ._code_session import SessionLost


class SessionStarved(SessionLost):
    """The wall-clock limit ended a session before its code had enough processor time."""


class SessionClock:
    """Counts the time of a session, which may be entered several times.

    Time in which the code waited for a processor does not count, because on a busy machine a right answer
    would otherwise be too slow. Linux measures these waits; on other systems all time counts.

    Args:
        seconds: The time limit.
        longest: The maximum wall-clock time.
        least: If the session has used at least this time when it reaches the wall-clock limit, the code was
            too slow; with less, the machine was too busy. `seconds` when None.
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
        """Return the seconds counted so far; pass the process while it runs, to measure its waits."""
        if process is not None:
            self._waited = _waited(process)
        return max(self._passed() - self._waited, 0.0)

    def left(self) -> float:
        """Return the seconds until the time may be up; negative afterward."""
        return min(self._seconds + self._waited, self._longest) - self._passed()

    def is_up(self, process: int) -> bool:
        """Return whether the code's time is up.

        Raises:
            SessionStarved: The wall-clock limit is reached, but the code has not had enough processor time.
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
    """Return the seconds that a process has waited for a processor; 0 if unknown."""
    try:
        with open(f"/proc/{process}/schedstat", "rb") as file:
            return int(file.read().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0
