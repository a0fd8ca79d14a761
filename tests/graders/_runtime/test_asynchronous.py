"""Async scoring functions: many run concurrently, each within its own time limit, on one event loop."""

from __future__ import annotations

import asyncio
import signal

import pytest

from graders import ConfigurationError, Failure, RecordError, Reward, grader
from graders._runtime.timing import until
from graders.testing import Context, invoke, make_sample

LIMIT = 0.06


def samples(*texts):
    return [make_sample(text, id=text) for text in texts]


def kinds(outcomes):
    return [outcome.kind if isinstance(outcome, Failure) else outcome.value for outcome in outcomes]


def test_at_most_concurrency_samples_run_concurrently_and_answers_stay_in_order():
    running, most = 0, 0

    @grader(concurrency=3)
    async def graded(sample):
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.02 - int(sample.completion) / 1000)
        running -= 1
        return int(sample.completion) / 10

    outcomes = graded.grade_all(samples(*map(str, range(10))))
    assert kinds(outcomes) == [at / 10 for at in range(10)]
    assert most == 3


async def waits(_sample):
    await asyncio.sleep(600)


async def swallows_its_cancellation(_sample):
    try:
        await asyncio.sleep(600)
    except BaseException:
        return 1.0


async def swallows_and_waits_on(_sample):
    for _ in range(2):
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            pass
    return 1.0


async def raises_something_else(_sample):
    try:
        await asyncio.sleep(600)
    except asyncio.CancelledError as error:
        raise ValueError("wrapped") from error


async def computes(_sample):
    while True:
        pass


async def computes_after_waiting(_sample):
    await asyncio.sleep(0.001)
    while True:
        pass


async def swallows_and_computes(_sample):
    try:
        while True:
            pass
    except BaseException:
        await asyncio.sleep(600)
    return 1.0


SLOW = [v for v in list(globals().values()) if asyncio.iscoroutinefunction(v)]


@pytest.mark.parametrize("batch", [False, True], ids=["each", "batch"])
@pytest.mark.parametrize("slow", SLOW, ids=lambda slow: slow.__name__)
def test_a_sample_that_runs_too_long_is_interrupted_and_affects_only_itself(slow, batch):
    async def one(sample):
        if sample.completion == "slow":
            return await slow(sample)
        await asyncio.sleep(0.002)
        return 0.5

    async def many(given):
        return [await one(sample) for sample in given]

    graded = grader(timeout_s=LIMIT, batch=batch)(many if batch else one)
    assert kinds(graded.grade_all(samples("a", "slow", "b"))) == [0.5, "timeout", 0.5]
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_timeout_inside_a_scoring_function_does_not_affect_the_sample():
    """`asyncio.timeout` cancels the sample's task and uncancels it, as the sample's own time limit does."""

    @grader(timeout_s=20)
    async def asks_twice(sample):
        for _ in range(2):
            try:
                async with asyncio.timeout(0.01):
                    await asyncio.sleep(600)
            except TimeoutError:
                await asyncio.sleep(0.15)  # longer than the cleanup time of a canceled sample
        cancelled = asyncio.get_running_loop().create_future()
        cancelled.cancel()
        try:
            await cancelled
        except asyncio.CancelledError:
            await asyncio.sleep(0.15)
        return 1.0

    assert kinds(asks_twice.grade_all(samples("a", "b"))) == [1.0, 1.0]


def test_a_sample_knows_its_deadline_also_inside_another_but_not_afterwards():
    known: list = []

    @grader(timeout_s=500)
    async def inner(sample):
        known.append(until.get())
        return 1.0

    @grader(timeout_s=50)
    async def outer(sample):
        known.append(until.get())
        return await asyncio.create_task(inner(sample))

    async def main():
        return await outer(make_sample("a")), await inner(make_sample("b")), until.get()

    assert asyncio.run(main())[2] is None
    first, second, third = known
    assert first == second
    assert third - first == pytest.approx(450, abs=40)


def test_each_failure_has_its_own_kind():
    @grader
    async def graded(sample):
        await asyncio.sleep(0)
        match sample.completion:
            case "record":
                raise RecordError("no answer")
            case "exception":
                raise SystemExit(3)
            case "value":
                return Failure("timeout", "made by hand")
            case "cancelled":
                waiting = asyncio.get_running_loop().create_future()
                waiting.cancel()
                await waiting
        return 1.0

    outcomes = graded.grade_all(samples("a", "record", "exception", "value", "cancelled", "b"))
    assert kinds(outcomes) == [1.0, "record", "exception", "value", "exception", 1.0]


def test_the_batchs_deadline_ends_samples_that_wait():
    @grader(timeout_s=None, max_error_rate=1)
    async def graded(sample):
        await asyncio.sleep(600 if sample.completion == "slow" else 0)
        return 1.0

    found = invoke(graded, samples("a", "slow"), context=Context(200))
    assert kinds(found) == [1.0, "timeout"]


def test_concurrent_calls_share_the_timer_and_restore_it():
    @grader(timeout_s=LIMIT)
    async def graded(sample):
        if sample.completion == "computes":
            while True:
                pass
        await asyncio.sleep(float(sample.completion))
        return 1.0

    async def main():
        calls = [graded(sample) for sample in samples("0.01", "0.03", "computes", "0.02", "2")]
        return await asyncio.gather(*calls, return_exceptions=True)

    before = signal.getsignal(signal.SIGALRM)
    found = asyncio.run(main())
    assert [getattr(one, "kind", one) for one in found] == [
        *[Reward(1.0)] * 2, "timeout", Reward(1.0), "timeout"
    ]  # fmt: skip
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


@pytest.mark.parametrize("batch", [False, True])
def test_cancellation_passes_through(batch):
    ended: list = []

    async def scoring(_given):
        try:
            await asyncio.sleep(600)
        finally:
            ended.append(True)

    graded = grader(batch=batch)(scoring)

    async def main():
        task = asyncio.create_task(graded(make_sample("x")))
        await asyncio.sleep(0.01)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main())
    assert ended == [True]


@pytest.mark.parametrize("grouped", [False, True])
def test_a_configuration_error_fails_the_call_and_leaves_nothing_running(grouped):
    ended: list = []

    @grader
    async def graded(sample):
        if sample.completion == "bad":
            await asyncio.sleep(0.01)
            error = ConfigurationError("no key")
            raise ExceptionGroup("tasks", [ExceptionGroup("more", [error])]) if grouped else error
        try:
            await asyncio.sleep(600)
        finally:
            ended.append(sample.completion)

    with pytest.raises(ConfigurationError, match="no key"):
        graded.grade_all(samples("a", "bad", "b"))
    assert sorted(ended) == ["a", "b"]


def test_a_vectorized_async_function_that_fails_is_called_one_by_one():
    asked: list = []

    @grader(batch=True)
    async def graded(given):
        asked.append(len(given))
        await asyncio.sleep(0)
        if any(sample.completion == "bad" for sample in given):
            raise KeyError("bad")
        return (1.0 for _ in given)

    assert kinds(graded.grade_all(samples("a", "bad", "b"))) == [1.0, "exception", 1.0]
    assert asked == [3, 1, 1, 1]
    assert kinds(graded.grade_all([])) == []
