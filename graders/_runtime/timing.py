"""Keeps a scoring function to its time.

One repeating timer runs for a whole batch, and asks at each tick how long the present sample has been at it:
that costs a sample two assignments, where a timer of its own would cost more than most scoring functions do.
What is over its time gets `Interrupted` raised inside it, which ends pure-Python loops, `re` and big-integer
work; again at the next tick if it was swallowed, and then at once, until one falls outside of what swallows.
Batches that run inside one another, or side by side in an event loop, share the process's one timer, and
whoever had it before gets it back. What never returns to the interpreter (a C library in a loop) cannot be
ended like this and needs a child process.
"""

from __future__ import annotations

import signal
from time import perf_counter

from ..errors import ConfigurationError, Interrupted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, FrameType
    from typing import Any

_LONGEST, _SHORTEST = 0.1, 0.002
_AT_ONCE = 0.000_005


class Tick:
    """The timer of one batch; arm it with `with`.

    Args:
        limit: Seconds for one sample; None for no limit.
        deadline: When the whole batch has to end, on the clock of `time.perf_counter`; None for never.
        scorers: The code of the functions that call scoring functions. They are never interrupted
            themselves: the exception would fall between two samples and cost the batch.
        needed: Whether nothing else keeps the limit, as asyncio does for what waits.

    Raises:
        ConfigurationError: A limit is needed where none can be kept, off the main thread.
    """

    __slots__ = ("_needed", "deadline", "fired", "limit", "scorers", "since")

    def __init__(
        self,
        limit: float | None,
        deadline: float | None,
        scorers: tuple[CodeType, ...],
        needed: bool = True,
    ) -> None:
        self._needed = needed
        self.limit = limit
        self.deadline = deadline
        self.scorers = scorers
        self.since = 0.0
        """When the present sample was begun; 0 while no scoring function runs."""
        self.fired = False
        """Whether the present sample was interrupted, even if it swallowed that."""

    def over(self, now: float) -> bool:
        """Whether the batch's deadline has passed."""
        return self.deadline is not None and now >= self.deadline

    def late(self, now: float) -> bool:
        """Whether a scoring function runs that should have ended."""
        since = self.since
        return since > 0 and ((self.limit is not None and now - since >= self.limit) or self.over(now))

    def __enter__(self) -> Tick:
        """Start ticking, and remember who else was using the timer."""
        if self.limit is None and self.deadline is None:
            return self
        try:
            _alarm.start(self, min(_LONGEST, max(_SHORTEST, (self.limit or 1.0) / 20)))
        except (ValueError, AttributeError):
            # Without the timer a deadline is still kept between samples; a limit for each is not.
            if self.limit is not None and self._needed:
                raise ConfigurationError(
                    f"timeout_s={self.limit:g} cannot be kept here: timeouts need the main thread of a Unix "
                    "process. Call the grader from the main thread, or declare @grader(timeout_s=None)"
                ) from None
        return self

    def __exit__(self, *_: object) -> None:
        """Stop ticking, and give the timer back once nobody here needs it."""
        _alarm.stop(self)


class _Alarm:
    """The process's interval timer, and the ticks that share it: the outermost first."""

    __slots__ = ("before", "left", "pace", "since", "ticks")

    def __init__(self) -> None:
        self.ticks: list[Tick] = []

    def start(self, tick: Tick, pace: float) -> None:
        """Ring for one more tick, as often as the most impatient one asks for."""
        before: Any = signal.signal(signal.SIGALRM, self.ring)
        if not self.ticks:
            self.before = signal.SIG_DFL if before is None else before
            self.since, self.pace = perf_counter(), pace
            self.left = signal.setitimer(signal.ITIMER_REAL, pace, pace)
        elif pace < self.pace:
            self.pace = pace
            signal.setitimer(signal.ITIMER_REAL, pace, pace)
        self.ticks.append(tick)

    def stop(self, tick: Tick) -> None:
        """Ring for one tick less; after the last, give the timer back, less the time that passed."""
        if tick not in self.ticks:
            return
        self.ticks.remove(tick)
        if self.ticks:
            return
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self.before)
        left, interval = self.left
        if left:
            left = max(left - (perf_counter() - self.since), _AT_ONCE)
            signal.setitimer(signal.ITIMER_REAL, left, interval)

    def ring(self, _number: int, frame: FrameType | None) -> None:
        """Interrupt the scoring function that runs, if its time, or that of one around it, is up."""
        if frame is not None and (
            frame.f_globals is _HERE or any(frame.f_code in tick.scorers for tick in self.ticks)
        ):
            return
        now = perf_counter()
        for tick in self.ticks:
            if tick.late(now):
                if tick.fired:
                    self.hurry(now)
                tick.fired = True
                raise Interrupted

    def hurry(self, now: float) -> None:
        """Ring again in some microseconds, after an interruption that is going to be swallowed again.

        A loop that swallows all that is raised inside its `try` can only be ended by what is raised between
        two rounds, and that is where the next one finds it. How long to wait varies, as the loops do.
        """
        signal.setitimer(signal.ITIMER_REAL, _AT_ONCE * (1 + now * 1e9 % 8), self.pace)


_alarm, _HERE = _Alarm(), globals()


def deadline_of(context: object) -> float | None:
    """When a Lambda invocation has to be answered, on the clock of `time.perf_counter`.

    Args:
        context: The Lambda context; None outside Lambda.

    Returns:
        The time at which scoring has to stop, with what it takes to answer kept back; None without a context.
    """
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    if remaining is None:
        return None
    seconds = float(remaining()) / 1000
    return perf_counter() + seconds - min(seconds / 2, max(0.2, seconds / 20))
