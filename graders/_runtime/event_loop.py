"""Runs coroutines on a single event loop for the life of the process.

HTTP and AWS clients bind to the first loop they run on, so the loop is never replaced. asyncio is imported
only when an async grader runs, because importing it takes longer than importing the rest of the library.
"""

from __future__ import annotations

import os
from _thread import allocate_lock

from ..errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Task
    from collections.abc import Awaitable, Callable, Coroutine, Sequence
    from typing import Any, TypeVar

    T = TypeVar("T")

_loop: AbstractEventLoop | None = None
_turn = allocate_lock()  # threads take turns on the loop
_parents: list[AbstractEventLoop | None] = []


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to completion on the process's event loop.

    Raises:
        ConfigurationError: An event loop is already running in this thread.
    """
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:
        main.close()
        raise ConfigurationError("an event loop is already running here: use `await grader(sample)`")
    with _turn:
        loop = _kept_loop()
        task = loop.create_task(main)
        try:
            return loop.run_until_complete(task)
        except BaseException:
            _end(task, loop)
            raise


def _end(task: Task[Any], loop: AbstractEventLoop) -> None:
    """Cancel the task after Ctrl-C so that it does not resume when the loop is used again."""
    for _ in range(3):  # limited: a task may swallow the cancellation, and the user may press Ctrl-C again
        if task.done():
            break
        task.cancel()
        try:
            loop.run_until_complete(task)
        except BaseException:
            continue
    if task.done() and not task.cancelled():
        task.exception()


def _kept_loop() -> AbstractEventLoop:
    """Return the process's event loop, creating it on first use."""
    global _loop
    if _loop is None or _loop.is_closed():
        import asyncio
        import atexit

        atexit.register(_close)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=_leave)
        _loop = asyncio.new_event_loop()
    return _loop


def _close() -> None:
    if _loop is not None:
        _loop.close()


def _leave() -> None:
    """Drop the loop in a forked child. Closing it would break the parent, which shares the selector."""
    global _loop, _turn
    _parents.append(_loop)
    _loop, _turn = None, allocate_lock()


async def gather(one: Callable[[Any], Awaitable[T]], samples: Sequence[Any], concurrency: int) -> list[T]:
    """Await `one` for every sample, at most `concurrency` at a time, and return the results in order."""
    if len(samples) == 1:  # stays in the caller's task, which knows an outer grader's time limit
        return [await one(samples[0])]
    import asyncio

    gate = asyncio.Semaphore(concurrency)

    async def admitted(sample: Any) -> T:
        async with gate:
            return await one(sample)

    # If one sample's error ends the call, the task group cancels the other tasks.
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(admitted(sample)) for sample in samples]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]
