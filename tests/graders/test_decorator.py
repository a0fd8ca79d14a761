"""The decorated grader, and the forms in which it can be called."""

from __future__ import annotations

import inspect
from functools import partial

import pytest

from graders import Failure, Grader, Reward, Sample, SampleError, grader
from graders.testing import make_sample


@grader
def is_right(sample: Sample) -> bool:
    """Return whether it is right."""
    return sample.completion == sample.reference_text


RIGHT, WRONG = make_sample("72", "72"), make_sample("73", "72")
ITEM = {"id": 7, "messages": [{"role": "assistant", "content": "72"}], "reference_answer": "72"}


def test_a_grader_keeps_the_functions_name_docstring_and_signature():
    assert isinstance(is_right, Grader)
    assert is_right.__name__ == "is_right"  # type: ignore[attr-defined]
    assert is_right.__doc__ == "Return whether it is right."
    assert is_right.__module__ == __name__
    assert inspect.isfunction(is_right.__wrapped__)
    assert is_right.__wrapped__(RIGHT) is True
    assert repr(is_right) == f"<grader {__name__}:is_right>"


def test_the_decorator_with_and_without_options_makes_the_same_grader():
    assert grader()(is_right.__wrapped__).options.as_dict() == is_right.options.as_dict()


@pytest.mark.parametrize("sample", [RIGHT, ITEM], ids=["sample", "item"])
def test_grade_takes_a_sample_or_an_element_of_an_event(sample):
    assert is_right.grade(sample) == Reward(1.0)
    assert is_right.grade_all([sample, WRONG]) == [Reward(1.0), Reward(0.0)]


def test_grade_always_returns_a_reward():
    for given, value in ((True, 1.0), (0, 0.0), (0.5, 0.5), (Reward(0.5), 0.5)):
        found = grader(partial(lambda answer, _sample: answer, given)).grade(RIGHT)
        assert type(found) is Reward
        assert type(found.value) is float
        assert found == Reward(value)


def test_grade_raises_the_samples_error_with_its_kind():
    with pytest.raises(SampleError) as caught:
        is_right.grade(make_sample("72"))
    assert caught.value.kind == "record"
    assert "reference_answer" in caught.value.message
    with pytest.raises(SampleError, match="^record: a sample is missing"):
        is_right.grade(None)  # type: ignore[arg-type]


async def _broken_later(sample: Sample) -> float:
    return 1 / len(sample.fields)


@pytest.mark.parametrize("broken", [lambda sample: 1 / len(sample.fields), _broken_later])
def test_a_users_own_error_is_reported_with_its_location_and_cause(broken):
    with pytest.raises(SampleError, match=r"^exception: .* \(test_decorator\.py:\d+\)$") as caught:
        grader(broken).grade(RIGHT)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert caught.value.__cause__.__traceback__ is not None


def test_grade_all_returns_an_outcome_for_each_in_order():
    found = is_right.grade_all([RIGHT, make_sample("72"), WRONG])
    assert [type(one) for one in found] == [Reward, Failure, Reward]
    assert is_right.grade_all([]) == []


def test_called_with_an_event_it_is_the_lambda_handler_and_with_a_sample_it_grades_it():
    assert is_right([ITEM], None) == [{"id": 7, "aggregate_reward_score": 1.0, "metrics_list": []}]
    assert is_right(RIGHT) == Reward(1.0)
    assert is_right(WRONG) == Reward(0.0)
    with pytest.raises(SampleError, match="^record: "):
        is_right(make_sample("72"))


def test_two_graders_of_the_same_function_share_nothing():
    first, second = (grader(max_error_rate=rate)(is_right.__wrapped__) for rate in (0.0, 1.0))
    assert first._budget is not second._budget
    assert first.options.max_error_rate == 0.0


def test_a_scoring_functions_attributes_do_not_reach_the_grader():
    def scoring(sample):
        return 1.0

    scoring.options = scoring.budget = scoring.grade = "mine"  # type: ignore[attr-defined]
    assert grader(scoring).grade(RIGHT) == Reward(1.0)


def test_a_returned_failure_is_no_answer():
    (found,) = grader(lambda _sample: Failure("record", "m")).grade_all([RIGHT])  # type: ignore[arg-type,return-value]
    assert isinstance(found, Failure)
    assert found.kind == "value"
