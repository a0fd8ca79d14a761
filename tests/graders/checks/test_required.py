"""Required and forbidden content in completions: words, patterns and fields, bad input, and time."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from graders import Reward
from graders.checks import required
from graders.checks._visible import visible
from graders.checks.required import must_contain, must_not_contain
from graders.errors import DecorationError, RecordError
from graders.testing import make_sample
from support.doc_tables import page, rows, spans
from support.growth import assert_linear

CHECKS = {"must_contain": must_contain, "must_not_contain": must_not_contain}
UNTYPED: Any = required
TABLE = [
    (call.strip("`"), text, float(paid))
    for call, cell, paid in rows(page("required.md"), "Phrases and patterns", 3)
    for text in spans(cell)
]


@pytest.mark.parametrize(("call", "text", "paid"), TABLE)
def test_a_completion_is_paid_as_the_page_says(call, text, paid):
    if "patterns" in call:
        pytest.importorskip("re2")
    assert eval(call, dict(CHECKS))(make_sample(text)).value == paid


def test_what_is_missing_and_what_is_there_is_named():
    found = must_contain(texts=["a", "b", "c"], partial=True)(make_sample("only b"))
    assert found == Reward(1 / 3, metrics={"unread": 0, "contained": 1 / 3})
    assert found.reason == "it does not contain 'a', 'c'"
    found = must_not_contain(texts=["a", "b", "c"])(make_sample("a and b"))
    assert found == Reward(0.0, metrics={"unread": 0, "contained": 2})
    assert found.reason == "it contains 'a', 'b'"


def test_the_record_lists_texts_too():
    check = must_contain(texts=["a"], field="words")
    assert check(make_sample("a b", words=["b"])).value == 1
    assert check(make_sample("a c", words=["b"])).value == 0
    assert check(make_sample("a", words=[])).value == 1
    assert must_contain(field="words")(make_sample("b", words="b")).value == 1
    assert must_contain(field="reference_answer")(make_sample("a, b", ["a", "b"])).value == 1
    assert must_contain(field="words")(make_sample("a, b", {"words": ["a", "c"]})).value == 0
    assert must_not_contain(field="words")(make_sample("a", words=["b"])).value == 1


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "the record's words is not a list of strings"),
        ({"words": None}, "is not a list of strings"),
        ({"words": 7}, "is not a list of strings"),
        ({"words": ["a", 7]}, "is not a list of strings"),
        ({"words": []}, "words is empty: list the strings there"),
        ({"words": [" "]}, "words lists a blank string"),
        ({"words": ["\u200b"]}, "words lists a blank string"),
    ],
)
@pytest.mark.parametrize("make", CHECKS.values())
def test_a_record_that_asks_for_nothing_is_the_record_s_fault(make, fields, message):
    with pytest.raises(RecordError, match=message):
        make(field="words")(make_sample("a", **fields))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("must_contain()", "it requires nothing: write texts"),
        ("must_not_contain(texts=[])", "it requires nothing"),
        ("must_contain(texts='refund')", "texts='refund': write a list of strings"),
        ("must_contain(texts=[' '])", "not blank"),
        ("must_contain(texts=[7])", "not blank"),
        ("must_contain(texts=['a'], need='some')", "need='some': write 'all' or 'any'"),
        ("must_contain(texts=['a'], need='any', partial=True)", "leave out need='any'"),
        ("must_contain(texts=['a'], whole=1)", "write True or False"),
        ("must_contain(texts=['a'], ignore_case=1)", "write True or False"),
        ("must_contain(texts=['a'], partial=1)", "write True or False"),
        ("must_contain(field=' ')", "not blank"),
        ("must_contain(texts=['a'], take='x')", "write one of"),
    ],
)
def test_an_invalid_option_is_refused(call, message):
    with pytest.raises(DecorationError, match=message):
        eval(call, dict(vars(UNTYPED)))


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(a", r"RE2 rejects it \(missing \)"),
        ("(?=a)", "invalid perl operator"),
        ("a*", "matches the empty"),
    ],
)
def test_an_invalid_pattern_is_refused(pattern, message, capfd):
    pytest.importorskip("re2")
    with pytest.raises(DecorationError, match=message):
        must_contain(patterns=[pattern])
    assert capfd.readouterr() == ("", "")


def test_a_pattern_is_looked_for_in_any_text_and_in_linear_time():
    pytest.importorskip("re2")
    check = must_not_contain(patterns=["(a+)+b"])
    assert check(make_sample("\ud800 ab")).value == 0
    assert check(make_sample("x" + "a" * 500_000)).value == 1


@pytest.mark.parametrize("make", CHECKS.values())
def test_an_empty_or_invisible_completion_earns_nothing(make):
    for text in ("", " ", "\n", "\u200b", "...", "\u2800"):
        assert make(texts=["a"])(make_sample(text)) == Reward(0.0, metrics={"unread": 1, "contained": 0})
    assert make(texts=["!"])(make_sample("!!")).value == 0
    assert make(texts=["a"], take="tag")(make_sample("a b")).metrics["unread"] == 1


WORD = st.text("abc\u00e9\u4e2d\u0939\u093f12", min_size=1, max_size=4)
BETWEEN = st.sampled_from([" ", ", ", ". ", "\n", " - ", "\u3002", "\u200b "])


@given(st.lists(st.tuples(WORD, BETWEEN), min_size=1, max_size=8), WORD)
def test_a_word_is_found_only_where_it_is_a_whole_word(pairs, word):
    text = "".join(one + between for one, between in pairs)
    written = [one for one, _ in pairs]
    for wanted in written:
        assume("\u4e2d" in wanted or not wanted.startswith("\u093f"))
        assert must_contain(texts=[wanted])(make_sample(text)).value == 1
        assert must_not_contain(texts=[wanted])(make_sample(text)).value == 0
    if not any("\u4e2d" in one for one in (word, *written)) and word not in written:
        assert must_contain(texts=[word])(make_sample(text)).value == 0


@given(st.text(), st.text(min_size=1))
def test_must_contain_and_must_not_contain_are_never_both_paid(text, wanted):
    assume(visible(wanted).strip())
    try:
        one, other = (
            make(texts=[wanted], field="more")(make_sample(text, more=["zzz"])) for make in CHECKS.values()
        )
    except RecordError:
        return
    assert one.value + other.value <= 1


@pytest.mark.parametrize("make", CHECKS.values())
def test_it_takes_linear_time(make):
    check = make(texts=["ab", "a b", "\u4e2d"])
    for piece in ("a", "a ", "b", "\n", "\u0301\u0316", "\u4e2d", "ab"):
        assert_linear(check, lambda size: make_sample(piece * (size // len(piece)) + "c"), 40_000)  # noqa: B023


@pytest.mark.parametrize("make", CHECKS.values())
def test_a_string_without_visible_characters_is_refused(make):
    for text in ("", " ", "\u00ad", "\u200b \u2060"):
        with pytest.raises(DecorationError, match="string that is not blank"):
            make(texts=[text])


@pytest.mark.parametrize("said", ["_refund_", "__refund__", "re**fund**", "*refund*", "re<b>fund</b>"])
def test_emphasis_hides_no_forbidden_text(said):
    assert must_not_contain(texts=["refund"])(make_sample(f"We give a {said} today")).value == 0


def test_an_underscore_inside_of_a_word_is_no_emphasis():
    assert must_not_contain(texts=["refund"])(make_sample("call my_refund_function")).value == 1


@given(
    st.integers(0, 10**6).map(str),
    st.sampled_from(
        [
            "-{}",
            "x = -{}",
            "−{}",
            "({}/7)",
            "1/{}",
            "{}^2",
            "2^{}",
            "{}.5",
            "7.{}",
            "{}:30",
            "7-{}",
            "{}–7",
            "-${}",
        ]
        + ["±{}", "√{}", "{}'000", "{}×10^3", "{}e3", "x{}", "{}th", "{}²", "{}½", "x_{}"]
    ),
)
def test_another_number_does_not_contain_a_number(number, form):
    text = f"So: {form.format(number)}."
    assert must_contain(texts=[number])(make_sample(text)).value == 0
    assert must_contain(texts=[number])(make_sample(f"{text} {number}")).value == 1


@given(
    st.integers(0, 10**6).map(str),
    st.sampled_from(["{}.", "${}", "{} %", "{}%", "{}°", "({})", "**{}**", "_{}_"]),
)
def test_markup_and_units_leave_a_number_what_it_is(number, form):
    text = f"So: {form.format(number)}"
    assert must_contain(texts=[number])(make_sample(text)).value == 1
    assert must_not_contain(texts=[number])(make_sample(text)).value == 0
