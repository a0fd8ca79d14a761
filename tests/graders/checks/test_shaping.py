"""Rewards for form: their curves, and that form alone never passes for an answer."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders import Abstain, Reward
from graders.checks import shaping
from graders.checks.numbers import number
from graders.checks.shaping import cosine_length, has_format, in_script, length, repetition
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


@given(st.integers(1, 3000), st.integers(1, 3000))
def test_a_longer_right_answer_never_earns_more(one, other):
    shorter, longer = sorted((one, other))
    for check in (length(500, 2000), cosine_length(lambda sample: True, 2000)):
        rewards = [check(make_sample("x" * size)) for size in (shorter, longer)]
        values = [float(reward) for reward in rewards if not isinstance(reward, Abstain)]
        assert 1 >= values[0] >= values[1] >= 0


def test_repetition_is_the_share_of_new_pieces():
    check = repetition(2)
    assert check(make_sample("one two three four")) == 1
    assert check(make_sample("a b a b a")) == 0.5
    assert check(make_sample("A a " * 500)) < 0.01
    assert check(make_sample("one")) == 1
    assert check(make_sample("same " * 300_000)) < 0.001


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


# Misused on purpose, which a type checker would refuse first.
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
        lambda: repetition(0),
        lambda: has_format(),
        lambda: has_format(tags="answer"),
        lambda: has_format(tags=["<answer>"]),
        lambda: has_format(markers=[""]),
        lambda: in_script("klingon"),
        lambda: in_script("latin", at_least=0),
    ],
)
def test_options_that_cannot_be_meant_are_refused(make):
    with pytest.raises(DecorationError):
        make()
