"""Checks of numbers: tolerances, boxes, lists."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.checks.numbers import boxed_number, list_of_numbers, number
from graders.errors import DecorationError, RecordError
from graders.testing import make_sample


def fits(check, completion, reference):
    return bool(check(make_sample(completion, reference)))


# The wrong ladder: near, scaled, sign-flipped and mangled answers to 72.
LADDER = [
    "71",
    "73",
    "72.4",
    "71.6",
    "72.72",
    "71.28",
    "720",
    "7200",
    "7.2",
    "0.72",
    "-72",
    "172",
    "2",
    "7",
    "27",
    "0",
    "1",
    "72e1",
    "72 * 10",
]


@pytest.mark.parametrize("wrong", LADDER)
def test_a_wrong_number_is_wrong_without_a_tolerance(wrong):
    assert not fits(number(), wrong, "72")
    assert not fits(number(marker="####"), f"#### {wrong}", "#### 72")
    assert not fits(boxed_number(), f"\\boxed{{{wrong}}}", "72")


def test_tolerances_reach_as_far_as_they_say():
    assert fits(number(tolerance=0.5), "72.5", "72")
    assert not fits(number(tolerance=0.5), "72.500001", "72")
    assert fits(number(relative=0.01), "72.72", "72")
    assert not fits(number(relative=0.01), "72.7200001", "72")
    assert fits(number(relative=0.01), "-72.72", "-72")
    assert not fits(number(relative=0.5), "0.05", "0")
    assert not fits(number(relative=0.1), "-0.05", "0.05")


@given(st.floats(-0.1, 0.1).filter(bool))
def test_no_constant_wins_small_references(reference):
    assert not fits(number(), "ANSWER: 0", reference)
    assert not fits(number(relative=0.01), "ANSWER: 0", reference)


@pytest.mark.parametrize(
    "options",
    [
        {"tolerance": -1},
        {"tolerance": "1"},
        {"tolerance": float("nan")},
        {"relative": float("inf")},
        {"relative": True},
        {"marker": ""},
        {"marker": 7},
    ],
)
def test_options_that_cannot_be_meant_are_refused(options):
    with pytest.raises(DecorationError):
        number(**options)
    with pytest.raises(DecorationError):
        list_of_numbers(**options)


def test_references_of_several_kinds():
    assert fits(number(), "72", 72)
    assert fits(number(), "0.1", 0.1)
    assert fits(number(marker="A:"), "A: 72", "so 6 * 12\nA: 72")
    assert fits(boxed_number(), "\\boxed{72}", "6 * 12 = \\boxed{72}")
    assert fits(list_of_numbers(), "1, 2.5", [1, 2.5])
    assert fits(list_of_numbers(marker="####"), "3 + 4\n#### 1 and 2", "5\n#### 1, 2")
    assert fits(list_of_numbers(marker="####"), "3 + 4\n#### 1 and 2", "1, 2")
    for check, reference in (
        (boxed_number(), "1 or 2"),
        (number(), [72]),
        (list_of_numbers(), ["a"]),
        (list_of_numbers(), "1.2.3"),
        (list_of_numbers(marker="####"), "1 ####"),
    ):
        with pytest.raises(RecordError):
            fits(check, "1", reference)


def test_lists():
    assert fits(list_of_numbers(tolerance=0.1), "1.1, 2", "1, 2")
    assert not fits(list_of_numbers(), "", "1")
    assert not fits(list_of_numbers(), "1, 2, 12:30", "1, 2")
    assert not fits(list_of_numbers(), "1 " * 500_000, "1")
    assert fits(list_of_numbers(ordered=False), "(2; 1)", "1, 2")


@given(st.lists(st.integers(-999, 999), min_size=1, max_size=8), st.randoms())
def test_a_list_equals_itself_and_its_shuffle_only_without_order(values, random):
    text = ", ".join(map(str, values))
    shuffled = list(values)
    random.shuffle(shuffled)
    other = ", ".join(map(str, shuffled))
    assert fits(list_of_numbers(), text, text)
    assert fits(list_of_numbers(ordered=False), other, text)
    assert fits(list_of_numbers(), other, text) is (shuffled == values)
    assert not fits(list_of_numbers(ordered=False), f"{text}, 1000", text)
