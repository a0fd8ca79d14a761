from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.clock import ManualClock
from harness.projects.made_up_samples import MadeUp, made_up, make_up, shortfall_notes
from harness.projects.read_keys import ReadKeys

GRADER = """
from graders import Abstain, grader

@grader(max_error_rate=1)
def reward(sample):
    reference = sample.reference_answer
    {body}
"""


def write(body):
    def write_grader(folder):
        file = folder / "grader.py"
        file.write_text(GRADER.format(body=body))
        return file

    return write_grader


@pytest.mark.parametrize(
    ("body", "keys", "texts", "right", "reference"),
    [
        ("return sample.completion == '#### ' + reference", ReadKeys(), ["#### (x)"], "#### 42", "42"),
        (
            "return '#' in reference and sample.completion == reference",
            ReadKeys(),
            ["####"],
            "#### 42",
            "#### 42",
        ),
        (
            "return '<answer>' + reference['a'] in sample.completion",
            ReadKeys("r", ("a",)),
            [],
            "<answer>42</answer>",
            {"a": "42"},
        ),
        (
            "return sample.fields['sizes'] == [42] and sample.completion == '42'",
            ReadKeys(fields=(("sizes", "list"),)),
            [],
            None,
            None,
        ),
    ],
)
def test_the_shapes_that_are_told_apart_best_are_kept(body, keys, texts, right, reference):
    found = make_up(write(body), keys, texts)
    assert found.problem is None
    if right is not None:
        assert len(found.records) == 3
        assert len(found.rollouts) == 9
        assert found.rollouts[0]["messages"][-1]["content"] == right
        assert found.rollouts[0]["reference_answer"] == found.records[0]["reference_answer"] == reference


def test_samples_that_cannot_be_graded_are_left_out():
    found = make_up(write("return 1 / len(sample.completion) * len(sample.prompt) / 100"), ReadKeys(), [])
    assert found.rollouts
    assert all(each["messages"][-1]["content"] for each in found.rollouts)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("raise ValueError('never')", "never"),
        ("return Abstain('not mine')", "not mine"),
        (")", "importing it failed"),
    ],
)
def test_where_none_can_be_graded_the_first_reason_is_said(body, problem):
    found = make_up(write(body), ReadKeys(), [])
    assert found.rollouts == ()
    assert found.problem is not None
    assert problem in found.problem


def test_fields_have_values_of_the_types_that_are_written():
    keys = ReadKeys(
        fields=(("a", "list[int]"), ("b", "List[List[str]]"), ("c", ""), ("d", "bool"), ("e", "dict"))
    )
    record, _ = next(made_up(keys))
    assert {name: record[name] for name in "abcde"} == {"a": 42, "b": ["42"], "c": "42", "d": True, "e": {}}


def test_where_every_made_up_completion_is_paid_the_same_the_report_says_so_with_a_step():
    found = make_up(write("return 0.25"), ReadKeys(), [])
    [note] = shortfall_notes("r.py", found)
    assert note.what.startswith("no made-up completion earned more than another")
    assert "earn 0.25" in note.what
    assert "a right completion" in str(note.step)


def test_where_right_answers_are_paid_no_more_than_wrong_ones_the_report_says_so():
    [note] = shortfall_notes("r.py", make_up(write("return bool(sample.completion)"), ReadKeys(), []))
    assert note.what.startswith("no made-up right answer earned more than a wrong one")


def test_completions_that_were_left_out_are_counted_with_the_reason():
    body = "return (sample.completion == reference) / len(sample.completion)"
    [note] = shortfall_notes("r.py", make_up(write(body), ReadKeys(), []))
    assert note.what.startswith("3 more made-up completions got no reward, and were left out: ")
    assert "division by zero" in note.what


def test_a_search_that_ran_out_of_time_says_so():
    class Hasty(ManualClock):
        def monotonic(self):
            self.sleep(31)
            return super().monotonic()

    late = make_up(write("return -3"), ReadKeys(), [], Hasty())
    assert late.rollouts == ()
    assert "30 seconds" in str(late.problem)


@given(st.lists(st.floats(-5, 5), min_size=1), st.booleans())
def test_samples_that_do_not_show_right_from_wrong_never_pass_without_a_note(rewards, told_apart):
    samples = MadeUp(rewards=tuple(rewards), told_apart=told_apart and len({*rewards}) > 1)
    assert bool([*samples.shortfalls()]) is not samples.told_apart
