"""Similarity compared with nltk, rouge-score and rapidfuzz."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders import Reward
from graders.checks import fuzzy as fuzzy_module
from graders.checks import similarity
from graders.checks._overlap import _longest_common
from graders.checks._stems import stem
from graders.checks._tokens import CUTS
from graders.checks.fuzzy import fuzzy
from graders.checks.similarity import bleu, gleu, meteor, rouge, token_f1
from graders.errors import ConfigurationError, DecorationError, RecordError
from graders.testing import make_sample
from support.doc_tables import page, rows, spans
from support.growth import assert_linear, seconds

FACTORIES = {each.__name__: each for each in (token_f1, bleu, gleu, rouge, meteor, fuzzy)}
PAGE = page("similarity.md")
MAT = "The cat sat on the mat."
WORDS = st.lists(st.text("abcde", min_size=1, max_size=4), min_size=5, max_size=12)
CHECKS = {
    "token_f1": token_f1(),
    "bleu": bleu(),
    "gleu": gleu(),
    "rouge": rouge(),
    "rouge 2": rouge(n=2),
    "meteor": meteor(),
    "fuzzy": fuzzy(),
}
each_check = pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)


def figures() -> list[dict[str, str]]:
    """Return the values of nltk 3.10.4 (METEOR without synonyms), rouge-score 0.1.2 and rapidfuzz 3.14.6.

    nltk's METEOR and BLEU used the tokens of its `wordpunct_tokenize`. Methods 5 and 7 of its BLEU can exceed
    1; such values are stored as 1.
    """
    with Path(__file__).with_name("similarity_figures.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_the_figures_are_those_of_the_libraries():
    known: dict[str, Any] = {}
    recorded = figures()
    assert len(recorded) > 150
    for row in recorded:
        call = row["check"]
        check = known.setdefault(call, eval(call, dict(FACTORIES)))
        found = check(make_sample(row["completion"], row["reference"])).value
        assert found == pytest.approx(float(row["figure"]), abs=1e-6), row


@pytest.mark.parametrize(
    ("call", "text", "found"),
    [(call.strip("`"), text, found) for call, cell, found in rows(PAGE, "Tokens", 3) for text in spans(cell)],
)
def test_a_text_is_cut_as_the_page_says(call, text, found):
    assert " ".join(CUTS[call](text)) == found.strip("`")


@pytest.mark.parametrize(
    ("call", "completion", "reference", "paid"),
    [
        (call.strip("`"), completion, reference.strip("`"), paid)
        for call, cell, reference, paid in rows(PAGE, "Examples of rewards", 4)
        for completion in spans(cell)
    ],
)
def test_a_completion_is_paid_as_the_page_says(call, completion, reference, paid):
    found = eval(call, dict(FACTORIES))(make_sample(completion, reference))
    if paid == "unread":
        assert (found.value, found.metrics["unread"]) == (0, 1)
    else:
        assert (round(found.value, 2), found.metrics["unread"]) == (float(paid), 0)


@given(WORDS)
def test_the_reference_is_paid_in_full_whatever_its_case_and_punctuation(words):
    reference = " ".join(words)
    spelled = f"**{', '.join(words).title()}!**"
    for name, check in CHECKS.items():
        assert check(make_sample(reference, reference)).value == 1, name
        if name != "fuzzy":
            assert check(make_sample(spelled, reference)).value == 1, name


@given(WORDS, st.lists(st.text("uvwxyz", min_size=1, max_size=4), min_size=1, max_size=9))
def test_nothing_in_common_earns_nothing(words, others):
    for name, check in CHECKS.items():
        found = check(make_sample(" ".join(others), " ".join(words)))
        assert (found.value, found.metrics["unread"]) == (0, 0), name


@given(WORDS, st.data())
def test_every_reward_is_in_range_and_another_word_costs_something(words, data):
    changed = data.draw(st.lists(st.sampled_from([*words, "zebra"]), min_size=1, max_size=20))
    for name, check in CHECKS.items():
        found = check(make_sample(" ".join(changed), " ".join(words)))
        assert 0 <= found.value <= 1, name
        assert "zebra" not in changed or found.value < 1, name


@given(st.lists(st.sampled_from("abc"), max_size=12), st.lists(st.sampled_from("abc"), max_size=12))
def test_the_longest_common_subsequence_is_that_of_the_table(one, other):
    table = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i, mine in enumerate(one):
        for j, theirs in enumerate(other):
            same = table[i][j] + 1 if mine == theirs else 0
            table[i + 1][j + 1] = max(same, table[i][j + 1], table[i + 1][j])
    assert _longest_common(one, other) == table[-1][-1]


def test_words_are_stemmed_as_porter_and_nltk_do():
    for words, stems in (
        ("caresses ponies ties caress cats flies dies", "caress poni tie caress cat fli die"),
        ("feed agreed plastered bled motoring sing spied", "feed agre plaster bled motor sing spi"),
        (
            "conflated troubled sized hopping falling hissing failing filing",
            "conflat troubl size hop fall hiss fail file",
        ),
        (
            "happy sky enjoy by relational conditional formalli geology",
            "happi sky enjoy by relat condit formal geolog",
        ),
        ("triplicate formative goodness revival adoption activate", "triplic form good reviv adopt activ"),
        ("probate rate cease controll roll proceed", "probat rate ceas control roll proceed"),
    ):
        assert " ".join(map(stem, words.split())) == stems
    assert stem("a" * 200 + "ing") == "a" * 200 + "ing"


def test_of_several_references_the_best_counts():
    sample = make_sample("It sat there.", ["The dog.", "It sat there"], other=["Nothing"])
    assert token_f1()(sample).value == 1
    assert token_f1(alternatives="other")(make_sample("Nothing", MAT, other=["Nothing"])).value == 1
    with pytest.raises(RecordError, match="the record's other is not a list of strings"):
        token_f1(alternatives="other")(make_sample("Nothing", MAT))


def test_what_is_not_similar_enough_earns_nothing_and_is_still_told():
    sample = make_sample("the cat ran off", MAT)
    assert token_f1()(sample) == Reward(0.4, metrics={"unread": 0.0, "similarity": 0.4})
    assert token_f1(at_least=0.5)(sample) == Reward(0.0, metrics={"unread": 0.0, "similarity": 0.4})


@each_check
def test_what_is_too_long_or_holds_nothing_is_unread(check):
    for completion in ("", " ", "...", "\u200b", "\u2060.\u200b", f"{MAT} " * 500):
        found = check(make_sample(completion, MAT))
        assert (found.value, found.metrics) == (0, {"unread": 1, "similarity": 0})


@pytest.mark.parametrize(
    ("check", "reference", "message"),
    [
        (token_f1(), "...", r"is not a string to compare with: it contains no tokens \(tokens='words'\)"),
        (rouge(tokens="rouge"), "東京", r"it contains no tokens \(tokens='rouge'\)"),
        (bleu(), "The cat", "order=4 needs 4 tokens, and it has 2"),
        (rouge(n=3), "The cat", "n=3 needs 3 tokens, and it has 2"),
        (token_f1(max_chars=5), MAT, "it is longer than max_chars=5"),
        (fuzzy(), "?!", "nothing is left to compare"),
    ],
)
def test_a_reference_that_no_answer_could_be_paid_for_is_the_records_fault(check, reference, message):
    for completion in ("The cat", ""):
        with pytest.raises(RecordError, match=message):
            check(make_sample(completion, reference))


def test_fuzzy_without_its_package_names_the_line_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "rapidfuzz", None)
    monkeypatch.delitem(sys.modules, "rapidfuzz.fuzz", raising=False)
    with pytest.raises(
        ConfigurationError, match=r"package rapidfuzz: pip install 'rft-graders\[similarity\]'"
    ):
        fuzzy()
    assert token_f1()(make_sample(MAT, MAT)).value == 1


# Untyped for tests of misuse, which a type checker would refuse.
UNTYPED: Any = similarity
FUZZY: Any = fuzzy_module.fuzzy


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: UNTYPED.token_f1(tokens="bpe"), "tokens='bpe': write one of words, rouge"),
        (lambda: UNTYPED.token_f1(tokens=None), "write one of words"),
        (lambda: UNTYPED.token_f1(at_least=2), "at_least=2: write a number from 0 to 1"),
        (lambda: UNTYPED.token_f1(max_chars=10**6), "max_chars=1000000: write a whole number up to 100000"),
        (lambda: UNTYPED.token_f1(take="answer"), "take='answer'"),
        (lambda: UNTYPED.token_f1(alternatives=""), "not blank"),
        (lambda: UNTYPED.bleu(order=0), "order=0: write a whole number from 1 to 9"),
        (lambda: UNTYPED.bleu(order=10), "from 1 to 9"),
        (lambda: UNTYPED.bleu(smoothing=8), "0 to 7"),
        (lambda: UNTYPED.bleu(smoothing="method1"), "smoothing='method1'"),
        (lambda: UNTYPED.bleu(smoothing=6, order=2), "write order=4"),
        (lambda: UNTYPED.rouge(n="l"), "n='l': write a whole number from 1 to 5, or 'L'"),
        (lambda: UNTYPED.rouge(n=True), "n=True"),
        (lambda: UNTYPED.rouge(n=6), "n=6"),
        (lambda: UNTYPED.rouge(stem=1), "True or False"),
        (lambda: UNTYPED.meteor(stem="porter"), "True or False"),
        (lambda: FUZZY(method="partial_ratio"), "write one of ratio, token_sort_ratio, WRatio"),
        (lambda: FUZZY(method="WRatio", max_chars=10_000), "up to 5000"),
        (lambda: FUZZY(process="lower"), "write one of normalized, default_process, none"),
        (lambda: FUZZY(process=None), "process=None"),
    ],
)
def test_invalid_options_are_refused_immediately(make, message):
    with pytest.raises(DecorationError, match=message):
        make()


@pytest.mark.parametrize("name", sorted(FACTORIES))
def test_a_megabyte_is_unread_within_half_a_second(name):
    check = FACTORIES[name]()
    sample = make_sample("the cat " * 131_072, MAT)
    assert seconds(check, sample) < 0.5
    assert check(sample).metrics["unread"] == 1


HOSTILE = ["a ", "a-", "1.", "cat sat ", "\u0301", "ing ", "yyyy", "\u6771"]


@pytest.mark.parametrize("unit", HOSTILE)
@pytest.mark.parametrize("name", ["token_f1", "bleu", "gleu", "meteor"])
def test_time_is_linear_in_the_text(name, unit):
    check = FACTORIES[name](max_chars=100_000)
    assert_linear(check, lambda size: make_sample((unit * size)[:size], f"{unit * 40} cat b c d e"), 100_000)
