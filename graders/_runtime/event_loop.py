"""Runs coroutines: one event loop for the life of the process, many samples at once.

One loop is kept because HTTP and AWS clients bind themselves to the loop that they first ran on. asyncio is
imported when the first async grader runs; it costs a cold start more than the rest of the library together.
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
    """Run a coroutine to its end on the process's event loop.

    Raises:
        ConfigurationError: An event loop is running in this thread already.
    """
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:
        main.close()
        raise ConfigurationError("an event loop is running here already: use `await grader(sample)`")
    with _turn:
        loop = _kept_loop()
        task = loop.create_task(main)
        try:
            return loop.run_until_complete(task)
        except BaseException:
            _end(task, loop)
            raise


def _end(task: Task[Any], loop: AbstractEventLoop) -> None:
    """After Ctrl-C: nothing may be left running on a loop that is used again."""
    for _ in range(3):  # and not for ever: what is ended may resist, and the engineer press Ctrl-C again
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
    """The process's event loop; made when it is first needed."""
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
    """After a fork: the loop's selector is shared with the parent, and even closing it would break theirs."""
    global _loop, _turn
    _parents.append(_loop)
    _loop, _turn = None, allocate_lock()


async def gather(one: Callable[[Any], Awaitable[T]], samples: Sequence[Any], concurrency: int) -> list[T]:
    """Await `one` of every sample, at most `concurrency` at once, and return the answers in order."""
    if len(samples) == 1:  # in the caller's own task, where the time of a grader around this one is kept
        return [await one(samples[0])]
    import asyncio

    gate = asyncio.Semaphore(concurrency)

    async def admitted(sample: Any) -> T:
        async with gate:
            return await one(sample)

    # A task group: if one sample's error ends the call, the others are ended with it and not left running.
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(admitted(sample)) for sample in samples]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]
