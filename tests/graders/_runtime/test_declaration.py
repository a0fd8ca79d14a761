"""Misuses of `@grader` raise an error at import that says what to write instead."""

from __future__ import annotations

import functools
import inspect
import math
from typing import Any

import pytest

from graders import Grader, GraderError, Reward, Sample, grader
from graders._runtime.declaration import Options
from graders.errors import DecorationError
from graders.testing import make_sample


def fine(sample):
    return 1.0


OPTIONS = [
    ({"range": 1}, r"such as \(0, 1\)"),
    ({"range": (0,)}, r"such as \(0, 1\)"),
    ({"range": (0, 0.5, 1)}, r"such as \(0, 1\)"),
    ({"range": (1, 0)}, r"such as \(0, 1\)"),
    ({"range": (1, 1)}, r"such as \(0, 1\)"),
    ({"range": (0, math.inf)}, r"such as \(0, 1\)"),
    ({"range": (math.nan, 1)}, r"such as \(0, 1\)"),
    ({"range": ("0", "1")}, r"such as \(0, 1\)"),
    ({"range": "01"}, r"such as \(0, 1\)"),
    ({"range": (False, True)}, r"such as \(0, 1\)"),
    ({"range": None}, r"such as \(0, 1\)"),
    ({"on_error": "ignore"}, "'floor'.*or 'raise'"),
    ({"on_error": 0.0}, "'floor'.*or 'raise'"),
    ({"timeout_s": 0}, "None for no limit"),
    ({"timeout_s": -1}, "None for no limit"),
    ({"timeout_s": "5"}, "None for no limit"),
    ({"timeout_s": True}, "None for no limit"),
    ({"timeout_s": math.inf}, "None for no limit"),
    ({"timeout_s": math.nan}, "None for no limit"),
    ({"concurrency": 0}, "1 or more"),
    ({"concurrency": 1.5}, "1 or more"),
    ({"concurrency": True}, "1 or more"),
    ({"concurrency": None}, "1 or more"),
    ({"max_error_rate": -0.1}, "share from 0 to 1"),
    ({"max_error_rate": 50}, "share from 0 to 1"),
    ({"max_error_rate": None}, "share from 0 to 1"),
    ({"max_error_rate": False}, "share from 0 to 1"),
    ({"batch": 1}, "write True"),
    ({"batch": None}, "write True"),
    ({"wire": "bedrock"}, "one of open-weight"),
    ({"wire": None}, "one of open-weight"),
    ({"wire": ["nova"]}, "one of open-weight"),
]


@pytest.mark.parametrize(("options", "instead"), OPTIONS, ids=[str(options) for options, _ in OPTIONS])
def test_an_invalid_option_is_refused_with_what_to_write(options, instead):
    with pytest.raises(DecorationError, match=instead) as caught:
        grader(**options)
    assert f"{next(iter(options))}=" in str(caught.value)


@pytest.mark.parametrize("name", ["range", "timeout_s"])
def test_a_number_too_large_for_a_float_is_refused(name):
    huge = 10**400
    with pytest.raises(DecorationError, match="write"):
        grader(**{name: (0, huge) if name == "range" else huge})  # type: ignore[call-overload]


class Scorer:
    def __init__(self):
        self.options, self.budget, self.is_async = "mine", "mine", "mine"

    def __call__(self, sample):
        return 1.0

    def score(self, sample):
        return 1.0

    @classmethod
    def classy(cls, sample):
        return 1.0

    @staticmethod
    def static(sample):
        return 1.0

    def two(self, sample, reference):
        return 1.0


class AsyncScorer:
    async def __call__(self, sample):
        return 1.0


class NeedsTwo:
    def __call__(self, sample, reference):
        return 1.0


def generator(sample):
    yield 1.0


async def async_generator(sample):
    yield 1.0


MISUSES: dict[str, Any] = {
    "nothing callable": (72, "takes a function"),
    "the range by position": ((0, 1), "takes a function"),
    "a class": (Scorer, "the class Scorer"),
    "a grader": (grader(fine), "already a grader"),
    "no argument": (lambda: 1.0, "one Sample"),
    "a lambda handler": (lambda event, context: 1.0, r"\(event, context\)"),
    "two arguments": (lambda completion, reference: 1.0, "one Sample"),
    "keywords alone": (lambda *, sample: 1.0, r"\*, sample"),
    "a keyword more": (lambda sample, *, reference: 1.0, r"\*, reference"),
    "only keywords": (lambda **fields: 1.0, "one Sample"),
    "a method": (Scorer.score, "is a method"),
    "a bound method of two": (Scorer().two, r"\(sample, reference\)"),
    "an object of two": (NeedsTwo(), "one Sample"),
    "a partial of none": (functools.partial(fine, None), "one Sample"),
    "a generator": (generator, "is a generator"),
    "an async generator": (async_generator, "is a generator"),
}


@pytest.mark.parametrize("case", MISUSES)
def test_an_object_that_cannot_be_a_scoring_function_is_refused_at_decoration(case):
    function, why = MISUSES[case]
    with pytest.raises(DecorationError, match=why):
        grader(function)
    with pytest.raises(DecorationError, match=why):
        grader(timeout_s=None)(function)


def test_a_wrong_signature_says_what_the_right_one_looks_like():
    with pytest.raises(DecorationError, match=r"def my_grader\(sample\): return"):
        grader(lambda completion, reference: 1.0)  # type: ignore[arg-type,misc]
    with pytest.raises(DecorationError, match=r"a list of samples; write def my_grader\(samples\)"):
        grader(batch=True)(lambda samples, more: [1.0])  # type: ignore[arg-type,misc]


def test_a_misuse_is_a_type_error_and_a_grader_error():
    with pytest.raises(TypeError):
        grader(72)  # type: ignore[call-overload]
    with pytest.raises(GraderError):
        grader(72)  # type: ignore[call-overload]
    with pytest.raises(TypeError):
        grader(fine, (0, 1))  # type: ignore[call-overload]


def test_an_unknown_option_is_refused_and_the_signature_names_those_that_exist():
    assert set(inspect.signature(grader).parameters) == {"function", *Options.__slots__}
    with pytest.raises(TypeError, match="timeout"):
        grader(timeout=3)  # type: ignore[call-overload]


ALLOWED: dict[str, Any] = {
    "a function": fine,
    "a lambda": lambda sample: 1.0,
    "a default": lambda sample=None: 1.0,
    "a second with a default": lambda sample, marker="####": 1.0,
    "a keyword with a default": lambda sample, *, marker="####": 1.0,
    "any arguments": lambda *args, **fields: 1.0,
    "a bound method": Scorer().score,
    "a class method": Scorer.classy,
    "a static method": Scorer.static,
    "a callable object": Scorer(),
    "an async object": AsyncScorer(),
    "a partial": functools.partial(lambda marker, sample: 1.0, "####"),
    "an async partial": functools.partial(AsyncScorer.__call__, AsyncScorer()),
    "a cached function": functools.cache(lambda sample: 1.0),
    "a wrapped function": functools.wraps(fine)(lambda *args: fine(*args)),
}


@pytest.mark.parametrize("case", ALLOWED)
def test_anything_that_can_be_called_with_one_sample_is_accepted(case):
    function = ALLOWED[case]
    graded = grader(function)
    assert isinstance(graded, Grader)
    assert graded.declared.is_async is ("async" in case)
    assert graded.__wrapped__ is function
    assert isinstance(graded.options, Options)
    assert graded.grade(make_sample("72")) == Reward(1.0)
    assert graded([{"messages": make_sample("72").messages}], None)[0]["aggregate_reward_score"] == 1.0


def test_the_options_are_recorded_as_plain_json():
    @grader(range=(-1, 1), timeout_s=None, max_error_rate=0, wire="nova")
    def graded(sample: Sample) -> float:
        return 0.0

    assert graded.options.as_dict() == {
        "batch": False,
        "concurrency": 16,
        "max_error_rate": 0,
        "on_error": "floor",
        "range": [-1.0, 1.0],
        "timeout_s": None,
        "wire": "nova",
    }


def test_the_defaults_match_the_documentation():
    assert grader(fine).options.as_dict() == {
        "batch": False,
        "concurrency": 16,
        "max_error_rate": 0.5,
        "on_error": "floor",
        "range": [0.0, 1.0],
        "timeout_s": 5.0,
        "wire": "open-weight",
    }
