"""Runs the code of several samples at once: as many as there are processors, and as the memory holds."""

from __future__ import annotations

import os
from time import perf_counter

from .._runtime.timing import around
from ..errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import ThreadPoolExecutor
    from typing import TypeVar

    T = TypeVar("T")

_MEMORY = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"
_GRADER_MB = 100
_SESSION_MB = 40
"""What the grader itself takes, and a session besides the code's own."""
_PROCESSOR_MB = 1769  # https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html


class Turns:
    """Threads in which samples take turns.

    Args:
        memory_mb: What the code of one session may take.
    """

    def __init__(self, memory_mb: int) -> None:
        self._memory_mb = memory_mb
        self._threads: ThreadPoolExecutor | None = None
        self._pid = 0

    async def take(self, work: Callable[[float], T]) -> T:
        """Run a function in a thread, once it is its turn.

        Args:
            work: Is given the seconds that the sample has left; infinite without a limit.
        """
        import asyncio

        tick = around.get()
        ends = float("inf")
        if tick is not None:
            limit = float("inf") if tick.limit is None else perf_counter() + tick.limit
            ends = min(limit, float("inf") if tick.deadline is None else tick.deadline)
        return await asyncio.get_running_loop().run_in_executor(
            self._pool(), lambda: work(ends - perf_counter())
        )

    def _pool(self) -> ThreadPoolExecutor:
        """The threads; those of a process that was forked are its parent's."""
        if self._threads is None or self._pid != os.getpid():
            from concurrent.futures import ThreadPoolExecutor

            self._pid = os.getpid()
            self._threads = ThreadPoolExecutor(at_once(self._memory_mb), "code")
        return self._threads


def at_once(memory_mb: int) -> int:
    """How many samples this machine or function can run code for at the same time.

    Args:
        memory_mb: What the code of one session may take; a sample has two.

    Raises:
        ConfigurationError: The function has not enough memory for one.
    """
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    given = os.environ.get(_MEMORY, "")
    if not given.isdecimal():
        return processors
    one = 2 * (memory_mb + _SESSION_MB)
    held = (int(given) - _GRADER_MB) // one
    if held < 1:
        raise ConfigurationError(
            f"the function has {given} MB of memory, and code that may take {memory_mb} MB needs "
            f"{one + _GRADER_MB}: raise MemorySize in template.yaml, or lower memory_mb="
        )
    return max(1, min(processors, held, -(-int(given) // _PROCESSOR_MB)))
