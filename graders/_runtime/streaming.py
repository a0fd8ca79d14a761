"""Scores a stream of samples with an async scoring function.

Only replay uses this module. In Lambda, samples arrive in batches, and each batch is answered as a whole.
"""

from __future__ import annotations

import asyncio
from collections import deque
from time import perf_counter

from ..errors import ConfigurationError, RecordError
from ..reward import Failure
from ..sample import Sample
from . import asynchronous, event_loop
from .scoring import failure_of, score_one
from .timing import Tick

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, TypeAlias

    from ..reward import Outcome
    from .declaration import Declared

    # A sample's outcome or the error that fails the whole call, and the sample's milliseconds.
    Scored: TypeAlias = tuple[Outcome | ConfigurationError, float]

_TURNS = 4
"""Maximum number of attempts for a sample that times out because another sample blocks the event loop."""

AHEAD = 2048
"""Maximum number of samples that are started but not yet reported. They are lost if the process is killed."""


def score_stream(
    declared: Declared, items: Iterable[Any], keep: Callable[[list[Scored]], None], ahead: int = AHEAD
) -> None:
    """Score every sample of a stream, without an error budget.

    Args:
        declared: An async scoring function of one sample, and its options.
        items: Samples, or elements of events. The next item is fetched only when another sample can start.
        keep: Called with lists of outcomes, in the order of the samples.
        ahead: Maximum number of samples that are started but not yet passed to `keep`.
    """
    event_loop.run(_score_stream(declared, items, keep, max(ahead, declared.options.concurrency)))


async def _score_stream(
    declared: Declared, items: Iterable[Any], keep: Callable[[list[Scored]], None], ahead: int
) -> None:
    limit = declared.options.timeout_s
    room = asyncio.Semaphore(declared.options.concurrency)
    begun: deque[asyncio.Task[Scored]] = deque()

    async def one(item: Any) -> Scored:
        started = perf_counter()
        outcome: Outcome | ConfigurationError
        try:
            turns = 0
            while True:
                outcome, held_up = await score_one(declared, Sample(item), limit, None, tick)
                turns += 1
                if not held_up or turns == _TURNS:
                    break
        except RecordError as error:
            outcome = failure_of(error)
        except ConfigurationError as error:
            outcome = error
        if type(outcome) is Failure:
            outcome.cause = None
        return outcome, (perf_counter() - started) * 1000

    with Tick(limit, None, asynchronous.SCORERS, needed=False) as tick:
        try:
            for item in items:
                await room.acquire()
                begun.append(asyncio.create_task(one(item)))
                begun[-1].add_done_callback(lambda _: room.release())
                await _tell(begun, keep, ahead - 1)
            await _tell(begun, keep, 0)
        finally:
            for task in begun:  # tasks remain only after an error
                task.cancel()
            await asyncio.gather(*begun, return_exceptions=True)


async def _tell(begun: deque[asyncio.Task[Scored]], keep: Callable[[list[Scored]], None], most: int) -> None:
    """Pass finished samples to `keep` in order, waiting until at most `most` samples remain."""
    while begun and (begun[0].done() or len(begun) > most):
        await asyncio.wait([begun[0]])
        done: list[Scored] = []
        while begun and begun[0].done():
            task = begun.popleft()
            # No other code cancels the task, so it canceled itself.
            done.append((failure_of(asyncio.CancelledError()), 0.0) if task.cancelled() else task.result())
        keep(done)
