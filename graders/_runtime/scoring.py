"""From samples to outcomes: calls the scoring function, and keeps every sample on its own.

In come samples as an event has them; out comes, for each, what became of it. Whatever a sample holds, or does
to the scoring function, costs that sample and no other. Nothing here knows the wire or the error budget.
"""

from __future__ import annotations

from itertools import islice
from time import perf_counter

from ..errors import ConfigurationError, Interrupted, RecordError, SampleError
from ..reward import KINDS, Failure, settle
from ..sample import Sample
from . import asynchronous
from .timing import ALARM, Tick, getsignal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from typing import Any

    from ..decorator import Grader
    from ..wire import Outcome

_TEXT_LIMIT = 2000


def score(
    grader: Grader, items: Sequence[Any], deadline: float | None = None
) -> tuple[list[Outcome], list[float]]:
    """Find the outcome of every sample, with neither error budget nor wire.

    Args:
        grader: Whose scoring function, and how it was declared.
        items: Samples as an event has them.
        deadline: When to stop, on the clock of `time.perf_counter`; what is left then has timed out.

    Returns:
        The outcomes, and the milliseconds that each took (equal shares where they ran together).
    """
    options = grader.options
    function = grader.__wrapped__
    if grader.is_async:
        from . import event_loop

        started = perf_counter()
        outcomes = event_loop.run(score_async(grader, items, deadline))
        return outcomes, _shares(started, len(items))
    if options.batch:
        return _score_together(function, items, options.range, options.timeout_s, deadline)
    with Tick(options.timeout_s, deadline, _SCORERS) as tick:
        return _score_each(function, items, options.range, tick)


async def score_async(grader: Grader, items: Sequence[Any], deadline: float | None) -> list[Outcome]:
    """`score` for an async scoring function, inside a running event loop."""
    from .event_loop import gather

    options = grader.options
    low, high = options.range
    outcomes: list[Outcome | None] = [None] * len(items)
    samples: dict[int, Sample[Any]] = {}
    for at, item in enumerate(items):
        try:
            samples[at] = Sample(item)
        except RecordError as error:
            outcomes[at] = failure_of(error)
    held: set[int] = set()
    holds = asynchronous.holds

    async def one(at: int) -> Outcome:
        argument = [samples[at]] if options.batch else samples[at]
        try:
            call = _first_answer(function(argument)) if options.batch else function(argument)
            return settle(await asynchronous.within(options.timeout_s, deadline, call, tick), low, high)
        except BaseException as error:
            if error.args == asynchronous.HELD:
                held.add(at)
            return failure_of(error, options.timeout_s)

    function = grader.__wrapped__
    answers: list[Outcome] | None = None
    with Tick(options.timeout_s, deadline, asynchronous.SCORERS, needed=False) as tick:
        if options.batch and samples:
            together = await _together(function, list(samples.values()), options.timeout_s, deadline, tick)
            answers = together and [settle(answer, low, high) for answer in together]
        if answers is None:
            answers = await gather(one, list(samples), options.concurrency)
        # One that computed without awaiting held up the others' timers; those get their time again.
        if asynchronous.holds != holds and not tick.over(perf_counter()):
            again = [
                at
                for at, answer in zip(samples, answers, strict=True)
                if type(answer) is Failure and answer.kind == "timeout" and at not in held
            ]
            second = dict(zip(again, await gather(one, again, options.concurrency), strict=True))
            answers = [second.get(at, answer) for at, answer in zip(samples, answers, strict=True)]
    for at, answer in zip(samples, answers, strict=True):
        outcomes[at] = answer
    return outcomes  # type: ignore[return-value]  # every place is filled


async def _together(
    function: Callable[[Any], Any],
    samples: list[Sample[Any]],
    limit: float | None,
    deadline: float | None,
    tick: Tick,
) -> list[Any] | None:
    """`_call_together` for an async scoring function."""
    together = None if limit is None else limit * len(samples)
    tick.limit = together
    try:
        return await asynchronous.within(together, deadline, _listed(function(samples), len(samples)), tick)
    except BaseException as error:
        failure_of(error)  # raises what no sample could survive
        return None
    finally:
        tick.limit = limit


async def _listed(call: Awaitable[Any], count: int) -> list[Any]:
    """The answers of an async vectorized scoring function; what makes them on demand does so in its time."""
    return _as_many(await call, count)


async def _first_answer(call: Awaitable[Any]) -> Any:
    return _as_many(await call, 1)[0]


def _score_each(
    function: Callable[[Any], Any], items: Sequence[Any], bounds: tuple[float, float], tick: Tick
) -> tuple[list[Outcome], list[float]]:
    """Call the scoring function once for each sample; this loop is the hot path of the library."""
    low, high = bounds
    outcomes: list[Outcome] = []
    took = []
    clock, handler, alarm = perf_counter, getsignal, tick.alarm
    ended = clock()
    for item in items:
        started = ended
        try:
            sample = Sample(item)
            tick.since = started
            answer = function(sample)
            tick.since = 0.0
            if (answer is True or answer is False or type(answer) is float) and low <= answer <= high:
                outcome: Outcome = answer + 0.0
            else:
                outcome = settle(answer, low, high)
        except BaseException as error:
            tick.since = 0.0
            if type(error) is Interrupted and not tick.fired:
                raise  # it is meant for a scoring function around this one
            outcome = failure_of(error, tick.limit)
        if handler(ALARM) is not alarm:
            tick.mend()
        if tick.fired:
            outcome = _timed_out(tick.limit)
            tick.fired = False
        outcomes.append(outcome)
        ended = clock()
        took.append((ended - started) * 1000)
        if tick.deadline is not None and ended >= tick.deadline:
            left = len(items) - len(outcomes)
            outcomes += [Failure("timeout", "the call's time was up before this sample's turn")] * left
            took += [0.0] * left
            break
    return outcomes, took


def _score_together(
    function: Callable[[Any], Any],
    items: Sequence[Any],
    bounds: tuple[float, float],
    limit: float | None,
    deadline: float | None,
) -> tuple[list[Outcome], list[float]]:
    """Call a vectorized scoring function once for all samples; one by one if that fails."""
    samples: dict[int, Sample[Any]] = {}
    outcomes: dict[int, Outcome] = {}
    for at, item in enumerate(items):
        try:
            samples[at] = Sample(item)
        except RecordError as error:
            outcomes[at] = failure_of(error)
    if not samples:
        return [outcomes[at] for at in range(len(items))], [0.0] * len(items)
    started = perf_counter()
    together = None if limit is None else limit * len(samples)
    with Tick(together, deadline, _SCORERS) as tick:
        answers = _call_together(function, list(samples.values()), tick)
    if answers is None:

        def alone(sample: Any) -> Any:
            return _as_many(function([sample]), 1)[0]

        with Tick(limit, deadline, _SCORERS) as tick:
            return _score_each(alone, items, bounds, tick)
    for at, answer in zip(samples, answers, strict=True):
        outcomes[at] = settle(answer, *bounds)
    return [outcomes[at] for at in range(len(items))], _shares(started, len(items))


def _call_together(
    function: Callable[[Any], Any], samples: list[Sample[Any]], tick: Tick
) -> list[Any] | None:
    """The answers of a vectorized scoring function; None when it failed and has to be asked one by one."""
    try:
        tick.since = perf_counter()
        answers = _as_many(function(samples), len(samples))
        tick.since = 0.0
        return None if tick.fired else answers
    except BaseException as error:
        tick.since = 0.0
        if type(error) is Interrupted and not tick.fired:
            raise  # it is meant for a scoring function around this one
        failure_of(error)  # raises what no sample could survive
        return None


_SCORERS = (_score_each.__code__, _call_together.__code__)


def _as_many(answers: Any, count: int) -> list[Any]:
    """A vectorized scoring function's answers, if there are as many as samples."""
    try:
        each = iter(answers)
    except TypeError:
        raise TypeError(
            f"a batch scoring function returned a {type(answers).__name__}: "
            "return a list, one answer a sample"
        ) from None
    # Not list(): what is made on demand may never end.
    listed = list(islice(each, count + 1))
    if len(listed) != count:
        found = "more" if len(listed) > count else str(len(listed))
        raise ValueError(f"a batch scoring function was given {count} samples and returned {found} answers")
    return listed


def _shares(started: float, count: int) -> list[float]:
    return [(perf_counter() - started) * 1000 / count] * count if count else []


def failure_of(error: BaseException, limit: float | None = None) -> Failure:
    """The outcome of a sample whose scoring raised.

    Args:
        error: What was raised.
        limit: The time that the sample had, in seconds.

    Raises:
        BaseException: The error itself, where no other sample could survive it either: a configuration error,
            a cancelled task, the engineer's Ctrl-C.
    """
    fatal = (ConfigurationError, KeyboardInterrupt, GeneratorExit)
    if isinstance(error, fatal) or asynchronous.cancelled(error):
        raise error
    if isinstance(error, BaseExceptionGroup) and (group := error.subgroup(fatal)):
        raise _first_of(group)
    if isinstance(error, Interrupted):
        return _timed_out(limit)
    try:
        message = str(error.message if isinstance(error, SampleError) else error)[:_TEXT_LIMIT]
    except Exception:
        message = "(its message could not be made)"
    if isinstance(error, RecordError):
        return Failure("record", message)
    if isinstance(error, SampleError) and error.kind in KINDS:
        return Failure(error.kind, message)
    name = type(error).__name__
    return Failure("exception", f"{name}: {message}" if message else name, f"{name} at {_place(error)}")


def _first_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    first = group.exceptions[0]
    return _first_of(first) if isinstance(first, BaseExceptionGroup) else first


def _timed_out(limit: float | None) -> Failure:
    return Failure("timeout", "the call's time was up" if limit is None else f"interrupted after {limit:g} s")


def _place(error: BaseException) -> str:
    """File and line that raised: enough to find a bug by, and no content."""
    trace = error.__traceback__
    if trace is None:
        return "an unknown place"
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"
