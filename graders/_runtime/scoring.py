"""Calls the scoring function for each sample.

If the scoring function fails on one sample, the other samples are not affected. This module does not depend
on the event format or the error budget.
"""

from __future__ import annotations

import os
from itertools import islice
from time import perf_counter

from ..errors import ConfigurationError, Interrupted, RecordError, SampleError
from ..reward import KINDS, Failure, Reward, drop, settle
from ..sample import Sample
from . import asynchronous
from .asynchronous import CALL_OVER, NO_TURN
from .timing import ALARM, Tick, around, getsignal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence
    from typing import Any, TypeAlias

    from ..reward import Outcome
    from .declaration import Declared

    # The outcomes and the milliseconds per sample. If a plain function returns an awaitable, both lists
    # end before the current sample, and the third value is the awaitable.
    Scored: TypeAlias = tuple[list[Outcome], list[float], Any]

_TEXT_LIMIT = 2000


def score(
    declared: Declared, items: Sequence[Any], deadline: float | None = None, causes: bool = False
) -> tuple[list[Outcome], list[float]]:
    """Score every sample, without an error budget.

    Args:
        declared: The scoring function and its options.
        items: Samples, or elements of an event.
        deadline: Time at which any remaining samples time out, on the clock of `time.perf_counter`.
        causes: True to keep the original errors in failures, which also keeps the objects in their tracebacks
            alive.

    Returns:
        The outcomes, and the milliseconds that each sample took. If samples ran together, the time is divided
        equally among them.
    """
    limit = declared.options.timeout_s
    outcomes: list[Outcome] = []
    took: list[float] = []
    begun = None
    if not declared.is_async:
        outcomes, took, begun = _score_sync(declared, items, limit, deadline)
        declared.awaits = declared.awaits or begun is not None
    if len(outcomes) < len(items):
        from . import event_loop

        rest = items[len(outcomes) :]
        started = perf_counter()
        try:
            outcomes += event_loop.run(_score_async(declared, rest, limit, deadline, begun))
        except ConfigurationError:
            drop(begun)
            raise
        took += _shares(started, len(rest))
    if not causes:
        for outcome in outcomes:
            if type(outcome) is Failure:
                outcome.cause = None
    return outcomes, took


async def score_here(declared: Declared, items: Sequence[Any]) -> list[Outcome]:
    """Score the samples of an async scoring function in the running event loop."""
    return await _score_async(declared, items, declared.options.timeout_s, None, None)


def score_part(declared: Declared, sample: Sample[Any]) -> Reward | Awaitable[Reward]:
    """Grade one sample. A call from another grader's scoring function is subject to that grader's limit.

    Returns:
        The reward, or an awaitable of the reward if the scoring function is async.

    Raises:
        SampleError: The sample got no reward. `kind` gives the reason.
    """
    outer = around.get()
    if declared.is_async:
        return _awaited_part(declared, sample, outer, None)
    limit = declared.options.timeout_s if outer is None else None
    outcomes, _, begun = _score_sync(declared, [sample], limit, None)
    return reward_of(outcomes[0]) if outcomes else _awaited_part(declared, sample, outer, begun)


async def _awaited_part(
    declared: Declared, sample: Sample[Any], outer: Tick | None, begun: Awaitable[Any] | None
) -> Reward:
    # The outer limit is enforced here too, because the outer timer does not cover a separate task.
    limit = declared.options.timeout_s if outer is None else outer.limit
    deadline = None if outer is None else outer.deadline
    return reward_of((await _score_async(declared, [sample], limit, deadline, begun))[0])


def reward_of(outcome: Outcome) -> Reward:
    """Return the reward of a sample.

    Raises:
        SampleError: The sample got no reward.
    """
    if isinstance(outcome, Failure):
        raise SampleError(outcome.kind, outcome.message, outcome.origin) from outcome.cause
    return outcome if isinstance(outcome, Reward) else Reward(outcome)


def settled(outcomes: Iterable[Outcome]) -> list[Reward | Failure]:
    """Return the outcomes with each plain number converted to a Reward."""
    return [each if isinstance(each, (Reward, Failure)) else Reward(each) for each in outcomes]


def _score_sync(
    declared: Declared, items: Sequence[Any], limit: float | None, deadline: float | None
) -> Scored:
    function, bounds = declared.function, declared.options.range
    if declared.options.batch:
        return _score_together(function, items, bounds, limit, deadline)
    with Tick(limit, deadline, _SCORERS) as tick:
        return _score_each(function, items, bounds, tick)


async def _score_async(
    declared: Declared,
    items: Sequence[Any],
    limit: float | None,
    deadline: float | None,
    begun: Awaitable[Any] | None,
) -> list[Outcome]:
    """Score samples in the running event loop. `begun` is the result of the first call, if already made."""
    from .event_loop import gather

    options = declared.options
    low, high = options.range
    outcomes, samples = _readable(items)

    def first_answer() -> Awaitable[Any] | None:
        nonlocal begun
        answer, begun = begun, None
        return answer

    async def one(at: int) -> tuple[int, Outcome, bool]:
        found = await score_one(declared, samples[at], limit, deadline, tick, first_answer())
        tick.unanswered -= 1
        return at, *found

    async def together() -> list[Outcome] | None:
        """Score all samples in one call. Return None if the call fails."""
        tick.limit = None if limit is None else limit * len(samples)
        try:
            call = _answers_of(declared, list(samples.values()), first_answer())
            answers = await asynchronous.within(tick.limit, deadline, call, tick)
            return [settle(answer, low, high) for answer in answers]
        except BaseException as error:
            failure_of(error)  # raises errors that would fail every sample
            return None
        finally:
            tick.limit = limit

    outer = around.get()
    with Tick(limit, deadline, asynchronous.SCORERS, needed=False) as tick:
        tick.unanswered = max(len(samples), outer.unanswered if outer is not None else 0)
        found = await together() if options.batch and samples else None
        if found is None:
            tried = await gather(one, list(samples), options.concurrency)
            outcomes.update((at, outcome) for at, outcome, _ in tried)
            held_up = [at for at, _, was_held_up in tried if was_held_up]
            if held_up and not tick.over(perf_counter()):  # each of these samples gets its full time again
                tick.unanswered = len(held_up)
                again = await gather(one, held_up, options.concurrency)
                outcomes.update((at, outcome) for at, outcome, _ in again)
        else:
            outcomes.update(zip(samples, found, strict=True))
    return [outcomes[at] for at in range(len(items))]


async def score_one(
    declared: Declared,
    sample: Sample[Any],
    limit: float | None,
    deadline: float | None,
    tick: Tick,
    begun: Awaitable[Any] | None = None,
) -> tuple[Outcome, bool]:
    """Score one sample in the running event loop. `begun` is the result of the call, if already made.

    Returns:
        The outcome, and True if the sample timed out while another sample blocked the event loop.
    """
    low, high = declared.options.range
    holds = asynchronous.holds
    try:
        call = _answers_of(declared, [sample], begun)
        [answer] = await asynchronous.within(limit, deadline, call, tick)
        return settle(answer, low, high), False
    except BaseException as error:
        failure = failure_of(error, limit)
        held_up = asynchronous.holds != holds and error.args != asynchronous.HELD
        return failure, held_up and failure.kind == "timeout"


async def _answers_of(
    declared: Declared, given: list[Sample[Any]], begun: Awaitable[Any] | None
) -> list[Any]:
    """Return the scoring function's results. `begun` is the result of the call, if already made."""
    answer: Any = begun
    if answer is None:
        answer = declared.function(given if declared.options.batch else given[0])
    if hasattr(answer, "__await__"):
        answer = await answer
    # A lazy result computes its answers here, so that the time limit applies to it.
    return _as_many(answer, len(given)) if declared.options.batch else [answer]


def _readable(items: Sequence[Any]) -> tuple[dict[int, Outcome], dict[int, Sample[Any]]]:
    """Return two dicts keyed by position: the failures for ungradable items, and the other samples."""
    failures: dict[int, Outcome] = {}
    samples: dict[int, Sample[Any]] = {}
    for at, item in enumerate(items):
        try:
            samples[at] = item if isinstance(item, Sample) else Sample(item)
        except RecordError as error:
            failures[at] = failure_of(error)
    return failures, samples


def _score_each(
    function: Callable[[Any], Any], items: Sequence[Any], bounds: tuple[float, float], tick: Tick
) -> Scored:
    """Call the scoring function once per sample. This loop is the hot path of the library."""
    low, high = bounds
    outcomes: list[Outcome] = []
    took: list[float] = []
    clock, handler, signal, alarm = perf_counter, getsignal, ALARM, tick.alarm
    ended = clock()
    for item in items:
        started = ended
        try:
            # An element of an event is a dict; checking for that first is fastest.
            sample = item if type(item) is not dict and isinstance(item, Sample) else Sample(item)
            tick.since = started
            answer: Any = function(sample)
            tick.since = 0.0
            if (answer is True or answer is False or type(answer) is float) and low <= answer <= high:
                outcome: Outcome = answer + 0.0
            elif type(answer) is not Reward and hasattr(answer, "__await__"):
                return outcomes, took, answer
            else:
                outcome = settle(answer, low, high)
        except BaseException as error:
            tick.since = 0.0
            if type(error) is Interrupted and not tick.fired:
                raise  # meant for an outer scoring function
            outcome = failure_of(error, tick.passed(started))
        if handler(signal) is not alarm:
            tick.mend()
        if tick.fired:
            outcome = _timed_out(tick.passed(started))
            tick.fired = False
        outcomes.append(outcome)
        ended = clock()
        took.append((ended - started) * 1000)
        if tick.deadline is not None and ended >= tick.deadline:
            left = len(items) - len(outcomes)
            outcomes += [Failure("timeout", NO_TURN)] * left
            took += [0.0] * left
            break
    return outcomes, took, None


def _score_together(
    function: Callable[[Any], Any],
    items: Sequence[Any],
    bounds: tuple[float, float],
    limit: float | None,
    deadline: float | None,
) -> Scored:
    """Call a vectorized scoring function once for all samples, or once per sample if that fails."""
    outcomes, samples = _readable(items)
    started = perf_counter()
    if samples:
        with Tick(None if limit is None else limit * len(samples), deadline, _SCORERS) as tick:
            answers = _call_together(function, list(samples.values()), tick)
        if hasattr(answers, "__await__"):
            return [], [], answers
        if answers is None:

            def alone(sample: Any) -> Any:
                answer = function([sample])
                return answer if hasattr(answer, "__await__") else _as_many(answer, 1)[0]

            with Tick(limit, deadline, _SCORERS) as tick:
                return _score_each(alone, items, bounds, tick)
        outcomes.update((at, settle(answer, *bounds)) for at, answer in zip(samples, answers, strict=True))
    return [outcomes[at] for at in range(len(items))], _shares(started, len(items)), None


def _call_together(function: Callable[[Any], Any], samples: list[Sample[Any]], tick: Tick) -> Any:
    """Return a vectorized scoring function's results, or None if the call failed."""
    try:
        tick.since = perf_counter()
        answers = function(samples)
        if not hasattr(answers, "__await__"):
            answers = _as_many(answers, len(samples))
        tick.since = 0.0
        return None if tick.fired else answers
    except BaseException as error:
        tick.since = 0.0
        if type(error) is Interrupted and not tick.fired:
            raise  # meant for an outer scoring function
        failure_of(error)  # raises errors that would fail every sample
        return None


_SCORERS = (_score_each.__code__, _call_together.__code__)


def _as_many(answers: Any, count: int) -> list[Any]:
    """Check that there is one result per sample and return the results as a list."""
    try:
        each = iter(answers)
    except TypeError:
        raise TypeError(
            f"a batch scoring function returned a {type(answers).__name__}: "
            "return a list, one answer per sample"
        ) from None
    # `list` is not used, because a lazy iterable may never end.
    listed = list(islice(each, count + 1))
    if len(listed) != count:
        found = "more" if len(listed) > count else str(len(listed))
        raise ValueError(f"a batch scoring function was given {count} samples and returned {found} answers")
    return listed


def _shares(started: float, count: int) -> list[float]:
    return [(perf_counter() - started) * 1000 / count] * count if count else []


def failure_of(error: BaseException, limit: float | None = None) -> Failure:
    """Convert an error raised while scoring a sample to the sample's outcome.

    Args:
        error: The error.
        limit: The sample's time limit, in seconds.

    Raises:
        BaseException: The error itself, if it would fail every other sample too: a configuration error, a
            canceled task, or Ctrl-C.
    """
    fatal = (ConfigurationError, KeyboardInterrupt, GeneratorExit)
    if isinstance(error, fatal) or asynchronous.cancelled(error):
        raise error
    if isinstance(error, BaseExceptionGroup):
        if group := error.subgroup(fatal):
            raise _first_of(group)
        if error.split((RecordError, SampleError))[1] is None:  # raised by graders in a task group
            error = _first_of(error)
    if isinstance(error, Interrupted):
        said = error.args and error.args[0]
        return Failure("timeout", said) if said in (NO_TURN, CALL_OVER) else _timed_out(limit)
    try:
        message = str(error.message if isinstance(error, SampleError) else error)[:_TEXT_LIMIT]
    except Exception:
        message = "(its message raises an error)"
    if isinstance(error, RecordError):
        return Failure("record", message)
    if isinstance(error, SampleError) and error.kind in KINDS:
        return Failure(error.kind, message, error.origin)
    name = type(error).__name__
    # The number of an operating system error helps to find what Lambda denied, and reveals no content.
    number = error.errno if isinstance(error, OSError) and type(error.errno) is int else None
    origin = f"{name}{'' if number is None else f' (Errno {number})'} at {place_of(error)}"
    failure = Failure("exception", f"{name}: {message}" if message else name, origin)
    failure.cause = error
    return failure


def _first_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    first = group.exceptions[0]
    return _first_of(first) if isinstance(first, BaseExceptionGroup) else first


def _timed_out(limit: float | None) -> Failure:
    return Failure("timeout", CALL_OVER if limit is None else f"interrupted after {limit:g} s")


def place_of(error: BaseException, users_only: bool = False) -> str:
    """Return the file and line in the user's code that raised the error or led to it.

    Args:
        error: The error.
        users_only: True to return an empty string if the user's code was not involved. Otherwise, the
            location where the error was raised is returned.
    """
    place, found, trace = "" if users_only else "an unknown place", users_only, error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        users = _is_the_users(file)
        if users or not found:
            place, found = f"{file.rpartition('/')[2]}:{trace.tb_lineno}", users
        trace = trace.tb_next
    return place


def _is_the_users(file: str) -> bool:
    if "/graders/examples/" in file:
        return True
    return not (file.startswith(_NOT_THE_USERS) or "/site-packages/" in file or "/dist-packages/" in file)


# Code that is not the user's: this package, the standard library, and code without a file.
_NOT_THE_USERS = (__file__.rpartition("/_runtime/")[0] + "/", os.__file__.rpartition("/")[0] + "/", "<")
