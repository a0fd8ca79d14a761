"""The time that a session of code has used, without what it waited for a busy machine."""

from __future__ import annotations

import time

from ._code_session import SessionLost


class SessionStarved(SessionLost):
    """The wall clock ended a session before its code had enough time of its own."""


class SessionClock:
    """Counts a session's time, as often as it is entered.

    Time in which the code waited for a processor does not count: on a busy machine a right answer would be
    called too slow. Linux measures it; elsewhere none is left out.

    Args:
        seconds: How much time there is.
        longest: How much of the wall clock at most.
        least: How much the session has to have used, once the wall clock's is up, for that to be its own
            fault; `seconds` when None.
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
        """Seconds that count so far; those that the process waited are looked up while there is one."""
        if process is not None:
            self._waited = _waited(process)
        return max(self._passed() - self._waited, 0.0)

    def left(self) -> float:
        """Seconds until the time may be up; negative afterwards."""
        return min(self._seconds + self._waited, self._longest) - self._passed()

    def is_up(self, process: int) -> bool:
        """Whether the time is up.

        Raises:
            SessionStarved: The wall clock's is, and the code has not had enough of its own.
        """
        used = self.used(process)
        if self.left() > 0:
            return False
        if used < self._least and self._seconds < self._longest:
            raise SessionStarved(
                f"the machine was too busy to give the code its {self._seconds:g} seconds: run less at once"
            )
        return True

    def _passed(self) -> float:
        return self._spent + (time.perf_counter() - self._since if self._since is not None else 0.0)


def _waited(process: int) -> float:
    """Seconds that a process has waited for a processor; what is not known counts as none."""
    try:
        with open(f"/proc/{process}/schedstat", "rb") as file:
            return int(file.read().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0
