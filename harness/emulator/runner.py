"""Runs the work of the jobs, one unit at a time, on the process's main thread.

Only on the main thread can a grader be interrupted after its time limit. Another thread serves requests and
queues calls for the main thread: a requested step, a reset, or a report that grades.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final

from harness.emulator.lifecycle import Lifecycle

__all__ = ["Runner"]

_IDLE_S: Final = 0.5


class Runner:
    """Advances all unfinished jobs in turn.

    Args:
        lifecycle: Performs the units of work.
        speed: Units per second for each job; None for no limit.
        manual: True to do no work until `step` is called.
    """

    def __init__(self, lifecycle: Lifecycle, *, speed: float | None, manual: bool) -> None:
        self._lifecycle = lifecycle
        self._interval = 1.0 / speed if speed else 0.0
        self._manual = manual
        self._orders: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = queue.SimpleQueue()
        self._stopped = threading.Event()

    def submit(self, work: Callable[[], Any]) -> Future[Any]:
        """Queue a call that the main thread makes between two units of work. Thread-safe."""
        future: Future[Any] = Future()
        self._orders.put((work, future))
        return future

    def step(self, count: int) -> int:
        """Do up to `count` rounds of one work unit per unfinished job, and return the number of units done.

        Call this method through `submit`.
        """
        done = 0
        for _ in range(count):
            names = self._lifecycle.open_jobs()
            if not names or self._stopped.is_set():
                break
            for name in names:
                self._lifecycle.advance(name)
            done += len(names)
        return done

    def wake(self) -> None:
        """Look for unfinished jobs now rather than at the next tick."""
        self._orders.put(None)

    def stop(self) -> None:
        """Make `run` return after the current unit. Thread-safe, and safe in a signal handler."""
        self._stopped.set()
        self._orders.put(None)

    def run(self) -> None:
        """Work on the jobs until `stop` is called."""
        while not self._stopped.is_set():
            started = time.monotonic()
            done = 0 if self._manual else self.step(1)
            pause = max(0.0, started + self._interval - time.monotonic()) if done else _IDLE_S
            self._serve_orders(pause, keep_pace=bool(done))

    def _serve_orders(self, pause: float, *, keep_pace: bool) -> None:
        """Run queued calls for `pause` seconds. Without `keep_pace`, return after the first call."""
        end = time.monotonic() + pause
        while not self._stopped.is_set():
            left = end - time.monotonic()
            try:
                order = self._orders.get(timeout=left) if left > 0 else self._orders.get_nowait()
            except queue.Empty:
                return
            if order is not None:
                _carry_out(*order)
            if not keep_pace:
                return


def _carry_out(work: Callable[[], Any], future: Future[Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(work())
    except Exception as error:
        future.set_exception(error)
