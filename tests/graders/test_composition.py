"""Graders that call other graders: the inner grader's return value, and its failures."""

from __future__ import annotations

import asyncio
import copy
import functools
import pickle
import signal
import threading
from collections.abc import Callable
from typing import Any

import pytest

from graders import (
    Abstain,
    ConfigurationError,
    Failure,
    Grader,
    RecordError,
    Reward,
    Sample,
    SampleError,
    grader,
)
from graders.checks.shaping import cosine_length
from graders.checks.text import any_of
from graders.combine import clipped, gated, minimum, penalized, weighted
from graders.extract import same_number
from graders.testing import Context, invoke, make_sample

RIGHT, WRONG = make_sample("72", "72"), make_sample("73", "72")


@grader
def correct(sample: Sample) -> bool:
    return sample.completion == sample.reference_text


@grader(batch=True)
def correct_together(samples: list[Sample]) -> list[Reward]:
    return [Reward(correct(sample).value, metrics={"n": len(samples)}) for sample in samples]


@grader
async def correct_later(sample: Sample) -> bool:
    await asyncio.sleep(0)
    return sample.completion == sample.reference_text


@grader(batch=True)
async def correct_later_together(samples: list[Sample]) -> list[bool]:
    await asyncio.sleep(0)
    return [sample.completion == sample.reference_text for sample in samples]


class Rubric:
    @staticmethod
    @grader
    def kept(sample: Sample) -> float:
        return 1.0


COMBINED: dict[str, Callable[[Sample[Any]], Reward]] = {
    "weighted": lambda s: weighted({"a": correct(s), "b": True, "c": 0.5}, {"a": 2, "b": 1, "c": 1}),
    "gated": lambda s: gated(correct(s), {"together": correct_together(s)}),
    "minimum": lambda s: minimum({"a": correct(s), "b": correct_together(s)}),
    "clipped": lambda s: clipped(correct(s)),
    "penalized": lambda s: penalized(correct(s), {"wrong": 1 - correct(s).value}),
    "itself": lambda s: correct(s),
}


@pytest.mark.parametrize("name", COMBINED)
def test_a_grader_is_a_part_of_another(name):
    outer = grader(COMBINED[name])
    right, wrong = outer.grade_all([RIGHT, WRONG])
    assert isinstance(right, Reward)
    assert isinstance(wrong, Reward)
    assert right.value > wrong.value
    assert [getattr(one, "value", one) for one in invoke(outer, [RIGHT, WRONG])] == [right.value, wrong.value]
    assert outer(RIGHT) == right


def test_a_graders_truth_value_is_that_of_its_number():
    outer = grader(lambda sample: 0.75 if correct(sample) else 0.25)
    assert outer.grade_all([RIGHT, WRONG]) == [Reward(0.75), Reward(0.25)]


def test_checks_can_be_made_of_graders():
    either = grader(any_of(correct, cosine_length(correct, 400)))
    assert either.grade_all([RIGHT, WRONG]) == [Reward(1.0), Reward(0.0)]
    named = grader(lambda sample: same_number(sample.completion, sample.reference_text, marker="####"))
    assert grader(any_of(named, correct))(make_sample("Rome", "Rome")) == Reward(1.0)
    [nothing, abstained] = [
        grader(any_of(part, correct)).grade_all([sample])[0]
        for part, sample in (
            (named, make_sample("72")),
            (grader(lambda sample: Abstain("no judge")), RIGHT),
        )
    ]
    assert isinstance(nothing, Failure)
    assert nothing.kind == "record"
    assert abstained == Failure("abstain", "no judge")


def test_a_batch_grader_called_with_one_sample_keeps_its_metrics_and_components():
    outer = grader(lambda sample: weighted({"all": correct_together(sample)}, {"all": 1}))
    assert outer(RIGHT) == Reward(1.0, metrics={"all.n": 1.0}, components={"all": 1.0})


@pytest.mark.parametrize("part", [correct_later, correct_later_together], ids=["each", "batch"])
def test_an_async_grader_is_awaited_inside_an_async_one(part):
    @grader
    async def outer(sample: Sample) -> Reward:
        both = await asyncio.gather(part(sample), part(sample))
        return weighted({"a": both[0], "b": both[1], "c": await part(sample)}, {"a": 1, "b": 1, "c": 1})

    assert [getattr(one, "value", one) for one in invoke(outer, [RIGHT, WRONG])] == [1.0, 0.0]

    async def main():
        return await outer(RIGHT), correct(RIGHT), await asyncio.gather(part(RIGHT), part(WRONG))

    found, plain, both = asyncio.run(main())
    assert (found.value, plain.value) == (1.0, 1.0)
    assert both == [Reward(1.0), Reward(0.0)]


def test_a_result_that_was_not_awaited_is_not_a_number():
    part: Any = correct_later
    outer = grader(lambda sample: weighted({"later": part(sample)}, {"later": 1}))
    (outcome,) = outer.grade_all([RIGHT])
    assert isinstance(outcome, Failure)
    assert outcome.kind == "exception"
    assert "'later': a coroutine is not a number: await it" in outcome.message


def raising(error: BaseException) -> Callable[[Any], Any]:
    def scoring(_given):
        raise error

    return scoring


FAILING: dict[str, tuple[Callable[[Any], Any], str]] = {
    "abstain": (lambda sample: Abstain("no judge"), "abstain"),
    "record": (raising(RecordError("no answer")), "record"),
    "no reference": (lambda sample: sample.reference_text == "72", "record"),
    "value": (lambda sample: 7.0, "value"),
    "text": (lambda sample: "7", "value"),
    "timeout": (raising(SampleError("timeout", "interrupted")), "timeout"),
    "exception": (raising(KeyError("x")), "exception"),
}


@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("style", ["each", "batch", "async", "grade"])
@pytest.mark.parametrize("case", FAILING)
def test_a_failure_inside_keeps_its_kind_message_and_place_outside(case, style, depth):
    scoring, kind = FAILING[case]

    def wrapped(inner: Any) -> Any:
        async def later(sample):
            return weighted({"a": await inner(sample), "b": 1.0}, {"a": 1, "b": 1})

        def each(sample):
            part = inner.grade(sample) if style == "grade" else inner(sample)
            return weighted({"a": part, "b": 1.0}, {"a": 1, "b": 1})

        return grader(later if style == "async" else each)

    if style == "batch":
        inner: Any = grader(batch=True)(lambda samples: [scoring(sample) for sample in samples])
    elif style == "async":

        @grader
        async def inner(sample):
            return scoring(sample)
    else:
        inner = grader(scoring)
    bare = make_sample("72")
    [alone] = inner.grade_all([bare])
    outer = inner
    for _ in range(depth):
        outer = wrapped(outer)
    [outcome] = outer.grade_all([bare])
    assert isinstance(alone, Failure)
    assert outcome == alone
    assert outcome.kind == kind
    assert outcome.origin == alone.origin
    [answered] = invoke(outer, [bare])
    assert isinstance(answered, Failure)
    assert answered.kind == kind


def test_a_configuration_error_inside_fails_the_whole_call():
    inner = grader(raising(ConfigurationError("no key")))
    with pytest.raises(ConfigurationError, match="no key"):
        grader(lambda sample: inner(sample)).grade_all([RIGHT])


def forever(_sample):
    while True:
        pass


async def forever_later(_sample):
    while True:
        pass


@pytest.mark.parametrize("inner_s", [0.05, None, 60])
@pytest.mark.parametrize("style", ["each", "batch", "async", "async in tasks", "sync in async"])
def test_the_outermost_graders_limit_applies(style, inner_s):
    if style == "batch":
        inner: Any = grader(batch=True, timeout_s=inner_s)(lambda samples: [forever(s) for s in samples])
    else:
        later = style in ("async", "async in tasks")
        inner = grader(timeout_s=inner_s)(forever_later if later else forever)
    reached = []

    def sync(sample):
        if sample.completion == "72":
            try:
                return inner(sample)
            finally:
                reached.append(True)
        return 1.0

    async def outer_later(sample):
        if sample.completion != "72":
            return 1.0
        if style == "sync in async":
            return inner(sample)
        if style == "async in tasks":
            return (await asyncio.gather(inner(sample)))[0]
        return await inner(sample)

    outer = grader(timeout_s=0.3)(sync if style in ("each", "batch") else outer_later)
    before = signal.getsignal(signal.SIGALRM)
    outcomes = outer.grade_all([RIGHT, WRONG])
    assert [getattr(outcome, "kind", outcome) for outcome in outcomes] == ["timeout", Reward(1.0)]
    assert "0.3 s" in outcomes[0].message  # type: ignore[union-attr]
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_alone_a_grader_has_its_own_limit():
    with pytest.raises(SampleError, match="^timeout: interrupted after 0.1 s"):
        grader(timeout_s=0.1)(forever)(RIGHT)

    async def main():
        return await grader(timeout_s=0.1)(forever_later)(RIGHT)

    with pytest.raises(SampleError, match="^timeout: interrupted after 0.1 s"):
        asyncio.run(main())


def test_inside_another_grader_it_works_in_threads_that_inherit_the_context():
    @grader
    async def outer(sample: Sample) -> Reward:
        return await asyncio.to_thread(correct, sample)

    assert outer.grade(RIGHT) == Reward(1.0)

    found: list = []

    def alone():
        try:
            correct(RIGHT)
        except ConfigurationError as error:
            found.append(str(error))

    thread = threading.Thread(target=alone)
    thread.start()
    thread.join()
    assert "timeout_s=None" in found[0]


def test_the_error_budget_of_the_inner_grader_is_not_spent():
    inner = grader(max_error_rate=0)(raising(ValueError("x")))
    outer = grader(max_error_rate=1)(lambda sample: inner(sample))
    event = [{"id": at, "messages": RIGHT.messages} for at in range(64)]
    for _ in range(3):
        assert len(outer(event, Context())) == 64


def plain(function):
    @functools.wraps(function)
    def wrapper(*given, **named):
        return function(*given, **named)

    return wrapper


async def half(sample, marker="####"):
    await asyncio.sleep(0)
    return 0.5 if sample.completion == "72" else 0.25


async def halves(samples):
    await asyncio.sleep(0)
    return [await half(sample) for sample in samples]


class Later:
    def __init__(self, sample):
        self.sample = sample

    def __await__(self):
        return half(self.sample).__await__()


WRAPPED: dict[str, Callable[[Any], Any]] = {
    "wraps": plain(half),
    "wraps twice": plain(plain(half)),
    "lambda": lambda sample: half(sample),
    "partial": functools.partial(half, marker="x"),
    "partial of wraps": functools.partial(plain(half), marker="x"),
    "own awaitable": lambda sample: Later(sample),
    "sometimes": lambda sample: half(sample) if sample.completion == "72" else 0.25,
    "sometimes not": lambda sample: half(sample) if sample.completion != "72" else 0.5,
}


@pytest.mark.parametrize("name", WRAPPED)
def test_an_async_function_inside_a_plain_wrapper_is_awaited(name):
    graded = grader(WRAPPED[name])
    expected = [Reward(0.5), Reward(0.25), Reward(0.5)]
    assert graded.grade_all([RIGHT, WRONG, RIGHT]) == expected
    assert invoke(graded, [RIGHT, WRONG, RIGHT]) == expected
    assert [graded.grade(sample) for sample in (RIGHT, WRONG)] == expected[:2]

    async def main():
        found: Any = graded(RIGHT)
        return await found if hasattr(found, "__await__") else found

    assert asyncio.run(main()) == Reward(0.5)


@pytest.mark.parametrize(
    "function", [plain(halves), lambda samples: halves(samples)], ids=["wraps", "lambda"]
)
def test_an_async_batch_function_inside_a_plain_wrapper_is_awaited(function):
    graded = grader(batch=True)(function)
    assert graded.grade_all([RIGHT, {}, WRONG])[::2] == [Reward(0.5), Reward(0.25)]
    assert asyncio.run(graded(RIGHT)) == Reward(0.5)


def test_the_limit_also_applies_inside_a_plain_wrapper():
    scoring: Any = lambda sample: asyncio.sleep(60) if sample.completion == "72" else 1.0  # noqa: E731
    graded = grader(timeout_s=0.1)(scoring)
    assert [getattr(o, "kind", o) for o in graded.grade_all([RIGHT, WRONG])] == ["timeout", Reward(1.0)]


def test_an_async_grader_inside_a_running_loop_is_an_error_that_says_to_await_it():
    graded = grader(lambda sample: half(sample))

    async def main():
        graded.grade(RIGHT)

    with pytest.raises(ConfigurationError, match=r"await grader\(sample\)"):
        asyncio.run(main())


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_grader_is_pickled_by_its_qualified_name(protocol):
    for one in (correct, correct_together, correct_later, Rubric.kept):
        assert pickle.loads(pickle.dumps(one, protocol)) is one


def test_a_copy_is_the_grader_itself():
    local = grader(lambda sample: 1.0)
    for one in (correct, local):
        assert copy.copy(one) is one
        assert copy.deepcopy({"grader": [one]})["grader"][0] is one


def undecorated(sample: Sample) -> float:
    return 1.0


@pytest.mark.parametrize(
    "made",
    [grader(undecorated), grader(lambda sample: 1.0), grader(functools.partial(undecorated))],
    ids=["another of the name", "lambda", "partial"],
)
def test_a_grader_that_is_not_found_by_name_cannot_be_pickled_and_says_why(made):
    with pytest.raises(pickle.PicklingError, match="cannot be pickled.*at the top level of a module"):
        pickle.dumps(made)


def test_the_grader_type_takes_parameters():
    assert Grader[dict, Reward] is Grader
