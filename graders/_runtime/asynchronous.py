"""Time limits for async scoring functions.

asyncio can cancel a task only while the task is waiting. A scoring function that computes without awaiting
blocks the event loop, so the batch's `Tick` interrupts it as it would a sync function.
"""

from __future__ import annotations

import sys
from time import perf_counter

from ..errors import ConfigurationError, Interrupted
from .allowance import Allowance, allowance
from .timing import leave, until

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Generator
    from typing import Any, TypeVar

    from .timing import Tick

    T = TypeVar("T")

HELD = ("held the event loop",)
"""Arguments to `Interrupted` for a sample that blocked the event loop."""

NO_TURN = "the call's time was up before this sample's turn"
CALL_OVER = "the call's time was up"
_SAME = 0.01

_GRACE = 0.1
"""Seconds allowed for a canceled scoring function to clean up."""

holds = 0
"""Number of samples in this process that have blocked the event loop."""


async def within(limit: float | None, deadline: float | None, call: Awaitable[T], tick: Tick) -> T:
    """Await one call to an async scoring function and interrupt it when its time is up.

    Raises:
        Interrupted: The call took longer than `limit` seconds or ran past the deadline.
    """
    import asyncio

    ends = limit
    if deadline is not None:
        left = max(deadline - perf_counter(), 0.0)
        ends = left if limit is None else min(left, limit)
    timer = asyncio.timeout(ends)
    # The sample around this one may have an earlier deadline.
    known = [end for end in (None if ends is None else perf_counter() + ends, until.get()) if end is not None]
    token = until.set(min(known, default=None))
    allowed = Allowance(timer, limit, deadline, allowance.get())
    token_of_allowance = allowance.set(allowed)
    try:
        async with timer:
            answer: T = await _Watched(call, tick)
    except (ConfigurationError, Interrupted):
        raise
    except BaseException as error:
        if timer.expired() and not cancelled(error):
            over = deadline is not None and perf_counter() >= deadline - _SAME
            raise Interrupted(*([NO_TURN if allowed.is_waiting else CALL_OVER] if over else [])) from None
        raise
    finally:
        leave(allowance, token_of_allowance)
        leave(until, token)
    if timer.expired():
        raise Interrupted
    return answer


class _Watched:
    """Awaits a coroutine while the tick measures only the time that the coroutine itself runs."""

    def __init__(self, call: Awaitable[Any], tick: Tick) -> None:
        self.call = call
        self.tick = tick

    def __await__(self) -> Generator[Any, Any, Any]:
        return _drive(self.call.__await__(), self.tick)


class _Reminder:
    """Cancels the current task again if the scoring function swallows the first cancellation."""

    def __init__(self) -> None:
        import asyncio

        self.task = asyncio.current_task()
        self.fired = False
        self.timer = asyncio.get_running_loop().call_later(_GRACE, self.fire)

    def fire(self) -> None:
        # A timeout inside the scoring function also cancels the task, but withdraws the cancellation when it
        # is handled.
        if self.task is not None and self.task.cancelling():
            self.fired = True
            self.task.cancel()

    def stop(self) -> None:
        """Stop the reminder and undo its cancellation."""
        self.timer.cancel()
        if self.fired and self.task is not None:
            self.task.uncancel()


def _drive(steps: Generator[Any, Any, Any], tick: Tick) -> Generator[Any, Any, Any]:
    """Run a coroutine to completion, forwarding the futures it awaits and any errors thrown into it."""
    error: BaseException | None = None
    reminder: _Reminder | None = None
    try:
        while True:
            try:
                awaited = _step(steps, error, tick)
            except StopIteration as stop:
                return stop.value
            try:
                yield awaited
                error = None
            except BaseException as thrown:
                error = thrown
                if _is_cancellation(thrown):
                    if reminder is not None and reminder.fired:  # it swallowed the first cancellation
                        _abandon(steps, tick)
                        raise
                    if reminder is not None:
                        reminder.stop()
                    reminder = _Reminder()
    finally:
        if reminder is not None:
            reminder.stop()


def _step(steps: Generator[Any, Any, Any], error: BaseException | None, tick: Tick) -> Any:
    """Run a coroutine up to its next await while the tick measures the time.

    Raises:
        Interrupted: The coroutine was interrupted, even if it swallowed the interrupt.
    """
    tick.since = perf_counter()
    try:
        awaited = steps.send(None) if error is None else steps.throw(error)
    except ConfigurationError:
        raise
    except (Interrupted, Exception):
        if tick.fired:
            raise _held() from None
        raise
    finally:
        tick.since = 0.0
        tick.mend()
        fired, tick.fired = tick.fired, False
    if fired:  # the coroutine swallowed the interrupt and awaits something else
        _abandon(steps, tick)
        raise _held()
    return awaited


def _abandon(steps: Generator[Any, Any, Any], tick: Tick) -> None:
    """Close a coroutine that ignored its cancellation, and suppress any errors that it raises."""
    tick.since = perf_counter()
    try:
        steps.close()
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
    finally:
        tick.since = 0.0
        tick.mend()
        tick.fired = False


def _held() -> Interrupted:
    """Count a sample that blocked the event loop and return its error."""
    global holds
    holds += 1
    return Interrupted(*HELD)


SCORERS = (_step.__code__, _abandon.__code__)


def cancelled(error: BaseException) -> bool:
    """Return True if the error cancels the whole call, not just something that a sample awaited."""
    if not _is_cancellation(error):
        return False
    import asyncio

    try:
        task = asyncio.current_task()
    except RuntimeError:  # no event loop is running, so nothing can have been canceled
        return False
    return task is not None and task.cancelling() > 0


def _is_cancellation(error: BaseException) -> bool:
    asyncio = sys.modules.get("asyncio")
    return asyncio is not None and isinstance(error, asyncio.CancelledError)
