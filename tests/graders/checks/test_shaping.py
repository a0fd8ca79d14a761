"""Rewards for form: their curves, and that form alone does not count as an answer."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from graders import Abstain, Reward
from graders.checks import shaping
from graders.checks._visible import LONGEST_WORD, visible, words
from graders.checks.numbers import number
from graders.checks.shaping import cosine_length, has_format, in_script, length, overlong, repetition
from graders.errors import DecorationError, RecordError
from graders.testing import make_sample


def test_length_falls_in_a_straight_line():
    check = length(100, 200)
    assert [check(make_sample("x" * size)) for size in (0, 1, 100, 125, 150, 200, 1000)] == [
        0,
        1,
        1,
        0.75,
        0.5,
        0,
        0,
    ]
    assert length(2, 4, unit="words")(make_sample(" one two  three ")) == 0.5


def test_cosine_length_pays_the_right_and_the_short():
    check: Any = cosine_length(number(marker="####"), 100, share=0.4)
    assert check(make_sample("#### 72".ljust(50, "!"), "72")).value == pytest.approx(0.8)
    assert check(make_sample("#### 72".ljust(5000, "!"), "72")).value == pytest.approx(0.6)
    assert check(make_sample("#### 72", "72")).components["correct"] == 1
    assert check(make_sample("#### 73", "72")).value == 0
    assert check(make_sample("", "72")).value == 0
    assert isinstance(cosine_length(lambda sample: Abstain("no"), 10)(make_sample("x")), Abstain)
    assert cosine_length(lambda sample: True, 10)(make_sample(" ")) == Reward(
        0, components={"correct": 0, "brevity": 1}
    )
    with pytest.raises(RecordError):
        check(make_sample("#### 72"))


def test_overlong_is_dapos_punishment():
    check: Any = overlong(number(marker="####"), 100, 40)
    sizes = (7, 60, 70, 80, 100, 1000)
    rewards = [check(make_sample("#### 72".ljust(size, "!"), "72")).value for size in sizes]
    assert rewards == [1, 1, 0.75, 0.5, 0, 0]
    assert [check(make_sample("#### 73".ljust(size, "!"), "72")).value for size in sizes] == [0] * 6
    assert check(make_sample("#### 72".ljust(70, "!"), "72")).components == {"base": 1, "overlong": 0.25}
    assert overlong(lambda sample: 1, 4, 2, unit="words")(make_sample("one two three")) == Reward(
        0.5, components={"base": 1, "overlong": 0.5}
    )
    assert overlong(lambda sample: 1.0, 10, 10)(make_sample("\u200b")) == Reward(
        0, components={"base": 0, "overlong": 0}
    )
    assert isinstance(overlong(lambda sample: Abstain("no"), 10, 5)(make_sample("x")), Abstain)


@given(st.integers(1, 3000), st.integers(1, 3000), st.sampled_from(["x", "x ", "\u6211", "x\u200b"]))
@settings(max_examples=50)
def test_a_longer_right_answer_never_earns_more(one, other, piece):
    shorter, longer = sorted((one, other))
    right = lambda sample: True  # noqa: E731
    for check in (length(500, 2000), cosine_length(right, 2000), overlong(right, 2000, 500),
                  length(500, 2000, unit="words"), overlong(right, 900, 900, unit="words")):  # fmt: skip
        rewards = [check(make_sample(piece * size)) for size in (shorter, longer)]
        values = [float(reward) for reward in rewards if not isinstance(reward, Abstain)]
        assert 1 >= values[0] >= values[1] >= 0


def test_repetition_is_the_share_of_new_pieces():
    check = repetition(2)
    assert check(make_sample("one two three four")) == 1
    assert check(make_sample("a b a b a")) == 0.5
    assert check(make_sample("A a " * 500)) < 0.01
    assert check(make_sample("one")) == 1
    assert check(make_sample("same " * 300_000)) < 0.001
    assert repetition()(make_sample("\u6211\u7231\u4f60" * 200)) < 0.01
    assert repetition()(make_sample("\u0e01\u0e02 \u0e01\u0e02" * 200)) < 0.05
    for text in ("word,", "ha", "!", "a-b_", "\u200b x \u2800"):
        assert repetition()(make_sample("a" + text * 300)) < 0.1, text


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("one two  three", 3),
        ("don't, self-made", 2),
        ("\u6211\u7231\u4f60", 3),
        ("\u6211 love \u4f60!", 4),
        ("\u3042\u308a\u304c", 3),
        ("\u0e01\u0e32\u0e23", 3),
        ("\ud55c\uad6d\uc5b4 \ub9d0", 2),
        ("x" * LONGEST_WORD, 1),
        ("x" * (LONGEST_WORD + 60), 61),
        ("", 0),
    ],
)
def test_words_are_counted_by_script(text, count):
    assert len(list(words(text))) == count


def test_no_character_that_draws_nothing_is_visible():
    drawn = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u0890\u0891\u08e2\U000110bd\U000110cd"
    formats = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) == "Cf"]
    fillers = "\u2800\u3164\u115f\u1160\uffa0\u034f\ufe0f\ufe00\U000e0100\u180b\x00\x07\x7f"
    assert visible("".join(formats) + fillers) == drawn
    assert visible("a\u0301\u20ac \U0001f600") == "a\u0301\u20ac \U0001f600"


FORMS: Any = {
    "length": length(10, 30),
    "words": length(3, 9, unit="words"),
    "repetition": repetition(2),
    "format": has_format(tags=["answer"], markers=["####"]),
    "script": in_script("korean"),
    "latin": in_script("latin"),
    "cosine": cosine_length(lambda sample: True, 30),
    "overlong": overlong(lambda sample: True, 30, 20),
}
UNSEEN = st.text("\u200b\u200d\ufeff\u202e\u2066\U000e0041\ufe0f\u3164\u2800\u115f\xad\x00", max_size=20)


@pytest.mark.parametrize("check", FORMS.values(), ids=FORMS)
@given(UNSEEN, UNSEEN)
def test_what_is_empty_but_for_invisible_characters_earns_nothing(check, one, other):
    assert float(check(make_sample(one + " \n" + other))) == 0


@pytest.mark.parametrize("check", FORMS.values(), ids=FORMS)
@given(st.text("ab <answer>72</answer>\n#### \u6211\ud55c.", max_size=40), st.integers(0, 40), UNSEEN)
def test_invisible_characters_change_no_reward(check, text, at, unseen):
    assume(make_sample(text).completion == text)  # an added character would break a special token
    plain = float(check(make_sample(text)))
    assert float(check(make_sample(text[:at] + unseen + text[at:]))) == plain
    assert 0 <= plain <= 1


@pytest.mark.parametrize("check", [length(10, 30), repetition(), in_script("latin")])
@pytest.mark.parametrize("text", [".", "...", "\u3002", "-" * 5, "\U0001f600"])
def test_form_without_a_letter_or_digit_earns_nothing(check, text):
    assert check(make_sample(text)) == 0


@pytest.mark.parametrize(
    ("completion", "kept"),
    [
        ("<think>6 * 12</think><answer>72</answer>", True),
        ("6 * 12</think>\n<answer>72</answer>", True),
        ("<THINKING>6 * 12</THINKING><answer>72</answer>", True),
        ("<think>a</think><think>b</think><answer>1</answer>", False),
        ("<think>a</think><answer>1</answer><think>b</think>", False),
        ("<think>a</think><reasoning>b</reasoning><answer>1</answer>", False),
        ("<think>a<think>b</think></think><answer>1</answer>", False),
        ("<think>a</think></think><answer>1</answer>", False),
        ("<think>a</think><answer><think>1</answer>", False),
        ("<answer>1</answer>", False),
        ("<think> </think><answer>1</answer>", False),
        ("<think>\u200b.</think><answer>1</answer>", False),
        ("<think>a<answer>1</answer>", False),
        ("<think>a</think>", False),
        ("<think>a</think> <answer></answer>", False),
    ],
)
def test_the_format_of_the_reasoning(completion, kept):
    assert has_format(tags=["answer"], reasoning=True)(make_sample(completion)) is kept


def test_reasoning_alone_can_be_asked_for():
    check = has_format(reasoning=True)
    assert check(make_sample("<think>a</think>It is 72."))
    assert not check(make_sample("It is 72."))
    assert not check(make_sample("<think>a</think>."))


@pytest.mark.parametrize(
    ("completion", "kept"),
    [
        ("<work>6 * 12</work><answer>72</answer>\n#### 72", True),
        ("<answer>72</answer><work>6 * 12</work>\n#### 72", False),
        ("<work>x</work><answer></answer>\n#### 72", False),
        ("<work>x</work><answer>.</answer>\n#### 72", False),
        ("<work>x</work><answer>72</answer>\n####", False),
        ("<work>x</work><answer>72</answer>", False),
        ("<work>x</work><answer>1</answer><answer>2</answer>\n#### 72", False),
        ("<work>x</work><answer>72</answer>\n#### 1\n#### 2", False),
        ("<work>x<answer>72</answer></work>\n#### 72", False),
        ("</work><work></answer><answer>#### 72", False),
        ("", False),
    ],
)
def test_has_format(completion, kept):
    assert has_format(tags=["work", "answer"], markers=["####"])(make_sample(completion)) is kept


def test_in_script():
    assert in_script("latin")(make_sample("Das Mädchen, 72 Jahre")) == 1
    assert in_script("chinese")(make_sample("答案是 72。")) == 1
    assert in_script("latin")(make_sample("答案是")) == 0
    assert in_script("latin", at_least=1)(make_sample("ab答案")) == 0.5
    assert in_script("latin", at_least=0.5)(make_sample("ab答案")) == 1
    assert in_script("latin")(make_sample("72")) == 0


# Untyped for tests of misuse, which a type checker would refuse.
UNTYPED: Any = shaping


@pytest.mark.parametrize(
    "make",
    [
        lambda: UNTYPED.length(200, 100),
        lambda: UNTYPED.length(0, 100),
        lambda: UNTYPED.length(1.5, 100),
        lambda: UNTYPED.length(1, 2, unit="tokens"),
        lambda: UNTYPED.cosine_length("number", 10),
        lambda: UNTYPED.cosine_length(number(), 0),
        lambda: UNTYPED.cosine_length(number(), 10, share=2),
        lambda: UNTYPED.overlong(number(), 10, 20),
        lambda: UNTYPED.overlong(None, 20, 10),
        lambda: UNTYPED.has_format(reasoning="yes"),
        lambda: repetition(0),
        lambda: has_format(),
        lambda: has_format(tags="answer"),
        lambda: has_format(tags=["<answer>"]),
        lambda: has_format(markers=[""]),
        lambda: in_script("klingon"),
        lambda: in_script("latin", at_least=0),
    ],
)
def test_invalid_options_are_refused(make):
    with pytest.raises(DecorationError):
        make()
