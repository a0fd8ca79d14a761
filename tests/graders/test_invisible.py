"""Unicode normalization as Python's own, but in linear time."""

from __future__ import annotations

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders._invisible import composed
from support.growth import assert_linear


@given(st.text() | st.text("aeo\u0301\u0316\u0327\u1112\u1161\u11ab\uff21\u00bd \u0915\u093c", max_size=30))
def test_a_text_is_composed_as_python_composes_it(text):
    assert composed(text) == normalize("NFC", text)
    assert composed(text, "NFKC") == normalize("NFKC", text)


def test_the_first_thirty_marks_of_a_long_run_are_kept():
    assert composed("b" + "\u0316" * 99 + "c") == "b" + "\u0316" * 30 + "c"
    assert composed("\u20ac" * 99) == "\u20ac" * 99


@pytest.mark.parametrize("form", ["NFC", "NFKC"])
def test_marks_take_linear_time(form):
    assert_linear(lambda text: composed(text, form), lambda size: "a" + "\u0301\u0316" * (size // 2), 100_000)
