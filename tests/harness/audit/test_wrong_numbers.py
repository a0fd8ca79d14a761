from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.audit.answer_kinds import same
from harness.audit.formats import Format
from harness.audit.readings import Reading
from harness.audit.wrong_numbers import magnitude, with_reference, wrong_numbers

NUMBERS = st.one_of(
    st.integers(-(10**20), 10**20).map(str),
    st.integers(-(10**12), 10**12).map(lambda number: f"{number:,}"),
    st.decimals(-(10**9), 10**9, places=3).map(lambda number: format(number, "f")),
    st.integers(1, 10**6).map(lambda number: f"${number}"),
    st.integers(1, 100).map(lambda number: f"{number}%"),
)


def named(answer):
    return {step.name: step.answer for step in wrong_numbers(answer)}


@given(NUMBERS)
def test_no_wrong_number_equals_the_right_one(answer):
    steps = wrong_numbers(answer)
    assert steps
    assert not [step for step in steps if same("number", step.answer, answer)]
    assert len({step.answer for step in steps}) == len(steps)


@given(st.integers(1, 10**15), st.sampled_from(["", "-"]))
def test_the_stated_ratio_of_a_step_is_true(size, sign):
    for step in wrong_numbers(f"{sign}{size}"):
        if step.ratio is not None:
            assert Fraction(Decimal(step.answer)) / Fraction(int(f"{sign}{size}")) == pytest.approx(
                Fraction(step.ratio), rel=1e-12
            )


@pytest.mark.parametrize(
    ("answer", "name", "wrong"),
    [
        ("17", "the sign flipped", "-17"),
        ("-17", "the sign flipped", "17"),
        ("-$3.50", "the sign flipped", "$3.50"),
        ("1,250", "x10", "12,500"),
        ("0.05", "/100", "0.0005"),
        ("12%", "x100", "1200%"),
        ("3/4", "x10", "30/4"),
        ("200", "10 % more", "220"),
        ("17", "10 % more", "18"),
        ("72", "0.4 more", "72.4"),
        ("72", "two digits swapped", "27"),
        ("72", "followed by `e5`", "72e5"),
        ("\u22125", "the sign flipped", "5"),
    ],
)
def test_a_wrong_number_is_written_like_the_right_one(answer, name, wrong):
    assert named(answer)[name] == wrong


def test_answers_that_are_not_numbers_have_no_wrong_numbers():
    assert wrong_numbers("about a dozen") == []
    assert magnitude("none") is None


@pytest.mark.parametrize(
    ("reading", "reference", "changed"),
    [
        (Reading(), "5", "8"),
        (Reading(), 5, 8),
        (Reading(), {"text": "5"}, {"text": "8"}),
        (Reading(part="after ####"), "3 + 2\n#### 5", "3 + 2\n#### 8"),
        (Reading(("reference_answer", "n")), {"n": "5", "m": 1}, {"n": "8", "m": 1}),
    ],
)
def test_a_reference_is_changed_where_the_answer_is_read(reading, reference, changed):
    record = {"reference_answer": reference, "other": 1}
    found = with_reference(Format("{a}", reading), record, "8")
    assert found == {"reference_answer": changed, "other": 1}


def test_a_reference_of_another_shape_is_left_alone():
    assert with_reference(Format("{a}"), {"reference_answer": [1]}, "8") is None
