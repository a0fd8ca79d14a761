from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.projects.written_numbers import written_number, written_range


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_read_again_as_it_was(value):
    assert ast.literal_eval(written_number(value)) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [(1, "1"), (-0.5, "-0.5"), (1234567.5, "1234567.5"), (0.1 + 0.2, "0.30000000000000004")],
)
def test_a_number_is_written_as_people_write_it(value, text):
    assert written_number(value) == text


def test_a_range_is_written_as_a_sentence_has_it():
    assert written_range((0, 1.5)) == "0 to 1.5"
