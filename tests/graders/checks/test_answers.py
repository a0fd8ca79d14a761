"""Unread completions earn nothing and are counted, and unread references are errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from graders import ConfigurationError, Missing, Reward
from graders.checks.choices import choice, label, yes_no
from graders.checks.numbers import boxed_number, list_of_numbers, number
from graders.checks.text import any_of, contains, exact, matches, normalized, starts_with
from graders.errors import DecorationError, RecordError
from graders.extract import json_block, tag
from graders.testing import make_sample

RIGHT, WRONG, UNREAD = (
    Reward(value, metrics={"unread": unread}) for value, unread in ((1.0, 0.0), (0.0, 0.0), (0.0, 1.0))
)

# check: (its factory with a `take`, the reference, a wrong answer)
TAKING: dict[str, tuple[Callable[..., Any], str, str]] = {
    "number": (number, "72", "73"),
    "boxed_number": (boxed_number, "\\boxed{72}", "\\boxed{73}"),
    "list_of_numbers": (list_of_numbers, "7, 2", "7"),
    "choice": (choice, "B", "C"),
    "label": (lambda **options: label(["good", "bad"], **options), "good", "bad"),
    "yes_no": (yes_no, "yes", "no"),
    "exact": (exact, "Paris", "Rome"),
    "normalized": (normalized, "Paris", "Rome"),
    "contains": (contains, "Paris", "Rome"),
    "starts_with": (starts_with, "Paris", "Rome"),
}


@pytest.mark.parametrize("name", TAKING)
@pytest.mark.parametrize("take", ["tag", tag, lambda text: tag(text) or None])
def test_every_check_takes_the_part_that_answers(name, take):
    make, reference, wrong = TAKING[name]
    check = make(take=take)
    for wanted in (reference, f"because\n<answer>{reference}</answer>"):
        assert check(make_sample(f"<answer>{reference}</answer>", wanted)) == RIGHT
        assert check(make_sample(f"{reference} <answer>{wrong}</answer>", wanted)) == WRONG
        assert check(make_sample(reference, wanted)) == UNREAD
        assert check(make_sample(f"{reference} <answer> </answer>", wanted)) == UNREAD
    if take in ("tag", tag):
        with pytest.raises(RecordError):
            check(make_sample(reference, f"{reference} <answer> </answer>"))


@pytest.mark.parametrize(
    ("check", "completion", "reference"),
    [
        (number(), "72 or so: 12:30", "72"),
        (number(marker="####"), "#### 72 or 73", "72"),
        (boxed_number(), "\\boxed{}", "72"),
        (list_of_numbers(), "1.2.3", "72"),
        (choice(), "A or B", "B"),
        (label(["good", "bad"]), "good or bad", "good"),
        (normalized(), "...", "Paris"),
    ],
)
def test_a_completion_that_is_unread_earns_nothing_and_is_counted(check, completion, reference):
    assert check(make_sample(completion, reference)) == UNREAD
    with pytest.raises(RecordError, match="the reference answer is not"):
        check(make_sample(completion, completion))


def test_any_of_is_unread_where_no_check_could_read_it():
    either = any_of(number(), choice(), label(["good", "bad"]))
    assert either(make_sample("72", "72")) == RIGHT
    assert either(make_sample("73", "72")) == WRONG
    assert either(make_sample("A or B", "B")) == UNREAD


def test_what_take_may_return():
    assert exact(take=lambda text: None)(make_sample("Paris", "Paris")) == UNREAD
    assert exact(take=lambda text: Missing("cut off"))(make_sample("Paris", "Paris")) == UNREAD
    with pytest.raises(ConfigurationError, match="`take` returned a dict: return a string"):
        exact(take=json_block)(make_sample('{"a": 1}', '{"a": 1}'))
    with pytest.raises(DecorationError, match="marker= both"):
        number(marker="####", take=tag)
    with pytest.raises(DecorationError, match="which='middle'"):
        number(marker="####", which="middle")  # type: ignore[arg-type]
    with pytest.raises(DecorationError, match="take=7: pass a function that takes a string, or write one of"):
        matches("x", take=7)  # type: ignore[arg-type]


def test_the_first_marker_counts_where_that_is_asked_for():
    first, last = number(marker="####", which="first"), number(marker="####")
    run_on = make_sample("#### 72\n\nQuestion: what is next?\n#### 73", "72")
    assert (first(run_on), last(run_on)) == (RIGHT, WRONG)


def test_a_reference_is_read_once_for_the_completions_of_its_record():
    read = []

    def take(text: str) -> str:
        read.append(text)
        return text

    check = number(take=take)
    for completion in ("71", "72", "73"):
        check(make_sample(completion, "72.0"))
    assert read == ["72.0", "71", "72", "73"]
