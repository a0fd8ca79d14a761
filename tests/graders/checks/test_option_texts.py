"""Choices answered with the letter or with the option's text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graders.checks.choices import choice
from graders.checks.text import contains, starts_with
from graders.errors import DecorationError, RecordError
from graders.testing import make_sample

CITIES = ["Rome", "Paris", "New York", "New York City"]
CHECK = choice(options="options")


def paid(completion, reference="B", options=CITIES, check=CHECK):
    return float(check(make_sample(completion, reference, options=options))) == 1


def unread(completion, reference="B", options=CITIES, check=CHECK):
    return check(make_sample(completion, reference, options=options)).metrics["unread"] == 1


@pytest.mark.parametrize(
    "completion",
    [
        *("B", "(B)", "Answer: B", "Paris", "paris.", "B) Paris", "B. Paris", "**Paris**", "Option B: Paris"),
        *("The answer is Paris", "The answer is Paris.", "The answer is **Paris**.", "\\boxed{Paris}"),
        *(
            "\\boxed{\\text{Paris}}",
            "<answer>Paris</answer>",
            "<answer>B) Paris</answer>",
            "Answer: B) Paris",
        ),
        *("The answer is B because Rome is in Italy", "The answer is Paris, because Rome is in Italy."),
        *(
            "It is far.\nAnswer: Paris",
            "It is far.\nParis",
            "答案是Paris。",
            "Antwort: Paris",
            "Answer: Paris (B)",
        ),
        *("A) Rome\nB) Paris\nThe answer is Paris.", "The answer is Rome. Wait, the answer is Paris."),
        *("Answer: Paris, not Rome", "The answer is Paris. Rome is wrong."),
    ],
)
def test_the_letter_or_the_text_of_its_option_answers(completion):
    assert paid(completion)
    assert paid(completion, "Paris")
    assert not paid(completion, "A")


@pytest.mark.parametrize(
    "completion",
    [
        *("B) Rome", "Answer: B) Rome", "\\boxed{B. Rome}", "The answer is Rome (B)", "Rome or Paris"),
        *("The answer is Paris or Rome", "Answer: Paris, Rome", "The answer is not Paris", "Paris is wrong"),
        *("The answer is Parisian", "Answer: Paris Saint-Germain", "I love Paris and Rome", ""),
        *(
            "The answer is Paris. The answer is Rome.",
            "Answer: Paris. That is wrong.",
            "Paris\nNo, that is wrong.",
        ),
        *(
            "If the answer is Paris, then",
            "Answer: D Paris",
            "It is not Paris",
            "The answer is Paris. Scratch that.",
        ),
        *("I doubt that the answer is Paris", "Answer: Paris is incorrect", "B) Rome\nParis"),
    ],
)
def test_what_disagrees_or_is_denied_is_unread(completion):
    for reference in "ABCD":
        assert not paid(completion, reference), reference
    assert unread(completion)


def test_the_longest_option_counts():
    assert paid("The answer is New York City.", "D")
    assert paid("The answer is New York.", "C")
    assert not paid("The answer is New York City.", "C")


def test_options_are_named_by_an_object_or_begin_with_their_letters():
    assert paid("The answer is Paris", "B", {"A": "Rome", "B": "Paris"})
    assert paid("The answer is Paris", "B", ["A) Rome", "B) Paris"])
    assert paid("Answer: -3", "A", ["-3", "3"])
    assert paid("Answer: 3", "B", ["-3", "3"])
    assert unread("Answer: 3.5", "B", ["-3", "3"])
    assert unread("Answer: 30", "B", [-3, 3])


def test_only_letters_that_have_an_option_can_answer():
    assert unread("D", "B", CITIES[:3])
    with pytest.raises(RecordError):
        paid("B", "D", CITIES[:3])


def test_an_option_that_reads_as_another_letter_is_several():
    vitamins = ["C", "K", "A", "B12"]
    assert unread("The answer is A", "B", vitamins)
    assert paid("The answer is K", "B", vitamins)
    with pytest.raises(RecordError, match="different options"):
        paid("C", "C", vitamins)


@pytest.mark.parametrize(
    ("options", "reference"),
    [
        *(
            ([], "A"),
            (["x"], "A"),
            (["x", " X. "], "A"),
            (list("vwxyz"), "A"),
            (["x", ""], "A"),
            (["x", None], "A"),
        ),
        *(
            (None, "A"),
            ("AB", "A"),
            ({"A": "x", "E": "y"}, "A"),
            ({"A": "x", "a": "y"}, "A"),
            ({"A": "x", "B": []}, "A"),
        ),
        *(
            (CITIES, "London"),
            (CITIES, "Rome or Paris"),
            (CITIES, "1"),
            (CITIES, 1),
            (CITIES, "B) Rome"),
            (CITIES, ""),
        ),
    ],
)
def test_a_record_without_an_answer_among_its_options_is_refused(options, reference):
    with pytest.raises(RecordError):
        paid("A", reference, options)


def test_an_index_counts_only_where_it_is_declared():
    for first in (0, 1):
        check = choice(options="options", first_index=first)
        for reference in (1 + first, str(1 + first)):
            assert paid("The answer is Paris", reference, check=check)
            assert paid("B", reference, None, choice(first_index=first))
        for reference in (4 + first, first - 1, "B", True, "1.0", "Paris"):
            with pytest.raises(RecordError):
                paid("B", reference, check=check)
    refused: list[Any] = [2, -1, True, "0"]
    for wrong in refused:
        with pytest.raises(DecorationError, match="first_index"):
            choice(first_index=wrong)
    with pytest.raises(DecorationError, match="options"):
        choice(options="")


FORMS = [
    "{}",
    "Answer: {}",
    "The answer is {}.",
    "\\boxed{{{}}}",
    "<answer>{}</answer>",
    "I think.\n{}",
    "答案是{}",
]
WORDS = st.lists(st.text("abcdeé ²-5", min_size=2, max_size=9), min_size=2, max_size=4)


@given(
    st.sampled_from("ABCD"),
    st.sampled_from("ABCD"),
    st.sampled_from(FORMS),
    st.sampled_from(["{0}", "{1}", "{0}) {1}"]),
)
def test_a_named_option_pays_only_when_it_is_the_references(right, named, form, shown):
    completion = form.format(shown.format(named, CITIES["ABCD".index(named)]))
    for reference in (right, CITIES["ABCD".index(right)]):
        assert paid(completion, reference) is (right == named)


@given(st.permutations(range(4)), st.sampled_from(FORMS))
def test_a_letter_next_to_the_text_of_another_option_is_never_paid(order, form):
    letter, text = "ABCD"[order[0]], CITIES[order[1]]
    for reference in "ABCD":
        assert not paid(form.format(f"{letter}) {text}"), reference)


@given(WORDS, st.text(max_size=20))
@settings(max_examples=50)
def test_no_options_and_no_text_raise_anything_but_a_record_error(options, completion):
    try:
        assert CHECK(make_sample(completion, "A", options=options)).value in (0, 1)
    except RecordError:
        pass


def test_records_with_equal_references_keep_their_own_options():
    for options in (CITIES, CITIES[::-1], CITIES):
        assert paid("Paris", "B", options) is (options is CITIES)


@pytest.mark.parametrize(
    ("check", "completion"), [(contains, "It is in Lutetia."), (starts_with, "Lutetia, of old")]
)
def test_alternatives_count_where_a_text_is_contained_or_begins(check, completion):
    sample = make_sample(completion, "Paris", aliases=["Lutetia"])
    assert float(check(alternatives="aliases")(sample)) == 1
    assert float(check()(sample)) == 0
