"""Checks of text: what counts as the same, and what is refused when a check is made."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from graders import Abstain, Reward
from graders.checks import text
from graders.checks.numbers import number
from graders.checks.text import any_of, contains, exact, matches, normalized, starts_with
from graders.errors import DecorationError, RecordError
from graders.testing import make_sample


def fits(check, completion, reference="Paris"):
    return bool(check(make_sample(completion, reference)))


@pytest.mark.parametrize(
    ("check", "completion", "reference", "right"),
    [
        (exact(), " Paris\n", "Paris", True),
        (exact(), "Paris.", "Paris", False),
        (exact(ignore_case=True), "PARIS", "Paris", True),
        (exact(ignore_case=True), "STRASSE", "straße", True),
        (exact(), "a  b", "a b", False),
        (exact(ignore_space=True), "a \n b", "a b", True),
        (exact(), "cafe\u0301", "caf\u00e9", True),
        (exact(), "Par\u200bis", "Paris", True),
        (exact(), "it\u2019s", "it's", True),
        (exact(), "72", 72, True),
        (exact(), "Lutetia", ["Paris", "Lutetia"], True),
        (exact(), "Rome", ["Paris", "Lutetia"], False),
        (normalized(), "`Paris`", "Paris", True),
        (normalized(), "(paris)", "Paris.", True),
        (normalized(), "-5", "5", False),
        (normalized(), "3.5", "35", False),
        (normalized(), "50%", "50", False),
        (contains(), "so PARIS it is", "Paris", True),
        (contains(ignore_case=False), "so PARIS it is", "Paris", False),
        (contains(), "10", "1", False),
        (contains(), "1.5", "1", False),
        (contains(), "1,000", "1", False),
        (contains(), "-1", "1", False),
        (contains(), "It is 1.", "1", True),
        (contains(), "Parisian, or Paris", "Paris", True),
        (normalized(), "state\u2011of\u2013the-art", "state-of-the-art", True),
        (normalized(), "R&amp;D", "R&D", True),
        (normalized(), "\u0130stanbul", "istanbul", True),
        (normalized(), "\u300c\u5df4\u9ece\u300d\u3002", "\u5df4\u9ece", True),
        (normalized(), "\u00abParis\u00bb", "Paris", True),
        (normalized(), "Windows\u2122", "windows", True),
        (normalized(), "\u202ePar\u2066is", "Paris", True),
        (normalized(), "cafe", "caf\u00e9", False),
        (normalized(), ".5", "5", False),
        (normalized(), "(.5)", ".5", True),
        (normalized(), "C#", "C", False),
        (normalized(), "\uff30aris", "Paris", False),
        (normalized(nfkc=True), "\uff30aris", "Paris", True),
        (exact(nfkc=True), "\ufb01ne", "fine", True),
        (exact(), "2\u00b2", "22", False),
        (contains(), "\u9996\u90fd\u662f\u5df4\u9ece\u3002", "\u5df4\u9ece", True),
        (contains(), "\u7b54\u3048\u306f\u6771\u4eac\u3067\u3059", "\u6771\u4eac", True),
        (contains(), "\u6771\u4eac\u3067\u306f\u306a\u3044", "\u6771\u4eac", False),
        (contains(), "\u4e0d\u662f\u5df4\u9ece", "\u5df4\u9ece", False),
        (contains(), "\u9996\u90fd\u662fParis\u3002", "Paris", True),
        (contains(), "I like C#", "C", False),
        (contains(), "I like C++.", "C", False),
        (contains(), "I like C# and C++.", "C#", True),
        (contains(), "on .NET now", "NET", False),
        (contains(), "our R&D", "R", False),
        (contains(), "2^72 or 12/72 or 72:30", "72", False),
        (contains(), "Answer:72", "72", True),
        (contains(), "not Paris", "Paris", False),
        (contains(), "It isn't in **Paris**.", "Paris", False),
        (contains(), "non-positive", "positive", False),
        (contains(), "Paris is wrong", "Paris", False),
        (contains(), "Paris is not the answer", "Paris", False),
        (contains(), "Not Rome, but Paris.", "Paris", True),
        (contains(), "Not only Paris", "Paris", True),
        (contains(), "No, Paris.", "Paris", True),
        (contains(), "Not Paris? Yes, Paris.", "Paris", True),
        (starts_with(), "Paris is incorrect", "Paris", False),
        (exact(take="tag"), "<answer>\\boxed{42}</answer>", "42", True),
        (exact(), "\\boxed{4} or {2}", "4", False),
        (exact(), "\\boxed{4", "4", False),
        (starts_with(), "paris is", "Paris", True),
        (starts_with(ignore_case=False), "paris is", "Paris", False),
        (starts_with(), "15", "1", False),
        (starts_with(), "1.5", "1", False),
    ],
)
def test_what_counts_as_the_same(check, completion, reference, right):
    assert fits(check, completion, reference) is right


def test_a_field_of_the_record_lists_accepted_alternatives():
    check = exact(alternatives="aliases")
    for aliases, right in ((["Lutetia"], 1), ([], 0), ("Lutetia", 1)):
        sample = make_sample("Lutetia", "Paris", aliases=aliases)
        assert float(check(sample)) == right
    for fields in ({}, {"aliases": 7}, {"aliases": [None]}, {"aliases": [""]}):
        with pytest.raises(RecordError):
            check(make_sample("Paris", "Paris", **fields))
    with pytest.raises(DecorationError, match="alternatives"):
        exact(alternatives="")


AROUND = st.sampled_from(["", "**", '"', " ", ".", "\u3002", "\u200b", "\u202e", "(", "\u00ab", "\u300d"])


WORD = st.from_regex(r"[A-Za-z\u00c0-\u00d6]{1,8}(-[a-z]{1,4})?", fullmatch=True)


@given(WORD, AROUND, AROUND, st.booleans())
def test_a_right_text_is_paid_in_any_dress_and_another_word_in_none(word, before, behind, dash):
    dressed = before + (word.replace("-", "\u2013") if dash else word).swapcase() + behind
    assume(dressed.casefold().upper() == dressed.upper())
    assert fits(normalized(), dressed, word)
    assert before == "." or fits(contains(), f"It is {before}{word}{behind}", word)
    for wrong in (f"not {dressed}", f"{dressed}s", f"{dressed} or Rome", f"x{dressed}"):
        assert not fits(normalized(), wrong, word)
    for wrong in (
        f"not {word}",
        f"{word}s",
        f"x{word}",
        f"{word}\u0301\u0323x",
        f"{word}#",
        f"{word} is wrong",
    ):
        assert not fits(contains(), wrong, word)


def test_length_caps():
    assert fits(contains(max_chars=20), "Paris" + " " * 15) is True
    assert fits(contains(max_chars=20), "Paris" + " " * 16) is False
    assert fits(matches("Paris", max_chars=20), "Paris" + "!" * 16) is False


def test_matches():
    assert fits(matches(r"\d+ clips"), "so 72 clips.") is True
    assert fits(matches(r"\d+ clips", whole=True), "so 72 clips.") is False
    assert fits(matches(r"\d+ CLIPS", whole=True, ignore_case=True), " 72 clips ") is True
    assert matches("x")(make_sample("x")) == Reward(1.0, metrics={"unread": 0.0})
    assert matches("x")(make_sample(" ")) == Reward(0.0, metrics={"unread": 1.0})


# Misused on purpose, which a type checker would refuse first.
UNTYPED: Any = text


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: UNTYPED.matches("("), "missing"),
        (lambda: UNTYPED.matches("a*"), "empty text"),
        (lambda: UNTYPED.matches(""), "not blank"),
        (lambda: UNTYPED.matches("a", max_chars=0), "max_chars=0"),
        (lambda: UNTYPED.matches("a", whole=1), "whole=1"),
        (lambda: UNTYPED.exact(take="box"), "pass a function of a text, or write one of .*boxed"),
        (lambda: UNTYPED.exact(ignore_case="no"), "True or False"),
        (lambda: UNTYPED.contains(max_chars=1.5), "max_chars=1.5"),
        (lambda: UNTYPED.any_of(), "nothing to choose"),
        (lambda: UNTYPED.any_of("exact"), "pass a function"),
    ],
)
def test_options_that_cannot_be_meant_are_refused_at_once(make, message):
    with pytest.raises(DecorationError, match=message):
        make()


def test_a_reference_of_nothing_but_punctuation_is_refused():
    for reference in ("...", "**", "\u200b"):
        with pytest.raises(RecordError):
            fits(normalized(), "...", reference)


def test_any_of_takes_the_best_and_passes_over_what_cannot_grade():
    either = any_of(number(), exact())
    assert fits(either, "Paris") is True
    assert fits(either, "72", "72") is True
    assert fits(either, "Rome") is False
    assert any_of(lambda sample: 0.2, lambda sample: Reward(0.7))(make_sample("x")) == Reward(0.7)
    abstaining = any_of(exact(), lambda sample: Abstain("no judge"))
    assert isinstance(abstaining(make_sample("Paris", "Paris")), Abstain)
    with pytest.raises(RecordError):
        fits(either, "x", "")
    with pytest.raises(ValueError, match="not finite"):
        fits(any_of(lambda sample: float("nan"), exact()), "x")


@given(st.text(min_size=1).filter(str.strip), st.text())
def test_exact_holds_for_the_reference_and_contains_is_weaker(reference, other):
    assume(make_sample(reference).completion == reference)  # which reasoning and special tokens are not
    try:
        same = fits(exact(ignore_space=True, ignore_case=True), other, reference)
    except RecordError:
        return
    assert fits(exact(), reference, reference)
    assert not same or fits(contains(), other, reference)
