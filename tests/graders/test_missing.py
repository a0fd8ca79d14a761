"""Two missing answers never compare equal, whichever extractor did not find them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from graders import Sample, grader
from graders.extract import (
    Missing,
    after_marker,
    boxed,
    choice_letter,
    code_block,
    json_block,
    last_number,
    parse_number,
    tag,
)
from graders.testing import make_sample

EXTRACTORS = (
    after_marker,
    boxed,
    choice_letter,
    code_block,
    json_block,
    last_number,
    parse_number,
    tag,
)


@pytest.mark.parametrize("extractor", EXTRACTORS, ids=lambda one: one.__name__)
def test_what_was_not_found_equals_nothing_not_even_itself(extractor: Callable[[str], Any]) -> None:
    one, other = extractor("nothing here"), extractor("nothing here")
    assert isinstance(one, Missing)
    assert not one
    assert not one == other
    assert one != other
    assert not one == one  # that is the point
    assert one not in (other, None, "", 0)
    assert one is not other


@pytest.mark.parametrize("extractor", EXTRACTORS, ids=lambda one: one.__name__)
def test_a_grader_that_compares_two_missing_answers_pays_nothing(extractor: Callable[[str], Any]) -> None:
    @grader
    def naive(sample: Sample) -> bool:
        return extractor(sample.completion) == extractor(sample.reference_text)

    assert naive.grade(make_sample("nothing here", "nor here")).value == 0.0


def test_arithmetic_with_a_missing_number_is_an_error_of_the_sample() -> None:
    @grader
    def distance(sample: Sample) -> float:
        return 1.0 - float(last_number(sample.completion) - 1)  # type: ignore[operator]

    [outcome] = distance.grade_all([make_sample("no digits", "1")])
    assert outcome.kind == "exception"  # type: ignore[union-attr]


def test_it_says_what_it_is() -> None:
    assert repr(Missing()) == "<no answer>"
