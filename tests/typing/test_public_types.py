"""Types of the public names. mypy checks this file, and pytest runs it.

On a line with `type: ignore[...]`, mypy must report an error, because unneeded ignores are errors.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypedDict, assert_type

import pytest

from graders import Abstain, DecorationError, Failure, Grader, Missing, Reward, Sample, grader
from graders.extract import last_number, tag
from graders.testing import invoke, make_sample

if TYPE_CHECKING:
    from graders.decorator import BatchDecorator, Decorator


class Clips(TypedDict):
    unit: str
    count: int


@grader
def plain(sample: Sample) -> bool:
    return bool(sample.completion)


@grader
def typed(sample: Sample[Clips]) -> float:
    assert_type(sample.fields, Clips)
    assert_type(sample.fields["unit"], str)
    assert_type(sample.completion, str)
    assert_type(sample.reasoning, str)
    assert_type(sample.prompt, str)
    assert_type(sample.reference_text, str)
    assert_type(sample.reference_answer, Any)
    assert_type(sample.messages, list[dict[str, Any]])
    assert_type(sample.tool_calls, list[Any])
    return 1 / sample.fields["count"]


@grader(range=(-1, 1), on_error="raise", timeout_s=None)
def with_options(sample: Sample) -> Reward | Abstain | float:
    assert_type(sample, Sample[dict[str, Any]])
    assert_type(sample.fields, dict[str, Any])
    return Reward(-0.5, metrics={"length": 3}, reason="short") if sample.completion else Abstain("empty")


@grader
async def waiting(sample: Sample) -> Reward:
    return Reward(True)


@grader(batch=True)
def together(samples: list[Sample]) -> list[float]:
    return [1.0 for _ in samples]


@grader(batch=True, timeout_s=1)
async def waiting_together(samples: list[Sample]) -> Sequence[bool]:
    return [True for _ in samples]


GRADERS = [plain, typed, with_options, waiting, together, waiting_together]


def test_the_decorator_makes_graders_of_all_of_them() -> None:
    if TYPE_CHECKING:
        assert_type(plain, Grader[dict[str, Any], Reward])
        assert_type(typed, Grader[Clips, Reward])
        assert_type(with_options, Grader[dict[str, Any], Reward])
        assert_type(waiting, Grader[dict[str, Any], Awaitable[Reward]])
        assert_type(together, Grader[dict[str, Any], Reward])
        assert_type(waiting_together, Grader[dict[str, Any], Awaitable[Reward]])
        assert_type(grader(timeout_s=1), Decorator)
        assert_type(grader(batch=True), BatchDecorator)
    assert all(isinstance(each, Grader) for each in GRADERS)


def test_a_call_is_typed_by_what_it_is_given() -> None:
    sample: Sample[dict[str, Any]] = make_sample("72", "72")
    assert_type(plain(sample), Reward)
    assert_type(together(sample), Reward)
    assert_type(plain([], None), Any)
    later = waiting(sample), waiting_together(sample)
    assert_type(later, tuple[Awaitable[Reward], Awaitable[Reward]])
    for call in later:
        assert_type(asyncio.run(awaited(call)), Reward)
    either: list[Grader] = [plain, typed, waiting]
    assert_type(either[0](sample), Any)


async def awaited(call: Awaitable[Reward]) -> Reward:
    return await call


def test_a_truthy_answer_is_typed_as_not_missing() -> None:
    number = last_number("72")
    assert_type(number, int | Fraction | Missing)
    if number:
        assert_type(number, int | Fraction)
    text = tag("<answer>72</answer>")
    assert (text.upper() if text else "") == "72"


def test_the_views_of_a_grader_are_typed() -> None:
    sample = make_sample("72", "72", unit="clips", count=2)
    assert_type(sample, Sample[Any])
    assert_type(plain.grade(sample), Reward)
    assert_type(plain.grade_all([sample]), list[Reward | Failure])
    assert_type(invoke(plain, [sample]), list[Reward | Failure])
    assert typed.grade(sample) == Reward(0.5)
    assert [each.grade(sample).value for each in GRADERS] == [1.0, 0.5, -0.5, 1.0, 1.0, 1.0]


def test_what_mypy_refuses_is_refused_at_run_time_where_that_is_possible() -> None:
    with pytest.raises(DecorationError):

        @grader  # type: ignore[arg-type]
        def two(completion: str, reference: str) -> float:
            return 1.0

    with pytest.raises(DecorationError):
        grader(on_error="ignore")  # type: ignore[call-overload]
    with pytest.raises(DecorationError):
        grader(batch=1)  # type: ignore[call-overload]
    with pytest.raises(DecorationError):
        grader(plain)  # valid for mypy: a grader can be called with one argument


def test_what_only_mypy_can_refuse() -> None:
    @grader  # type: ignore[arg-type]
    def says(sample: Sample) -> str:
        return "1"

    @grader(batch=True)  # type: ignore[arg-type]
    def one_by_one(sample: Sample) -> float:
        return 1.0

    sample = make_sample("72")
    with pytest.raises(AttributeError):
        sample.completion = "73"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        _ = sample.answer  # type: ignore[attr-defined]
