"""The time limit for one async sample. It is suspended while the sample waits to run code."""

from __future__ import annotations

from contextvars import ContextVar
from time import perf_counter

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio

allowance: ContextVar[Allowance | None] = ContextVar("allowance", default=None)
"""The `Allowance` of the async sample being graded in the current context, or None."""


class Allowance:
    """The time limit for one async sample. Suspending or resuming it also affects the enclosing samples.

    Args:
        timer: The timer that ends the sample.
        limit: Seconds allowed, or None for no limit.
        deadline: Time at which the batch must end, on the clock of `time.perf_counter`, or None for no
            deadline.
        outer: The `Allowance` of the sample whose grader called this grader; None if no grader called this
            one.
    """

    __slots__ = ("_deadline", "_limit", "_outer", "_timer", "is_waiting")

    def __init__(
        self, timer: asyncio.Timeout, limit: float | None, deadline: float | None, outer: Allowance | None
    ) -> None:
        self._timer, self._limit, self._deadline, self._outer = timer, limit, deadline, outer
        self.is_waiting = False
        """True while the sample waits to run code."""

    def suspend(self) -> None:
        """Suspend the limit while the sample waits to run code. The batch's deadline still applies."""
        self.is_waiting = True
        self._restart(None)
        if self._outer is not None:
            self._outer.suspend()

    def resume(self) -> None:
        """Restart the full limit once the sample can run its code."""
        self.is_waiting = False
        self._restart(self._limit)
        if self._outer is not None:
            self._outer.resume()

    def _restart(self, limit: float | None) -> None:
        import asyncio

        now = asyncio.get_running_loop().time()
        left = None if self._deadline is None else self._deadline - perf_counter()
        ends = min((seconds for seconds in (limit, left) if seconds is not None), default=None)
        try:
            self._timer.reschedule(None if ends is None else now + ends)
        except RuntimeError:
            pass  # the sample has already ended
