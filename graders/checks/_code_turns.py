"""Runs the code of several samples at once: as many as there are processors, and as the memory holds."""

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
"""What the grader itself takes, and a session besides the code's own."""
_OVERBOOKED = 2
"""How much more than its equal share of the call's time a sample may take: most need far less."""
_SHORTEST = 0.05
"""Seconds of a call below which no turn begins any more."""
OURS = 0.95
"""What of a sample's time is left for code, beside what the grader itself does."""
LEAST = 0.1
"""The share of its seconds that code has to have before it counts as too slow, however busy the call is."""
_PATIENCE = 20
"""How often a sample's time may pass on the wall clock where code waits for a busy machine."""
_PROCESSOR_MB = 1769  # https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html


class Portion:
    """What code may take of a sample's time.

    Args:
        seconds: Of its own.
        longest: On the wall clock, however busy the machine is.
        least: Seconds that it has to have had before it counts as too slow.
    """

    __slots__ = ("least", "longest", "seconds")

    def __init__(self, seconds: float, longest: float, least: float) -> None:
        self.seconds, self.longest, self.least = seconds, longest, least


class TurnTime:
    """What time a sample has, as its turn begins.

    Args:
        tick: The timer of its batch; None if absent.
        at_once: How many samples run at the same time.
    """

    __slots__ = ("_deadline", "ends", "share")

    def __init__(self, tick: Tick | None, at_once: int) -> None:
        now = perf_counter()
        self.ends = self.share = self._deadline = float("inf")
        """When it has to end, on the clock of `time.perf_counter`; infinite where nothing says."""
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
        """Seconds until it has to end."""
        return self.ends - perf_counter()

    def portion(self, seconds: float, share: float, part: float = OURS, least: float = LEAST) -> Portion:
        """What code may take from now on, so that samples after it have their turn too.

        Args:
            seconds: What it may take where time is plenty.
            share: Of the call's time, the sample's: `share`, or `left` for what all samples of a record need.
            part: The share of that which is the code's.
            least: The share of `seconds` that it may take however little time there is.
        """
        own = min(seconds, max(share * part, seconds * least))
        left = max(self.left * OURS, 0.001)
        patient = left > own * _PATIENCE
        return Portion(min(own, left), min(left, own * _PATIENCE), own if patient else seconds * least)

    @property
    def left_of_call(self) -> float:
        """Seconds until the whole call has to end."""
        return self._deadline - perf_counter()


class Turns:
    """Threads in which samples take turns.

    Args:
        memory_mb: What the code of one session may take.
        sessions: How many a sample has open at the same time.
    """

    def __init__(self, memory_mb: int, sessions: int = 2) -> None:
        self._memory_mb, self._sessions = memory_mb, sessions
        self._threads: ThreadPoolExecutor | None = None
        self._pid = 0

    async def take(self, work: Callable[[TurnTime], T], ready: Callable[[], object] | None = None) -> T:
        """Run a function in a thread, once it is its turn.

        The grader's limit for a sample starts with the turn: waiting for others ends with the call alone.

        Args:
            work: Is given the time that the sample has.
            ready: Makes ready what samples share, in the call's time and not in the sample's.

        Raises:
            SampleError: The call ends before the sample's turn, or the machine is too busy for its code.
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
                    pass  # the loop has ended, and nobody waits for this sample any longer
            try:
                return work(TurnTime(tick, at_once(self._memory_mb, self._sessions)))
            except SessionStarved as starved:
                raise SampleError("timeout", str(starved)) from None

        if allowed is not None:
            allowed.suspend()
        return await loop.run_in_executor(pool, turn)

    def _pool(self) -> ThreadPoolExecutor:
        """The threads; those of a process that was forked are its parent's."""
        if self._threads is None or self._pid != os.getpid():
            from concurrent.futures import ThreadPoolExecutor

            self._pid = os.getpid()
            self._threads = ThreadPoolExecutor(at_once(self._memory_mb, self._sessions), "code")
        return self._threads


def at_once(memory_mb: int, sessions: int = 2) -> int:
    """How many samples this machine or function can run code for at the same time.

    Args:
        memory_mb: What the code of one session may take.
        sessions: How many a sample has.

    Raises:
        ConfigurationError: The function has not enough memory for one.
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
