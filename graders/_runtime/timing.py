"""Time limits for scoring functions.

One repeating timer runs for a whole batch, and each tick checks how long the current sample has been running.
This costs two assignments per sample. A separate timer per sample would take longer than most scoring
functions. When a sample runs out of time, `Interrupted` is raised in the scoring function. This ends
pure-Python loops, regular expressions and arithmetic on big integers. If the function swallows the interrupt,
it is raised again on every tick until it gets through. Nested batches and batches that run concurrently in an
event loop share the timer. Code that never returns to the interpreter, such as a loop in a C library, cannot
be ended this way and needs a child process.

SIGALRM is left to the scoring function, because libraries such as `math_verify` use it and end each call with
`signal.alarm(0)`. So on Linux the timer is a POSIX timer on a real-time signal. If a sample changes SIGALRM
or its timer, both are restored afterward, because a leftover alarm would end another sample or the process.
Other systems, such as macOS, only have SIGALRM's own timer. It is rearmed before each sample, but a function
that stops it cannot be interrupted.
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
except (ImportError, AttributeError, OSError):  # the system is not Linux, or Python was built without ctypes
    posix_timer = None  # type: ignore[assignment]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextvars import Token
    from types import CodeType, FrameType
    from typing import Any

    from .posix_timer import PosixTimer

getsignal = _signal.getsignal
ALARM = getattr(_signal, "SIGALRM", _signal.SIGINT)  # Windows has no SIGALRM and no limits

_LONGEST, _SHORTEST = 0.1, 0.002
_AT_ONCE = 0.000_005
_SAME = 0.01
_CHANGES = object()
_DEFAULT, _IGNORED = _signal.SIG_DFL, _signal.SIG_IGN
_UNLIKELY = range(60, 40, -1) if posix_timer else ()
"""Real-time signals in the order to try them. The first and last are left out because libraries use them."""

around: ContextVar[Tick | None] = ContextVar("around", default=None)
"""The active `Tick` in this context. A scoring function shares it with any graders that it calls."""

until: ContextVar[float | None] = ContextVar("until", default=None)
"""The deadline of the current async sample, on the clock of `time.perf_counter`, or None.

Code that waits for a service should give up at the deadline and raise its own error.
"""


def leave(variable: ContextVar[Any], token: Token[Any]) -> None:
    """Restore a variable to its previous value."""
    try:
        variable.reset(token)
    except ValueError:  # an abandoned coroutine is closed in another context than the one where it began
        pass


class Tick:
    """Context manager that enforces the time limits of one batch.

    Args:
        limit: Seconds for one sample, or None for no limit.
        deadline: Time at which the batch must end, on the clock of `time.perf_counter`, or None for no
            deadline.
        scorers: The code objects of the functions that call scoring functions. These functions are never
            interrupted, because an exception between two samples would fail the batch.
        needed: False if asyncio also enforces the limit, on tasks that are waiting.

    Raises:
        ConfigurationError: A limit is needed but cannot be enforced because this is not the main thread.
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
        """Number of samples in an async batch that are still unanswered, including the current one."""
        self.since = 0.0
        """Start time of the current sample, or 0 while no scoring function runs."""
        self.fired = False
        """True if the current sample was interrupted, even if it swallowed the interrupt."""
        self.alarm: Any = getsignal(ALARM)
        """The SIGALRM handler that should still be set after a sample."""
        self.before = self.alarm
        self.left, self.started = (0.0, 0.0), 0.0

    def mend(self) -> None:
        """Restore SIGALRM and its timer to their state before the sample and keep our timer running."""
        if getsignal(ALARM) is not self.alarm:
            _alarm.mend(self)

    def over(self, now: float) -> bool:
        """Return True if the batch's deadline has passed."""
        return self.deadline is not None and now >= self.deadline

    def late(self, now: float) -> bool:
        """Return True if the running scoring function is out of time."""
        since = self.since
        return since > 0 and ((self.limit is not None and now - since >= self.limit) or self.over(now))

    def passed(self, since: float) -> float | None:
        """Return the limit if a sample that started at `since` has exceeded it, else None."""
        return self.limit if self.limit is not None and perf_counter() - since >= self.limit else None

    def __enter__(self) -> Tick:
        try:
            if self.limit is not None or self.deadline is not None:
                _alarm.start(self, min(_LONGEST, max(_SHORTEST, (self.limit or 1.0) / 20)))
        except (ValueError, AttributeError):
            # Without the timer, a deadline is still enforced between samples, but a limit per sample is not.
            if self.limit is not None and self._needed:
                raise ConfigurationError(
                    f"timeout_s={self.limit:g} cannot be enforced here: timeouts need the main thread of a "
                    "Unix process. Call the grader from the main thread, or declare @grader(timeout_s=None)"
                ) from None
        self._token = around.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        _alarm.stop(self)
        leave(around, self._token)


class Context:
    """A Lambda context that has only the method that a grader calls.

    Args:
        milliseconds: The value that `get_remaining_time_in_millis` returns.
    """

    def __init__(self, milliseconds: int = 60_000) -> None:
        self._milliseconds = milliseconds

    def get_remaining_time_in_millis(self) -> int:
        """Return the remaining time in milliseconds."""
        return self._milliseconds


class _Alarm:
    """The process's timer and the ticks that share it, outermost first."""

    __slots__ = ("before", "left", "number", "pace", "since", "ticks", "timer")

    def __init__(self) -> None:
        self.ticks: list[Tick] = []
        self.number = ALARM
        self.pace = _LONGEST
        self.timer: PosixTimer | None = None
        """The POSIX timer, or None if SIGALRM's timer is used instead."""

    def start(self, tick: Tick, pace: float) -> None:
        """Add a `Tick` and set the timer to fire often enough for every `Tick`.

        Raises:
            ValueError: The caller is not on the main thread.
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
        """Choose a timer and save SIGALRM's handler."""
        self.before, self.left, self.since = getsignal(ALARM), _remaining(), perf_counter()
        if (
            self.timer is None or getsignal(self.number) is not _ring
        ):  # other code may have taken over the signal
            self.delete()
            self.timer, self.number = _own_timer()
        if self.timer is not None:
            _signal.pthread_sigmask(_signal.SIG_UNBLOCK, (self.number,))
            if self.before == _DEFAULT and not self.left[0]:
                _signal.signal(ALARM, _forgotten)

    def set(self, first: float, interval: float) -> None:
        """Fire after `first` seconds and every `interval` seconds after that."""
        if self.timer is not None:
            self.timer.set(first, interval)
        else:
            _signal.setitimer(_signal.ITIMER_REAL, first, interval)

    def mend(self, tick: Tick) -> None:
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
        """Remove a tick, and stop the timer if no ticks remain."""
        if tick in self.ticks:
            self.mend(tick)
            self.ticks.remove(tick)
            if not self.ticks:
                self.close()

    def close(self) -> None:
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
        """Fire again within microseconds because the scoring function keeps swallowing interrupts.

        A loop that swallows everything raised inside its `try` can be ended only by an exception between two
        iterations. The delay varies so that an interrupt eventually lands there.
        """
        self.set(_AT_ONCE * (1 + now * 1e9 % 8), self.pace)

    def delete(self) -> None:
        """Delete the POSIX timer because an armed timer would kill the process at exit."""
        if self.timer is not None:
            self.timer.delete()
            self.timer = None

    def end(self) -> None:
        """At exit, stop a timer that an unfinished coroutine left running."""
        for tick in reversed(list(self.ticks)):
            self.stop(tick)
        self.delete()

    def forget(self) -> None:
        """Reset the state after a fork, where the child inherits the handlers but not the timer."""
        self.timer = None
        if self.ticks:
            self.ticks.clear()
            _handle(ALARM, self.before)


def _own_timer() -> tuple[PosixTimer | None, int]:
    """Return a POSIX timer and its signal, or None and SIGALRM if no timer can be made."""
    number = next((number for number in _UNLIKELY if getsignal(number) == _DEFAULT), None)
    if number is None:
        return None, ALARM
    _signal.signal(number, _ring)
    try:
        return posix_timer.PosixTimer(number), number  # pyright: ignore[reportOptionalMemberAccess]
    except OSError:  # a sandbox may forbid timers
        _signal.signal(number, _DEFAULT)
        return None, ALARM


def _ring(_number: int, frame: FrameType | None) -> None:
    """Interrupt the running scoring function if it or an enclosing scoring function is out of time."""
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
    """Return True if the frame is a garbage collector callback, where Python swallows exceptions.

    These callbacks belong to the process (test tools and profilers add them), not to the scoring function
    whose allocations happen to trigger them. When a callback starts, Python still reports the frame around
    it, so an interrupt can be lost there. It is raised again on the next tick.
    """
    code = None if frame is None else frame.f_code
    return any(getattr(callback, "__code__", None) is code for callback in gc.callbacks)


def _forgotten(_number: int, _frame: FrameType | None) -> None:
    """Handle SIGALRM during a batch if nothing else does. An unhandled alarm would end the process."""
    _signal.setitimer(_signal.ITIMER_REAL, 0)


def _handle(number: int, handler: Any) -> None:
    """Set a signal's handler. None means a handler not set by Python, which cannot be restored."""
    if handler is not None and getsignal(number) is not handler:
        _signal.signal(number, handler)


def _remaining() -> tuple[float, float]:
    """Return the remaining seconds and the interval of SIGALRM's timer."""
    found: tuple[float, float] = _signal.getitimer(_signal.ITIMER_REAL)
    return found


def _less(timer: tuple[float, float], since: float) -> tuple[float, float]:
    """Return the remaining time and the interval of a timer whose values were read at `since`."""
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
    """Return the invocation's remaining time in Lambda, or None if there is no context."""
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    return None if remaining is None else float(remaining())


def deadline_of(context: object) -> float | None:
    """Return the deadline of a Lambda invocation, on the clock of `time.perf_counter`.

    Args:
        context: The Lambda context, or None outside Lambda.

    Returns:
        The time at which scoring must stop to leave time for the response, or None if there is no context.
    """
    left = milliseconds_left(context)
    if left is None:
        return None
    seconds = left / 1000
    return perf_counter() + seconds - min(seconds / 2, max(0.2, seconds / 20))
