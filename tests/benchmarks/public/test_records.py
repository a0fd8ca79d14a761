"""Records for audits of public graders are the same in every run, each with the answer to its prompt."""

from __future__ import annotations

from itertools import permutations

import pytest

from benchmarks.public.cases import CASES
from benchmarks.public.records import MAKERS, records
from benchmarks.public.reproduce import gold_of


@pytest.mark.parametrize("maker", MAKERS)
def test_records_are_the_same_in_every_run_and_their_answers_differ(maker):
    made = list(records(maker, 60))
    assert made == list(records(maker, 60))
    golds = [gold_of(record) for record in made]
    assert all(golds)
    assert len(set(golds)) >= 8


def test_the_answer_in_a_worked_reference_follows_the_last_marker():
    assert gold_of({"reference_answer": {"text": "2 #### 3 is wrong\n#### -4.5"}}) == "-4.5"
    assert gold_of({"reference_answer": "the Selm"}) == "the Selm"


def test_word_problems_are_solved():
    for record in records("word_problems", 40):
        question, answer = record["messages"][0]["content"], float(record["reference_answer"])
        numbers = [int(word.strip(".")) for word in question.split() if word.strip(".").isdigit()]
        assert answer in {a * b + sign * c for a, b, c in permutations(numbers) for sign in (1, -1)}


def test_every_case_has_records_a_right_answer_and_a_fault():
    for case in CASES:
        assert case.records in MAKERS or case.package == "reasoning-gym"
        assert case.right is None or "{gold}" in case.right
        assert case.faults
    assert len({case.name for case in CASES}) == len(CASES)
