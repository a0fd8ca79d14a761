"""Limits how many samples run code concurrently and for how long."""

from __future__ import annotations

import os
from time import perf_counter

from .._runtime.allowance import allowance
from .._runtime.asynchronous import NO_TURN
from .._runtime.timing import around
from ..errors import ConfigurationError, SampleError
from ._code_clock import SessionStarved

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import ThreadPoolExecutor
    from typing import TypeVar

    from .._runtime.timing import Tick

    T = TypeVar("T")

_MEMORY = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"
_GRADER_MB = 100
_SESSION_MB = 40
"""Memory for the grader, and memory that a session needs in addition to its code's, in MB."""
_OVERBOOKED = 2
"""A sample may use this multiple of an equal share of the call's time, because most samples use less."""
_SHORTEST = 0.05
"""Minimum number of seconds that must be left in a call to start another turn."""
OURS = 0.95
"""Fraction of a sample's time that its code may use. The remainder is for the grader itself."""
LEAST = 0.1
"""Code counts as too slow only after it has run for this fraction of its limit, even in a busy call."""
_PATIENCE = 20
"""Maximum wall-clock time on a busy machine, as a multiple of a sample's time."""
_PROCESSOR_MB = 1769  # https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html


class Portion:
    """The time that a sample's code may use.

    Args:
        seconds: Time that the code itself may run.
        longest: Maximum wall-clock time, regardless of how busy the machine is.
        least: Seconds that the code must have run before it counts as too slow.
    """

    __slots__ = ("least", "longest", "seconds")

    def __init__(self, seconds: float, longest: float, least: float) -> None:
        self.seconds, self.longest, self.least = seconds, longest, least


class TurnTime:
    """The time available to a sample, counted from the start of its turn.

    Args:
        tick: Timer of the sample's batch, or None if there is none.
        at_once: Number of samples that run concurrently.
    """

    __slots__ = ("_deadline", "ends", "share")

    def __init__(self, tick: Tick | None, at_once: int) -> None:
        now = perf_counter()
        self.ends = self.share = self._deadline = float("inf")
        """Value of `time.perf_counter` at which the sample must end, or infinity if there is no limit."""
        if tick is None:
            return
        if tick.deadline is not None:
            self.share = (tick.deadline - now) * min(1.0, _OVERBOOKED * at_once / max(tick.unanswered, 1))
            self.ends = self._deadline = tick.deadline
        if tick.limit is not None:
            self.share = min(self.share, tick.limit)
            self.ends = min(self.ends, now + tick.limit)

    @property
    def left(self) -> float:
        """Seconds until the sample must end."""
        return self.ends - perf_counter()

    def portion(self, seconds: float, share: float, part: float = OURS, least: float = LEAST) -> Portion:
        """Return the time that code may use from now on, leaving time for later samples.

        Args:
            seconds: Time that the code may use if the call has enough time left.
            share: Portion of the call's time to use: this object's `share`, or `left` for work that all of a
                record's samples need.
            part: Fraction of that portion that the code may use.
            least: Fraction of `seconds` that the code may always use.
        """
        own = min(seconds, max(share * part, seconds * least))
        left = max(self.left * OURS, 0.001)
        patient = left > own * _PATIENCE
        return Portion(min(own, left), min(left, own * _PATIENCE), own if patient else seconds * least)

    @property
    def left_of_call(self) -> float:
        """Seconds until the whole call must end."""
        return self._deadline - perf_counter()


class Turns:
    """Threads in which samples take turns running code.

    Args:
        memory_mb: Memory limit for the code of one session.
        sessions: Number of sessions that a sample has open at the same time.
    """

    def __init__(self, memory_mb: int, sessions: int = 2) -> None:
        self._memory_mb, self._sessions = memory_mb, sessions
        self._threads: ThreadPoolExecutor | None = None
        self._pid = 0

    async def take(self, work: Callable[[TurnTime], T], ready: Callable[[], object] | None = None) -> T:
        """Run a function in a thread when it is the sample's turn.

        A sample's time limit starts with its turn. The wait before the turn is limited only by the call's
        time.

        Args:
            work: The function, which receives the sample's time.
            ready: Does work that samples share. Its time counts toward the call's limit, not the sample's.

        Raises:
            SampleError: The call ends before the sample's turn or the machine is too busy to run its code.
        """
        import asyncio

        loop, pool = asyncio.get_running_loop(), self._pool()
        tick, allowed = around.get(), allowance.get()

        def turn() -> T:
            if ready is not None:
                ready()
            if tick is not None and tick.over(perf_counter() + _SHORTEST):
                raise SampleError("timeout", NO_TURN)
            if allowed is not None:
                try:
                    loop.call_soon_threadsafe(allowed.resume)
                except RuntimeError:
                    pass  # the event loop has ended, so nothing waits for this sample any longer
            try:
                return work(TurnTime(tick, at_once(self._memory_mb, self._sessions)))
            except SessionStarved as starved:
                raise SampleError("timeout", str(starved)) from None

        if allowed is not None:
            allowed.suspend()
        return await loop.run_in_executor(pool, turn)

    def _pool(self) -> ThreadPoolExecutor:
        """Return the threads. A forked process creates its own, because the old ones belong to the parent."""
        if self._threads is None or self._pid != os.getpid():
            from concurrent.futures import ThreadPoolExecutor

            self._pid = os.getpid()
            self._threads = ThreadPoolExecutor(at_once(self._memory_mb, self._sessions), "code")
        return self._threads


def at_once(memory_mb: int, sessions: int = 2) -> int:
    """Return how many samples' code this machine or Lambda function can run concurrently.

    Args:
        memory_mb: Memory limit for the code of one session.
        sessions: Number of sessions that a sample has open at the same time.

    Raises:
        ConfigurationError: The function does not have enough memory for one sample.
    """
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    given = os.environ.get(_MEMORY, "")
    if not given.isdecimal():
        return processors
    one = sessions * (memory_mb + _SESSION_MB)
    held = (int(given) - _GRADER_MB) // one
    if held < 1:
        raise ConfigurationError(
            f"the function has {given} MB of memory, and code that may take {memory_mb} MB needs "
            f"{one + _GRADER_MB}: raise MemorySize in template.yaml, or lower memory_mb="
        )
    return max(1, min(processors, held, -(-int(given) // _PROCESSOR_MB)))
