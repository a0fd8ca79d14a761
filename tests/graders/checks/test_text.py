"""Checks of text: equality, normalization and refused options."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from graders import Abstain, Reward
from graders.checks import text
from graders.checks.numbers import number
from graders.checks.text import any_of, contains, exact, matches, normalized, starts_with
from graders.errors import ConfigurationError, DecorationError, RecordError
from graders.testing import make_sample
from support.doc_tables import page, rows, spans
from support.growth import assert_linear


def fits(check, completion, reference="Paris"):
    return bool(check(make_sample(completion, reference)))


@pytest.mark.parametrize(
    ("check", "completion", "reference", "right"),
    [
        (exact(), " Paris\n", "Paris", True),
        (exact(ignore_case=True), "PARIS", "Paris", True),
        (exact(), "a  b", "a b", False),
        (exact(ignore_space=True), "a \n b", "a b", True),
        (exact(), "cafe\u0301", "caf\u00e9", True),
        (exact(), "Par\u200bis", "Paris", True),
        (exact(), "72", 72, True),
        (exact(), "Lutetia", ["Paris", "Lutetia"], True),
        (exact(), "Rome", ["Paris", "Lutetia"], False),
        (normalized(), "`Paris`", "Paris", True),
        (normalized(), "(paris)", "Paris.", True),
        (normalized(), "3.5", "35", False),
        (normalized(), "50%", "50", False),
        (contains(ignore_case=False), "so PARIS it is", "Paris", False),
        (contains(), "10", "1", False),
        (contains(), "It is 1.", "1", True),
        (normalized(), "\u202ePar\u2066is", "Paris", True),
        (normalized(), "\uff30aris", "Paris", False),
        (exact(nfkc=True), "\ufb01ne", "fine", True),
        (contains(), "\u9996\u90fd\u662fParis\u3002", "Paris", True),
        (contains(), "I like C# and C++.", "C#", True),
        (contains(), "on .NET now", "NET", False),
        (contains(), "our R&D", "R", False),
        (contains(), "Answer:72", "72", True),
        (contains(), "non-positive", "positive", False),
        (contains(), "Not only Paris", "Paris", True),
        (contains(), "Not Paris? Yes, Paris.", "Paris", True),
        (exact(take="tag"), "<answer>\\boxed{42}</answer>", "42", True),
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
@settings(max_examples=50)
def test_a_right_word_is_paid_in_any_formatting_and_a_wrong_word_in_none(word, before, behind, dash):
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


@pytest.mark.parametrize(
    ("pattern", "engine", "text", "paid"),
    [
        (pattern.strip("`"), engine, text, paid)
        for pattern, cell, *cells in rows(page("answers.md"), "Patterns", 4)
        for text in spans(cell)
        for engine, paid in zip(("re", "re2"), cells, strict=True)
    ],
)
def test_a_pattern_fits_as_the_table_says_for_each_engine(pattern, engine, text, paid):
    if paid == "refused":
        with pytest.raises(DecorationError, match="rejects it"):
            matches(pattern, engine=engine, take=lambda given: given)
    else:
        check = matches(pattern, engine=engine, take=lambda given: given)
        assert fits(check, text) is (paid == "yes")


@given(
    st.sampled_from(
        ["[0-9]+ clips", "^a|b$", "(ab)+", "[^x]y", "x.z", "a{2,3}", "(?i)CAT", "(?m)^b$", "(?s)a.b"]
    ),
    st.text("aAbBcCtTxyz0 \n\u00e9", max_size=12),
    st.booleans(),
    st.booleans(),
)
def test_both_engines_agree_on_what_both_know_alike(pattern, text, whole, ignore_case):
    options: dict[str, Any] = {"whole": whole, "ignore_case": ignore_case}
    assert fits(matches(pattern, engine="re2", **options), text) is fits(matches(pattern, **options), text)


def test_re2_without_its_package_is_named_as_pip_knows_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "re2", None)
    with pytest.raises(ConfigurationError, match=r"package google-re2: pip install 'rft-graders\[regex\]'"):
        matches("a", engine="re2")
    assert fits(matches("a"), "a") is True


def test_re2_takes_linear_time_for_what_re_never_ends():
    check = matches("(a+)+$|(a|aa)*b", engine="re2", max_chars=10**6)
    assert_linear(check, lambda size: make_sample("a" * size + "!"), 800_000)


def test_re2_reads_half_a_surrogate_pair_as_an_unknown_character():
    assert fits(matches("^a.b$", engine="re2"), "a\ud800b") is True
    assert fits(matches(r"\?", engine="re2"), "a\ud800b") is False


# Untyped for tests of misuse, which a type checker would refuse.
UNTYPED: Any = text


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: UNTYPED.matches("("), "missing"),
        (lambda: UNTYPED.matches("a*"), "empty text"),
        (lambda: UNTYPED.matches(""), "not blank"),
        (lambda: UNTYPED.matches("a{99999999999999999999}"), "overflow|too large"),
        (lambda: UNTYPED.matches("a", engine="pcre"), "engine='pcre': write 're' or 're2'"),
        (lambda: UNTYPED.matches("a*", engine="re2"), "empty text"),
        (lambda: UNTYPED.matches("(", engine="re2"), r"RE2 rejects it \(missing \)"),
        (lambda: UNTYPED.matches("a\ud800", engine="re2"), "half of a surrogate pair"),
        (
            lambda: UNTYPED.matches(r"(a)\1", engine="re2"),
            r"invalid escape sequence: \\1\). It has no lookaround",
        ),
        (lambda: UNTYPED.matches("a", max_chars=0), "max_chars=0"),
        (lambda: UNTYPED.matches("a", whole=1), "whole=1"),
        (lambda: UNTYPED.exact(take="box"), "pass a function that takes a string, or write one of .*boxed"),
        (lambda: UNTYPED.exact(ignore_case="no"), "True or False"),
        (lambda: UNTYPED.contains(max_chars=1.5), "max_chars=1.5"),
        (lambda: UNTYPED.any_of(), "no checks"),
        (lambda: UNTYPED.any_of("exact"), "pass a function"),
    ],
)
def test_invalid_options_are_refused_immediately(make, message):
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
    assume(make_sample(reference).completion == reference)  # no reasoning or special tokens were removed
    try:
        same = fits(exact(ignore_space=True, ignore_case=True), other, reference)
    except RecordError:
        return
    assert fits(exact(), reference, reference)
    assert not same or fits(contains(), other, reference)


BRACKETS = [
    (chr(at), chr(at + 1))
    for at in (
        0x28,
        0x2018,
        0x201C,
        0x2039,
        0x27E8,
        0x2985,
        0x3008,
        0x300A,
        0x300C,
        0x3010,
        0x3014,
        0x3016,
        0xF3A,
    )
] + [("[", "]"), ("\u00ab", "\u00bb"), ("\u201e", "\u201c"), ("\uff08", "\uff09"), ("\u00bb", "\u00ab")]
NAMES = st.sampled_from(
    ["Paris", "S\u00e3o Paulo", "\u5df4\u9ece", "C++", "C#", ".NET", "3.5", "-5", "R&D", "50%", "\u0130zmir"]
)
MARKS = st.sampled_from(["", "\u200b", "\ufe0f", "\u2066", "\U000e0041", "\u00ad"])


@given(NAMES, st.sampled_from(BRACKETS), MARKS, st.sampled_from(["", ".", "\u3002", "!", "\u061f", "\u0964"]))
def test_a_right_name_is_paid_in_the_brackets_and_marks_of_every_script(name, brackets, mark, stop):
    dressed = f"{mark}{brackets[0]}{name[0]}{mark}{name[1:]}{brackets[1]}{stop}{mark}"
    assert fits(normalized(), dressed, name)
    assert fits(exact(), f"{mark}{name}{mark}", name)
    assert not fits(exact(), f"{brackets[0]}{name}{brackets[1]}", name)


@given(NAMES, NAMES, st.sampled_from(BRACKETS))
def test_one_name_is_never_paid_for_another(name, other, brackets):
    assume(name != other)
    for check in (exact(), normalized(), normalized(nfkc=True), contains(), starts_with()):
        assert not fits(check, other, name)
        assert not fits(check, f"{brackets[0]}{other}{brackets[1]}", name)
    for sign in ("#", "++", "\u266f", "\u0301", "x", "\u0662", "%", "\u00b2"):
        assert not fits(normalized(), f"{name}{sign}", name)


WORD = st.text("abcdefgxyz", min_size=1, max_size=6)


@given(WORD, WORD)
def test_a_hyphen_joins_a_word_to_the_one_before_it_and_a_letter_to_the_one_after_it(one, other):
    assume(one != other)
    for hyphen in ("-", "\u2010", "\u2011"):
        compound = f"so {one}{hyphen}{other}."
        assert not fits(contains(), compound, other)
        assert fits(contains(), compound, one) is (len(one) > 1)
        assert fits(contains(), compound, f"{one}-{other}")
    assert fits(contains(), f"so {one} - {other}.", other)


@pytest.mark.parametrize(
    "back", [" That is wrong.", " Actually, no.", "\nScratch that.", " Nein, das ist falsch."]
)
def test_what_the_text_takes_back_is_not_contained(back):
    for check in (contains(), starts_with()):
        assert not fits(check, "Paris." + back, "Paris")
        assert fits(check, "Paris. Many say Rome. That is wrong.", "Paris")


@pytest.mark.parametrize("name", ["contains", "starts_with", "normalized", "exact"])
def test_text_takes_linear_time(name):
    check = getattr(text, name)()
    for piece in (
        "a",
        "a ",
        "(",
        "\u300a",
        "\u200b",
        "not a ",
        "&amp;",
        "\u3002.",
        "a\u0301",
        "\u0301\u0316",
    ):
        make = lambda size: make_sample(piece * (size // len(piece)) + "b", "ab")  # noqa: B023, E731
        assert_linear(check, make, 100_000)
