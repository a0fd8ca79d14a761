"""Words in mathematical notation are read as plain words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.extract._math_words import math_words


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        (r"A \lor B", "A  or B"),
        (r"A\vee B", "A or B"),
        ("A ∨ B", "A  or  B"),
        (r"yes \text{ is wrong}", "yes is wrong"),
        (r"\textbf{is wrong}", "is wrong"),
        (r"A \quad B", "A  B"),
        (r"\text{B}", r"\text{B}"),
        (r"\boxed{B}", r"\boxed{B}"),
        (r"\lorem", r"\lorem"),
    ],
)
def test_a_phrase_is_plain(text, plain):
    assert math_words(text) == plain


@given(st.text().filter(lambda text: "\\" not in text and not {"∨", "∧"} & set(text)))
def test_a_text_without_mathematics_is_unchanged(text):
    assert math_words(text) == text
