"""Which letter a completion settles on."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.found import choice_letter


@pytest.mark.parametrize(
    "text",
    [
        "B",
        "b",
        "(B)",
        "[B]",
        "B.",
        "B)",
        "B:",
        " B\n",
        "**B**",
        "`B`",
        '"B"',
        "$B$",
        "\\text{B}",
        "\\boxed{B}",
        "\\boxed{\\text{B}}",
        "\\boxed{(B)}",
        "\\boxed{B) dog}",
        "Answer: B",
        "answer: b",
        "Answer:B",
        "Answer - B",
        "ANSWER: (B)",
        "**Answer:** B",
        "**Answer: B**",
        "Answer:\nB",
        "Final answer: $\\text{B}$",
        "Answer: \\(B\\)",
        "The answer is B",
        "The answer is (B).",
        "the answer is b.",
        "The answer is: **B**",
        "The correct answer is B because A is wrong",
        "The answer is option B",
        "The correct option is B.",
        "The best choice would be B",
        "I choose B",
        "So the answer should be B.",
        "Answer: B, not A",
        "Answer: B) A dog ran",
        "B) a dog",
        "B. A dog",
        "B: dog",
        "**B.** dog",
        "(B) dog",
        "Option B is right",
        "It is (B) as I said: (B)",
        "B\n\nBecause dogs bark.",
        "So it is **B**.",
        "Answer: A\nNo, wait.\nAnswer: B",
        "A) cat\nB) dog\nC) cow\nD) hen\nAnswer: B",
        "Answer: A, but \\boxed{B}",
    ],
)
def test_settles_on_b(text):
    assert choice_letter(text) == "B"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ".",
        "E",
        "Answer: E",
        "ABCD",
        "AB",
        "A B",
        "A, B, C, D",
        "A or B",
        "Answer: B or C",
        "Answer: B/C",
        "Answer: B, C",
        "Answer: (B) and (C)",
        "Answer: B C",
        "Answer: **A** or **B**",
        "Answer: A | B | C | D",
        "Answer: A dog",
        "The answer is a dog",
        "A dog barks.",
        "A dog.\nA cat.",
        "I am a cat",
        "the answer is not B",
        "A) cat\nB) dog",
        "(A) (B)",
        "Option A is wrong, option B is right",
        "\\boxed{}x\\boxed{A, B}",
        "\\boxed{dog}",
        "Bananas",
        "B12",
        "Answer: Bananas",
        "Answer: B's",
    ],
)
def test_settles_on_nothing(text):
    assert choice_letter(text) is None


def test_the_letter_a_is_not_the_article():
    assert choice_letter("A") == "A"
    assert choice_letter("Answer: A") == "A"
    assert choice_letter("The answer is A.") == "A"
    assert choice_letter("Answer: A because dogs bark") == "A"
    assert choice_letter("Answer: (A) dog") == "A"
    assert choice_letter("A dog would be my answer") is None
    assert choice_letter("answer: a") == "A"


def test_other_alphabets():
    assert choice_letter("Answer: J", "ABCDEFGHIJ") == "J"
    assert choice_letter("Answer: I am not sure", "ABCDEFGHIJ") is None
    assert choice_letter("Answer: D", "ABC") is None
    for letters in ("", "A", "AA", "ab", "A1", "ÄB"):
        with pytest.raises(ValueError, match="different capitals"):
            choice_letter("A", letters)


@given(
    st.sampled_from("ABCD"),
    st.sampled_from("ABCD"),
    st.sampled_from([" or ", "/", ", ", " and ", " & ", " "]),
)
def test_naming_two_letters_is_no_answer(one, other, joint):
    if one != other:
        assert choice_letter(f"Answer: {one}{joint}{other}") is None


@given(st.text() | st.text("ABab()*. \nanswer:is", max_size=40))
def test_no_text_raises(text):
    assert choice_letter(text) in (None, "A", "B", "C", "D")


@pytest.mark.parametrize(
    "piece",
    [
        "A",
        "A ",
        "(A",
        "(A)",
        "answer ",
        "answer:",
        "answer: A ",
        "A)\n",
        "**",
        "*",
        " ",
        "\n",
        "\\text{",
        "option ",
        "I choose ",
    ],
)
def test_a_megabyte_takes_linear_time(piece):
    start = time.process_time()
    choice_letter(piece * (1_000_000 // len(piece)))
    assert time.process_time() - start < 10
