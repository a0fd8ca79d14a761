"""Time limits of scoring functions.

One repeating timer runs for a whole batch, and checks at each tick how long the present sample has been
running: that costs a sample two assignments, where a timer of its own would cost more than most scoring
functions do. A sample that is over its time gets `Interrupted` raised inside it, which ends pure-Python
loops, `re` and big-integer work. If the function swallows the interrupt, it is raised again on every tick
until it gets through. Batches that run inside one another, or side by side in an event loop, share the one
timer. What never returns to the interpreter (a C library in a loop) cannot be ended like this and needs a
child process.

SIGALRM belongs to the scoring function: libraries such as `math_verify` set it, and end with
`signal.alarm(0)`. So on Linux the timer is a POSIX one on a real-time signal. After a sample that changed
SIGALRM or its timer, both are put back: an alarm left behind would end another sample, or the process.
Elsewhere (macOS) there is only SIGALRM's own timer: it is armed again before each sample, but a function that
stops it is not interrupted itself.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found, unused-ignore]  # `signal` wraps it in enums, at 4 us a call
import atexit
import gc
import os
from contextvars import ContextVar
from time import perf_counter

from ..errors import ConfigurationError, Interrupted

try:
    from . import posix_timer
except (ImportError, AttributeError, OSError):  # not Linux, or a Python without ctypes
    posix_timer = None  # type: ignore[assignment]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextvars import Token
    from types import CodeType, FrameType
    from typing import Any

    from .posix_timer import PosixTimer

getsignal = _signal.getsignal
ALARM = getattr(_signal, "SIGALRM", _signal.SIGINT)  # Windows has none, and keeps no limits

_LONGEST, _SHORTEST = 0.1, 0.002
_AT_ONCE = 0.000_005
_SAME = 0.01
_CHANGES = object()
_DEFAULT, _IGNORED = _signal.SIG_DFL, _signal.SIG_IGN
_UNLIKELY = range(60, 40, -1) if posix_timer else ()
"""Real-time signals, the one to try first in front: away from both ends, where libraries take theirs."""

around: ContextVar[Tick | None] = ContextVar("around", default=None)
"""The timer of the grader that is grading here: what a grader called by its scoring function runs under."""

until: ContextVar[float | None] = ContextVar("until", default=None)
"""When the async sample that is graded here has to be answered, on the clock of `time.perf_counter`.

None where there is no limit. What waits for a service gives up by then, with a message of its own.
"""


def leave(variable: ContextVar[Any], token: Token[Any]) -> None:
    """Give a variable back the value that it had before."""
    try:
        variable.reset(token)
    except ValueError:  # an abandoned coroutine is closed in another context than it began in
        pass


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

    __slots__ = (
        *("_needed", "_token", "deadline", "fired", "limit", "scorers", "since"),
        *("alarm", "before", "left", "started", "unanswered"),
    )

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
        self.unanswered = 1
        """How many samples of an async batch have no answer yet, the one that reads this included."""
        self.since = 0.0
        """When the present sample was begun; 0 while no scoring function runs."""
        self.fired = False
        """Whether the present sample was interrupted, even if it swallowed that."""
        self.alarm: Any = getsignal(ALARM)
        """SIGALRM's handler between two samples, as long as that says that nobody touched it or its timer."""
        self.before = self.alarm
        self.left, self.started = (0.0, 0.0), 0.0

    def mend(self) -> None:
        """Put SIGALRM and its timer back to what they were before the sample, and keep our timer running."""
        if getsignal(ALARM) is not self.alarm:
            _alarm.mend(self)

    def over(self, now: float) -> bool:
        """Whether the batch's deadline has passed."""
        return self.deadline is not None and now >= self.deadline

    def late(self, now: float) -> bool:
        """Whether a scoring function runs that should have ended."""
        since = self.since
        return since > 0 and ((self.limit is not None and now - since >= self.limit) or self.over(now))

    def passed(self, since: float) -> float | None:
        """The limit, if a sample that began then has passed it; None where the batch's deadline ended it."""
        return self.limit if self.limit is not None and perf_counter() - since >= self.limit else None

    def __enter__(self) -> Tick:
        """Start ticking, and remember who else was using the timer."""
        try:
            if self.limit is not None or self.deadline is not None:
                _alarm.start(self, min(_LONGEST, max(_SHORTEST, (self.limit or 1.0) / 20)))
        except (ValueError, AttributeError):
            # Without the timer a deadline is still kept between samples; a limit for each is not.
            if self.limit is not None and self._needed:
                raise ConfigurationError(
                    f"timeout_s={self.limit:g} cannot be kept here: timeouts need the main thread of a Unix "
                    "process. Call the grader from the main thread, or declare @grader(timeout_s=None)"
                ) from None
        self._token = around.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop ticking, and give the timer back once nobody here needs it."""
        _alarm.stop(self)
        leave(around, self._token)


class Context:
    """A Lambda context with the one method that a grader asks for.

    Args:
        milliseconds: What `get_remaining_time_in_millis` says.
    """

    def __init__(self, milliseconds: int = 60_000) -> None:
        self._milliseconds = milliseconds

    def get_remaining_time_in_millis(self) -> int:
        """The time that is left, in milliseconds."""
        return self._milliseconds


class _Alarm:
    """The one timer of the process, and the ticks that share it: the outermost first."""

    __slots__ = ("before", "left", "number", "pace", "since", "ticks", "timer")

    def __init__(self) -> None:
        self.ticks: list[Tick] = []
        self.number = ALARM
        self.pace = _LONGEST
        self.timer: PosixTimer | None = None
        """None where the timer is SIGALRM's."""

    def start(self, tick: Tick, pace: float) -> None:
        """Ring for one more tick, as often as the most impatient one asks for.

        Raises:
            ValueError: This is not the main thread.
        """
        if not self.ticks:
            self.open()
        _signal.signal(self.number, _ring)
        if not self.ticks or pace < self.pace:
            self.set(pace, pace)
            self.pace = pace
        tick.before, tick.left, tick.started = getsignal(ALARM), _remaining(), perf_counter()
        quiet = self.timer is not None and not tick.left[0] and tick.before in (_forgotten, _IGNORED)
        tick.alarm = tick.before if quiet else _CHANGES
        self.ticks.append(tick)

    def open(self) -> None:
        """Find a timer, and remember whose SIGALRM is."""
        self.before, self.left, self.since = getsignal(ALARM), _remaining(), perf_counter()
        if self.timer is None or getsignal(self.number) is not _ring:  # in the second case it was taken
            self.delete()
            self.timer, self.number = _own_timer()
        if self.timer is not None:
            _signal.pthread_sigmask(_signal.SIG_UNBLOCK, (self.number,))
            if self.before == _DEFAULT and not self.left[0]:
                _signal.signal(ALARM, _forgotten)

    def set(self, first: float, interval: float) -> None:
        """Ring after `first` seconds and then every `interval` seconds."""
        if self.timer is not None:
            self.timer.set(first, interval)
        else:
            _signal.setitimer(_signal.ITIMER_REAL, first, interval)

    def mend(self, tick: Tick) -> None:
        """Put the signals and SIGALRM's timer back to what they were before the sample."""
        if tick not in self.ticks:
            return
        _handle(self.number, _ring)
        if self.timer is None:
            left, interval = _remaining()
            if not left or abs(interval - self.pace) > _AT_ONCE:
                self.set(self.pace, self.pace)
            return
        left, interval = _less(tick.left, tick.started)
        if abs(_remaining()[0] - left) > _SAME:
            _signal.setitimer(_signal.ITIMER_REAL, 0)
            _handle(ALARM, tick.before)
            _signal.setitimer(_signal.ITIMER_REAL, left, interval)
        _handle(ALARM, tick.before)

    def stop(self, tick: Tick) -> None:
        """Ring for one tick less; the last one ends the timer."""
        if tick in self.ticks:
            self.mend(tick)
            self.ticks.remove(tick)
            if not self.ticks:
                self.close()

    def close(self) -> None:
        """Stop the timer, and leave SIGALRM as it was found."""
        if self.timer is not None:
            self.timer.stop()
            _handle(ALARM, self.before)
            return
        self.set(0, 0)
        _handle(ALARM, self.before)
        left, interval = _less(self.left, self.since)
        if self.left[0]:
            self.set(max(left, _AT_ONCE), interval)

    def hurry(self, now: float) -> None:
        """Ring again in some microseconds, after an interruption that is going to be swallowed again.

        A loop that swallows all that is raised inside its `try` can only be ended by what is raised between
        two rounds, and that is where the next one finds it. How long to wait varies, as the loops do.
        """
        self.set(_AT_ONCE * (1 + now * 1e9 % 8), self.pace)

    def delete(self) -> None:
        """Delete a timer of our own; an armed one would kill the process at its exit."""
        if self.timer is not None:
            self.timer.delete()
            self.timer = None

    def end(self) -> None:
        """As the process exits: stop what a coroutine that never ended left ticking."""
        for tick in reversed(list(self.ticks)):
            self.stop(tick)
        self.delete()

    def forget(self) -> None:
        """After a fork: the child has the handlers, but no timer."""
        self.timer = None
        if self.ticks:
            self.ticks.clear()
            _handle(ALARM, self.before)


def _own_timer() -> tuple[PosixTimer | None, int]:
    """A timer on a signal that nobody handles; None where there is none to be had."""
    number = next((number for number in _UNLIKELY if getsignal(number) == _DEFAULT), None)
    if number is None:
        return None, ALARM
    _signal.signal(number, _ring)
    try:
        return posix_timer.PosixTimer(number), number  # pyright: ignore[reportOptionalMemberAccess]
    except OSError:  # a sandbox
        _signal.signal(number, _DEFAULT)
        return None, ALARM


def _ring(_number: int, frame: FrameType | None) -> None:
    """Interrupt the scoring function that runs, if its time, or that of one around it, is up."""
    ticks = _alarm.ticks
    if frame is not None and (
        frame.f_globals is _HERE or any(frame.f_code in tick.scorers for tick in ticks)
    ):
        return
    now = perf_counter()
    for tick in ticks:
        if tick.late(now):
            lost = _collects_garbage(frame)
            if tick.fired or lost:
                _alarm.hurry(now)
            if not lost:
                tick.fired = True
                raise Interrupted
            return


def _collects_garbage(frame: FrameType | None) -> bool:
    """Whether a callback of the garbage collector runs: what is raised in one is reported and lost.

    The callbacks belong to the process (test tools and profilers add them), not to the scoring function in
    whose allocations they happen to run. Where a call of one begins, Python shows the frame around it, so
    that an interrupt can still be lost there; the next tick raises it again.
    """
    code = None if frame is None else frame.f_code
    return any(getattr(callback, "__code__", None) is code for callback in gc.callbacks)


def _forgotten(_number: int, _frame: FrameType | None) -> None:
    """SIGALRM's handler while a batch runs, if there was none: an alarm would end the process by default."""
    _signal.setitimer(_signal.ITIMER_REAL, 0)


def _handle(number: int, handler: Any) -> None:
    """Set a signal's handler; one that Python did not set (None) cannot be set again."""
    if handler is not None and getsignal(number) is not handler:
        _signal.signal(number, handler)


def _remaining() -> tuple[float, float]:
    """What SIGALRM's timer has left, and its interval."""
    found: tuple[float, float] = _signal.getitimer(_signal.ITIMER_REAL)
    return found


def _less(timer: tuple[float, float], since: float) -> tuple[float, float]:
    """What a timer that was read at `since` has left now."""
    left, interval = timer
    if left:
        left -= perf_counter() - since
        if left < 0:
            left = left % interval if interval else 0.0
    return left, interval


_alarm, _HERE = _Alarm(), globals()
atexit.register(_alarm.end)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_alarm.forget)


def milliseconds_left(context: object) -> float | None:
    """How long Lambda lets an invocation run on; None without a context."""
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    return None if remaining is None else float(remaining())


def deadline_of(context: object) -> float | None:
    """When a Lambda invocation has to be answered, on the clock of `time.perf_counter`.

    Args:
        context: The Lambda context; None outside Lambda.

    Returns:
        The time at which scoring has to stop, with what it takes to answer kept back; None without a context.
    """
    left = milliseconds_left(context)
    if left is None:
        return None
    seconds = left / 1000
    return perf_counter() + seconds - min(seconds / 2, max(0.2, seconds / 20))
