"""Labels next to each other, in several claims, or retracted right after the claim."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.checks.choices import label
from graders.extract._conjunctions import AND, OR
from graders.testing import make_sample

FORMS = ["{a} {b}", "{a} or {b}", "{a}, {b}", "{a}/{b}", "{a} / {b}", "{a}-{b}", "{a}; {b}", "{a}\n{b}"]
FORMS += ["Answer: {a} {b}", "Answer: {a}, {b}", "Answer: {a} or Answer: {b}.", "{a} or Answer: {b}"]
FORMS += ["{a} \\lor {b}", "${a} \\vee {b}$", "{a} ∨ {b}", "{a} \\text{{ or }} {b}", "{a} \\quad {b}"]
FORMS += ["\\boxed{{{a}}} or \\boxed{{{b}}}", "Answer: {a}\n{b}", "{a} and/or {b}", "{a} or rather {b}"]
FORMS += [
    "{a} {b} because both fit",
    "{a} {b} maybe {a}",
    "The answer is {a}. The answer is {b}.",
    "({a}) ({b})",
]
SETS = [["yes", "no"], ["true", "false"], ["positive", "negative", "neutral"], ["not spam", "spam", "no"]]
SETS += [["likely", "unlikely"], ["A", "B"]]


def paid(names, text):
    """Return the labels for which a completion earns the full reward."""
    return [name for name in names if float(label(names)(make_sample(text, name)))]


@given(st.sampled_from(FORMS), st.sampled_from(SETS).flatmap(lambda names: st.permutations(names)))
def test_two_different_labels_side_by_side_earn_nothing(form, names):
    for write in (str, str.upper, str.capitalize):
        text = form.format(a=write(names[0]), b=write(names[1]))
        assert not paid(names, text), text


@given(st.lists(st.sampled_from(["yes", "no"]), min_size=2, max_size=9), st.sampled_from([" ", ", ", " / "]))
def test_a_row_of_labels_is_read_only_where_all_are_the_same(row, between):
    expected = [row[0]] if len(set(row)) == 1 else []
    assert paid(["yes", "no"], between.join(row)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Answer: no, that is wrong",
        "Answer: no. That is wrong.",
        "Answer: no, which is wrong",
        "\\boxed{no} This is wrong.",
        "no (this is wrong)",
        "No (wrong).",
        "no [wrong]",
        "Answer: no [incorrect]",
        "yes [wrong]",
        "yes (this is wrong)",
        "yes \\text{ is wrong}",
        "yes \\text{is wrong}",
        "Answer: yes. On reflection, that was a mistake.",
        "yes no maybe true false",
    ],
)
def test_a_label_that_is_retracted_directly_after_it_is_unread(text):
    assert not paid(["yes", "no"], text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("No, yes is wrong", "no"),
        ("No. That is wrong.", "no"),
        ("No, that is wrong.", "no"),
        ("Answer: no. It is not true.", "no"),
        ("no (yes would be wrong)", "no"),
        ("Answer: no. Yes would need a proof.", "no"),
        ("Yes. No other city is larger.", "yes"),
        ("Yes no other city is larger", "yes"),
        ("Answer: yes, no other reading is possible", "yes"),
        ("Yes (no doubt)", "yes"),
        ("The answer is yes.\nWait.\nThe answer is no.", "no"),
        ("The answer is yes. The final answer is no.", "no"),
        ("Answer: yes\nAnswer: no", "no"),
        ("No, the answer is no good here.\nAnswer: yes", "yes"),
        ("If the answer is yes, it rains. The answer is no.", "no"),
        ("yes yes yes", "yes"),
        ("\\text{yes}", "yes"),
    ],
)
def test_a_reason_after_a_label_leaves_it(text, name):
    assert paid(["yes", "no"], text) == [name]


def test_a_hyphen_before_a_label_makes_another_word_of_it():
    for text in ("anti-positive", "It is quasi-positive.", "positive-negative"):
        assert not paid(["positive", "negative"], text), text
    assert paid(["non-spam", "spam"], "non-spam") == ["non-spam"]


def test_a_label_that_announcements_use_as_a_filler_is_read():
    for text in ("Answer: likely", "The answer is likely.", "Answer: likely, since it rains."):
        assert paid(["likely", "unlikely"], text) == ["likely"], text
    assert paid(["likely", "unlikely"], "The answer is likely unlikely.") == []


@pytest.mark.parametrize("joint", [*OR.split("|"), *AND.split("|"), "或者", "หรือ", "또는", "أو", "या"])
@pytest.mark.parametrize("form", ["{}", "Answer: {}", "The answer is {}.", "So {}"])
def test_two_labels_with_a_conjunction_are_no_answer_in_any_language(joint, form):
    check = label(["positive", "negative"])
    for text in (f"positive {joint} negative", f"negative {joint} positive"):
        assert check(make_sample(form.format(text), "positive")).metrics["unread"] == 1, text
