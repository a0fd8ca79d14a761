"""Samples are independent: nothing in one sample affects the reward of another."""

from __future__ import annotations

import errno
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from graders._runtime.scoring import score
from graders.reward import KINDS
from graders.testing import make_sample

USER = {"role": "user", "content": "q"}
GOOD = {"id": "good", "messages": [USER, {"role": "assistant", "content": "72"}], "reference_answer": "72"}


def answered(content, **fields):
    return {**GOOD, "id": "bad", "messages": [USER, {"role": "assistant", "content": content}], **fields}


def deep():
    return json.loads("[" * 800 + "]" * 800)


@grader
def each(sample: Sample) -> bool:
    assert isinstance(sample.fields, dict)
    assert isinstance(sample.reasoning + sample.prompt, str)
    return sample.completion == sample.reference_text


@grader(batch=True)
def together(samples: list[Sample]) -> list[bool]:
    return [each.__wrapped__(sample) for sample in samples]


@grader
async def waiting(sample: Sample) -> bool:
    return each.__wrapped__(sample)


GRADERS = pytest.mark.parametrize("graded", [each, together, waiting], ids=["each", "batch", "async"])

POISON: dict[str, Any] = {
    "none": (None, "record"),
    "a number": (5, "record"),
    "a string": ("text", "record"),
    "a list": ([GOOD], "record"),
    "no keys": ({}, "record"),
    "messages null": ({**GOOD, "messages": None}, "record"),
    "messages empty": ({**GOOD, "messages": []}, "record"),
    "messages an object": ({**GOOD, "messages": {"role": "assistant", "content": "72"}}, "record"),
    "messages a string": ({**GOOD, "messages": "72"}, "record"),
    "message null": ({**GOOD, "messages": [None]}, "record"),
    "message a string": ({**GOOD, "messages": ["72"]}, "record"),
    "no role": ({**GOOD, "messages": [{"content": "72"}]}, "record"),
    "the user's turn": ({**GOOD, "messages": [GOOD["messages"][1], USER]}, "record"),
    "content a number": (answered(72), "record"),
    "metadata a string": ({**answered("72"), "metadata": "text"}, "record"),
    "metadata a list": ({**answered("72"), "metadata": ["72"]}, "record"),
    "reference null": (answered("72", reference_answer=None), "record"),
    "reference blank": (answered("", reference_answer=""), "record"),
    "reference an object": (answered("72", reference_answer={}), "record"),
    "reference NaN": (answered("nan", reference_answer=float("nan")), "record"),
    "reference of 5,000 digits": (answered("72", reference_answer=10**5000), "record"),
    "prompt a number": (
        {**GOOD, "messages": [{"role": "user", "content": 1}, GOOD["messages"][1]]},
        "record",
    ),
    "content null": (answered(None), 0.0),
    "content empty": (answered(""), 0.0),
    "content deep": (answered(deep()), 0.0),
    "fields deep": (answered("1", extra=deep()), 0.0),
    "a megabyte": (answered("7" * 1_000_000), 0.0),
    "5,000 digits": (answered("9" * 5000), 0.0),
    "lone surrogates": (answered("\ud800\udfff"), 0.0),
    "NUL": (answered("72\0"), 0.0),
    "right to left": (answered("\u202e72"), 0.0),
}


@GRADERS
@pytest.mark.parametrize("bad", POISON)
def test_a_poisoned_sample_affects_only_itself_and_is_never_rewarded(graded, bad):
    item, expected = POISON[bad]
    before, outcome, after = graded.grade_all([GOOD, item, GOOD])
    assert before == after == Reward(1.0)
    if expected == "record":
        assert isinstance(outcome, Failure)
        assert (outcome.kind, outcome.origin) == ("record", "record")
    else:
        assert outcome == Reward(expected)
    assert "error" not in str(graded([GOOD, GOOD], None))


class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError("no")


class UnprintableRecord(RecordError):
    def __str__(self):
        raise RuntimeError("no")


RAISED = [
    (KeyError("the secret"), "exception"),
    (SystemExit(3), "exception"),
    (MemoryError(), "exception"),
    (RecursionError(), "exception"),
    (StopIteration(1), "exception"),
    (Unprintable(), "exception"),
    (BaseException(), "exception"),
    (ExceptionGroup("some", [ValueError("a")]), "exception"),
    (ExceptionGroup("tasks", [ExceptionGroup("more", [SampleError("abstain", "inner")])]), "abstain"),
    (ExceptionGroup("tasks", [RecordError("inner"), SampleError("abstain", "inner")]), "record"),
    (ExceptionGroup("tasks", [SampleError("abstain", "inner"), ValueError("a")]), "exception"),
    (ValueError(10**5000), "exception"),
    (RecordError("no answer"), "record"),
    (UnprintableRecord(), "record"),
    (SampleError("abstain", "inner grader"), "abstain"),
    (SampleError("timeout", "inner grader"), "timeout"),
    (SampleError("made up", "kind"), "exception"),
]


@pytest.mark.parametrize("style", ["each", "batch", "async"])
@pytest.mark.parametrize(("error", "kind"), RAISED, ids=[type(e).__name__ for e, _ in RAISED])
def test_any_error_fails_only_its_own_sample(error, kind, style):
    def one(sample):
        if sample.completion == "bad":
            raise error
        return 1.0

    async def later(sample):
        return one(sample)

    graded: Grader
    if style == "batch":
        graded = grader(batch=True)(lambda samples: [one(sample) for sample in samples])
    else:
        graded = grader(later if style == "async" else one)
    if style == "async" and isinstance(error, StopIteration):
        pytest.skip("Python itself turns it into a RuntimeError")
    before, outcome, after = graded.grade_all([GOOD, answered("bad"), GOOD])
    assert before == after == Reward(1.0)
    assert isinstance(outcome, Failure)
    assert outcome.kind == kind
    assert kind in KINDS
    assert "secret" not in outcome.origin
    if kind == "exception":
        assert outcome.origin.startswith(f"{type(error).__name__} at test_scoring.py:")


@pytest.mark.parametrize("style", ["each", "batch"])
@pytest.mark.parametrize(
    "error",
    [
        ConfigurationError("no key"),
        KeyboardInterrupt(),
        ExceptionGroup("all", [ConfigurationError("no key")]),
    ],
    ids=["configuration", "Ctrl-C", "group"],
)
def test_an_error_that_would_fail_every_sample_fails_the_call(error, style):
    def scoring(_given):
        raise error

    with pytest.raises((ConfigurationError, KeyboardInterrupt)):
        grader(batch=style == "batch")(scoring).grade_all([GOOD])


def test_a_vectorized_function_is_called_once_with_all_samples_that_can_be_graded():
    asked = []
    nothing: Any = None

    @grader(batch=True)
    def graded(samples):
        asked.append([sample.completion for sample in samples])
        return (0.5 for _ in samples)

    outcomes = graded.grade_all([GOOD, nothing, answered("73")])
    assert asked == [["72", "73"]]
    assert [getattr(outcome, "kind", outcome) for outcome in outcomes] == [Reward(0.5), "record", Reward(0.5)]
    assert [type(outcome) for outcome in graded.grade_all([nothing, {}])] == [Failure, Failure]
    assert len(asked) == 1


def forever():
    while True:
        yield 1.0


@pytest.mark.parametrize(
    "answers", [None, 1.0, [], [1.0], [1.0] * 4, "72", {"a": 1.0}, forever()], ids=lambda a: type(a).__name__
)
def test_a_vectorized_function_with_invalid_answers_is_called_one_by_one(answers):
    asked = []

    @grader(batch=True)
    def graded(samples):
        asked.append(len(samples))
        return [1.0] if len(samples) == 1 else answers

    assert graded.grade_all([GOOD] * 3) == [Reward(1.0)] * 3
    assert asked == [3, 1, 1, 1]


def test_one_by_one_the_wrong_number_of_answers_fails_the_sample():
    graded = grader(batch=True)(lambda samples: [])
    (outcome,) = graded.grade_all([GOOD])
    assert isinstance(outcome, Failure)
    assert "given 1 samples and returned 0 answers" in outcome.message


def test_an_abstention_is_a_failure_of_its_own_kind():
    graded = grader(lambda sample: Abstain("the judge refused"))
    with pytest.raises(SampleError, match="^abstain: the judge refused$"):
        graded.grade(make_sample("72"))


@given(st.lists(st.sampled_from(["72", "73", "bad", None]), max_size=8))
def test_outcomes_depend_on_the_sample_and_not_on_its_neighbors(texts):
    def scoring(sample):
        return 1 / (len(sample.completion) - 3) + 1 if sample.completion != "72" else True

    graded = grader(range=(-9, 9), timeout_s=None)(scoring)
    items: list = [answered(text) if text else None for text in texts]
    alone = [repr(graded.grade_all([item])[0]) for item in items]
    assert [repr(outcome) for outcome in graded.grade_all(items)] == alone
    outcomes, took = score(graded.declared, items)
    assert len(outcomes) == len(took) == len(items)
    assert all(milliseconds >= 0 for milliseconds in took)


def test_an_operating_system_error_carries_its_number():
    @grader
    def writes(sample):
        open("/dev/null/x", "w")

    outcome = writes.grade_all([GOOD])[0]
    assert isinstance(outcome, Failure)
    assert outcome.origin.startswith(f"NotADirectoryError (Errno {errno.ENOTDIR}) at test_scoring.py:")
