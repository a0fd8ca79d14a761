"""Sends a question to a judge, retrying it within the sample's time limit."""

from __future__ import annotations

import sys
from time import perf_counter

from .._runtime.timing import around, until
from ..errors import ConfigurationError, SampleError
from ._judge_places import Places

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator
    from typing import Any, TypeVar

    T = TypeVar("T")

_LONGEST_S = 60.0
"""Time limit for a question if its grader has none, in seconds."""
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.25, 10.0
_KEPT_S = 0.25
"""Maximum time to reserve for reporting a failure, in seconds."""
_LEAST_S = 1.0
"""A question is sent only if this many seconds, or a tenth of its limit if that is less, remain."""
_LOOK_S = 0.05
_LONGEST_BODY = 8 << 20
_MOST_OPEN = 64
"""Maximum number of open questions in a process, including abandoned ones. Each needs a thread."""


class TryAgain(Exception):
    """Raised when the service did not answer but may answer next time.

    Args:
        what: The service's message or the failure, without any of the sample's content.
        after: Seconds that the service asks to wait, or None.
        throttled: Whether the service is overloaded rather than failing.
    """

    def __init__(self, what: str, after: float | None = None, throttled: bool = False) -> None:
        super().__init__(what)
        self.after = after
        self.throttled = throttled

    @property
    def what(self) -> str:
        """The service's message or the failure."""
        return str(self.args[0])


class FormRefused(Exception):
    """Raised when the service rejects a request but may accept one with fewer parts.

    Args:
        message: The service's own message, which may quote the sample.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)

    @property
    def message(self) -> str:
        """The service's own message."""
        return str(self.args[0])


class Late(Exception):
    """Raised when a question was sent but its time ran out before the answer arrived."""


class Unsent(Exception):
    """Raised when a question's time ran out before it could be sent."""


class Heard:
    """Records when a model last answered and when this process last gave up on it."""

    __slots__ = ("at", "given_up_at", "trouble")

    def __init__(self) -> None:
        self.at = self.given_up_at = -1.0
        self.trouble: TryAgain | None = None
        """The latest failure. None if the model has answered since then or has never failed."""

    def answer(self) -> None:
        self.at = perf_counter()
        self.trouble = None

    def give_up(self) -> None:
        """Record that a question ran out of time without the model answering any question."""
        self.given_up_at = perf_counter()

    @property
    def ever(self) -> bool:
        """Whether the model has ever answered."""
        return self.at >= 0

    def since(self, began: float) -> bool:
        """Return True if the model has answered since a batch started."""
        return self.at >= began

    def is_given_up(self, began: float) -> bool:
        """Return True if this batch gave up on the model and the model has not answered since."""
        return self.given_up_at >= began and self.given_up_at > self.at


class Patience:
    """The time limit and retries of one question.

    Args:
        model: Name of the model for messages.
        heard: Records when the model answered.
        most: Maximum number of times to ask. None to ask as often as the time allows.
    """

    __slots__ = (
        *("_asked", "_began", "_ends", "_heard", "_model", "_most", "_shortest", "_trouble", "_wait"),
        *("least", "limit"),
    )

    def __init__(self, model: str, heard: Heard, most: int | None = None) -> None:
        now, ends, batch = perf_counter(), until.get(), around.get()
        left = _LONGEST_S if ends is None else ends - now
        self._ends = now + left - min(_KEPT_S, max(left, 0.0) / 10)
        self.limit = left
        """Seconds available to the question when it started."""
        self.least = min(_LEAST_S, max(left, 0.0) / 10)
        """Seconds that must be left when the question is sent."""
        self._model = model
        self._heard = heard
        # If the model has answered no question of the whole batch, this sample is not the cause.
        self._began = now if batch is None or not batch.started else min(now, batch.started)
        self._asked = 0
        self._most = most
        self._trouble: TryAgain | None = None
        self._wait = min(_FIRST_WAIT_S, max(left, 0.0) / 8)
        self._shortest = self._wait / 2

    @property
    def left(self) -> float:
        """Seconds until the question must be answered."""
        return self._ends - perf_counter()

    @property
    def _said(self) -> str:
        """The limit as shown in messages, rounded because the sample's other steps use a little of it."""
        return f"{float(f'{self.limit:.2g}'):g}"

    @property
    def is_lost(self) -> bool:
        """Whether this batch has given up on the model for not responding."""
        return self._heard.trouble is None and self._heard.is_given_up(self._began)

    async def until_answered(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask the question, and retry if that may help, until its time is up.

        Args:
            ask: Asks once. Raises `TryAgain`, `Unsent` or `Late` if there is no answer.

        Raises:
            SampleError: The model gave no answer for this sample.
            ConfigurationError: The model did not answer any question.
        """
        while True:
            try:
                return await ask()
            except TryAgain as trouble:
                await self._after(trouble)
            except Unsent:
                raise self._unsent() from None
            except Late:
                raise self._late() from None

    def _late(self) -> SampleError | ConfigurationError:
        """Return the error to raise if a question is still unanswered when its time runs out."""
        self._heard.trouble = None
        return self._silence(f"{self._model} did not answer within {self._said} s", "slow judge")

    def _unsent(self) -> SampleError | ConfigurationError:
        """Return the error to raise if a question could not be sent in time or was not worth sending."""
        trouble = self._trouble or self._heard.trouble
        if trouble is not None:
            return self._given_up(trouble)
        if self._heard.since(self._began):
            what = f"{self._model} was not asked: its turn did not come within {self._said} s"
        else:
            what = f"{self._model} did not answer the first questions within {self._said} s"
        return self._silence(what, "busy judge")

    def _silence(self, what: str, cause: str) -> SampleError | ConfigurationError:
        if self._heard.since(self._began):
            return SampleError("timeout", what, cause)
        if not self._heard.is_given_up(self._began):
            self._heard.give_up()
        return ConfigurationError(
            f"{what}. It answered no other question in the meantime: check the address, and whether the "
            "service is up, or raise the grader's timeout_s="
        )

    async def _after(self, trouble: TryAgain) -> None:
        """Wait until the question can be asked again.

        Raises:
            SampleError: The question's time would run out first, or it has been asked the maximum number of
                times.
            ConfigurationError: In addition, the model has not answered any question since the batch started.
        """
        import asyncio

        self._asked += 1
        self._trouble = trouble
        self._heard.trouble = trouble
        left = self.left
        wait = min(self._wait * (0.5 + _random().random() / 2), left / 2)
        self._wait = min(2 * self._wait, _LONGEST_WAIT_S)
        # A long replay is one batch. After one question has used all its time, the others are asked only
        # once.
        lost = self._heard.is_given_up(self._began)
        if lost or wait < self._shortest or self._asked == self._most:
            raise self._given_up(trouble)
        if (trouble.after or 0) + self.least > left:
            # It is too late for this sample. Until its time is up, other samples may still get an answer.
            while self.left > 0 and not (
                self._heard.since(self._began) or self._heard.is_given_up(self._began)
            ):
                await asyncio.sleep(min(self.left, _LOOK_S))
            raise self._given_up(trouble)
        await asyncio.sleep(max(wait, trouble.after or 0))

    def _given_up(self, trouble: TryAgain) -> SampleError | ConfigurationError:
        times = {0: "for other samples", 1: "once"}.get(self._asked, f"{self._asked} times")
        asks = "" if trouble.after is None else f"; it asks to wait {trouble.after:.3g} s"
        what = f"{self._model} was asked {times} and gave no answer: {trouble.what}{asks}"
        if self._heard.since(self._began):
            return SampleError("exception", what, trouble.what)
        if not self._heard.is_given_up(self._began):
            self._heard.give_up()
        advice = (
            "lower the grader's concurrency=, raise its timeout_s=, or ask for a larger quota"
            if trouble.throttled
            else "check the address, and whether the service is up"
        )
        return ConfigurationError(f"{what}. It answered no other question in the meantime: {advice}")


async def in_thread(call: Callable[[], Any], patience: Patience) -> Any:
    """Run a blocking call in a separate thread for as long as the question has time.

    asyncio's thread pool is not used because it is small and would delay process exit. An abandoned call ends
    by its own timeout and counts as open until then.

    Raises:
        Unsent: There is too little time left to start.
        Late: The question's time ran out.
    """
    import asyncio
    from concurrent.futures import Future
    from threading import Thread

    places = _places
    if not await places.enter(patience.left - patience.least):
        raise Unsent
    if patience.left < patience.least:
        places.leave()
        raise Unsent
    answer: Future[Any] = Future()
    answer.set_running_or_notify_cancel()  # canceling the waiter does not stop the call

    def work() -> None:
        try:
            answer.set_result(call())
        except BaseException as error:
            answer.set_exception(error)
        finally:
            places.leave()

    waiting = asyncio.wrap_future(answer)
    try:
        Thread(target=work, name="judge", daemon=True).start()
    except RuntimeError:
        places.leave()
        raise TryAgain("this process cannot start more threads") from None
    try:
        # Unlike `wait_for`, this cancels nothing when time runs out. A cancellation comes from outside, and
        # ends the sample.
        done, _ = await asyncio.wait({waiting}, timeout=max(patience.left, 0.0))
    finally:
        if not waiting.cancel():
            waiting.exception()  # asyncio logs an exception that nobody retrieves
    if not done:
        raise Late
    return waiting.result()


def bounded(body: Iterable[bytes], seconds: float) -> Iterator[bytes]:
    """Yield the pieces of a response's body, subject to limits on time and size.

    A client's own timeout does not end a slow stream of small pieces.

    Args:
        body: Pieces as they arrive.
        seconds: Time limit for the whole body, from now on.

    Raises:
        TryAgain: The body takes too long to arrive or is longer than any verdict.
    """
    ends, size = perf_counter() + seconds, 0
    for piece in body:
        size += len(piece)
        if size > _LONGEST_BODY or perf_counter() > ends:
            raise TryAgain("an answer that does not end")
        yield piece


def seconds_of(header: str | None) -> float | None:
    """Return the number of seconds in a `Retry-After` header, or None if it is a date or invalid."""
    try:
        seconds = float(header or "")
    except ValueError:
        return None
    return seconds if 0 <= seconds < sys.maxsize else None


def _random() -> Any:
    """Return a random generator that ignores the user's seed and differs between forked processes."""
    global _chance
    if _chance is None:
        from random import SystemRandom

        _chance = SystemRandom()
    return _chance


_chance: Any = None

_places = Places(_MOST_OPEN)
