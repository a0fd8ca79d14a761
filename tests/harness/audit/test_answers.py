from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.audit.answers import Answers, answers_in, drawn_evenly, fewer, form_alone, formats_tried, kind_in
from harness.audit.case import Case, Subject
from support.auditing import audited_case, number_records
from support.graded_by import handler, tagged

NONE: Any = None
ANY = Case(Subject(number_records(2), "records.jsonl", (1, 2)), NONE, NONE)


@pytest.fixture
def case(tmp_path):
    with audited_case(tmp_path, handler("marked(text) == gold")) as case:
        yield case


def test_right_answers_are_read_as_the_format_reads_them(case):
    answers = answers_in(case, case.known.formats[0])
    assert answers.kind == kind_in(case) == "number"
    assert answers.gold == {at: str(one["reference_answer"]) for at, one in enumerate(case.subject.records)}
    assert answers_in(case, case.known.formats[0], [3]).gold == {3: answers.gold[3]}
    assert answers.distinct([1, 1, 2]) == 2
    assert form_alone(case) is None


def test_a_slow_grader_is_asked_about_fewer_records(case):
    quick = fewer(case, 24)
    case.collector._spent_ms, case.collector._graded = 10_000.0, 100
    assert fewer(case, 24) < max(quick, 24)
    assert fewer(case, 24) >= 4
    assert formats_tried(case) == case.known.formats[:1]


@given(st.lists(st.sampled_from("ABC"), min_size=1, max_size=40), st.integers(1, 12))
def test_few_labels_are_drawn_evenly(labels, count):
    answers = Answers(NONE, "choice", dict(enumerate(labels)))
    drawn = drawn_evenly(ANY, answers, count, "test")
    assert len(drawn) == len(set(drawn)) == min(count, len(labels))
    counts = {label: sum(labels[at] == label for at in drawn) for label in set(labels)}
    for label, taken in counts.items():
        assert taken >= min(labels.count(label), min(count, len(labels)) // len(counts))
    assert drawn == drawn_evenly(ANY, answers, count, "test")


def test_a_reward_of_form_alone_has_no_answers(tmp_path):
    with audited_case(tmp_path, handler("'<answer>' in text"), tagged(), kind="format") as case:
        assert form_alone(case)
