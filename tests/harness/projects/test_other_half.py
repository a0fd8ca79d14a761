from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.clock import ManualClock
from harness.projects.imported import ImportedGrader
from harness.projects.made_up_samples import shortfall_notes
from harness.projects.other_half import records_of, rollouts_of

ASKS = ImportedGrader("kind", "grader", "reward", {}, (), asks_judge=True)
TURN = {"role": "user", "content": "Which team?"}
VALUES = st.one_of(st.text(min_size=1), st.integers(), st.lists(st.text(), max_size=2))


def made_up(completion, **fields):
    """A grader that was tried on one made-up record with these fields."""
    record = {"messages": [TURN], **fields}
    rollout = {**record, "messages": [TURN, {"role": "assistant", "content": completion}]}
    return replace(ASKS, records=(record,), rollouts=(rollout,))


def completions(imported, *records):
    found = rollouts_of([{"messages": [TURN], **each} for each in records], imported).rollouts
    return [each["messages"][-1]["content"] for each in found if each["id"].startswith("made-up-1/")]


@given(
    st.lists(
        st.fixed_dictionaries(
            {"reference_answer": st.text(min_size=1)}, optional={"level": VALUES, "more": VALUES}
        ),
        min_size=1,
        max_size=6,
    )
)
def test_records_of_rollouts_of_records_are_those_records(fields):
    records = [
        {"messages": [{"role": "user", "content": f"Question {number}?"}], **each}
        for number, each in enumerate(fields)
    ]
    made = records_of(rollouts_of(records, ASKS).rollouts)
    assert list(made.values) == records


def test_a_completion_is_spelled_like_the_one_that_the_grader_told_apart():
    imported = made_up("so #### 42", reference_answer="42")
    assert completions(imported, {"reference_answer": "7"}, {"reference_answer": "8"}) == [
        "so #### 7",
        "7",
        "so #### 8",
        "8",
        "",
    ]


def test_a_completion_of_json_gets_the_record_s_values_and_stays_json():
    imported = made_up('{"team": "a", "level": 1}', team="a", level=1)
    assert completions(imported, {"team": 'the "best"', "level": 2}) == [
        '{"team": "the \\"best\\"", "level": 2}',
        "",
    ]


def test_a_record_without_the_made_up_fields_gets_the_completion_as_it_is():
    assert completions(made_up("a", team="a"), {"group": "b"}) == ["a", ""]


def test_only_the_first_records_get_completions():
    records = [{"messages": [TURN], "reference_answer": str(number)} for number in range(100)]
    assert len(rollouts_of(records, ASKS).rollouts) == 12 * 3


GRADER = """
from graders import grader

@grader(max_error_rate=1)
def reward(sample):
    return {}
"""
RECORDS = [{"messages": [TURN], "reference_answer": each} for each in ("red", "green")]


class Hasty(ManualClock):
    """A clock that advances 12 seconds whenever it is read, so the third reading is past the limit."""

    def monotonic(self):
        self.sleep(12)
        return super().monotonic()


def graded(paid, clock=None):
    """Return the made-up rollouts for a grader that returns the expression `paid`."""
    files = {"grader.py": GRADER.format(paid).encode()}
    return rollouts_of(RECORDS, replace(ASKS, files=files, asks_judge=False), clock)


def said(made):
    return [note.what for note in shortfall_notes("r.jsonl", made)]


def test_a_grader_that_tells_the_records_apart_needs_no_note():
    made = graded("sample.completion == sample.reference_answer")
    assert made.rewards == (1, 0, 0, 1, 0, 0)
    assert said(made) == []


@pytest.mark.parametrize(
    ("paid", "notes"),
    [
        ("0.5", ["no made-up completion earned more than another"]),
        ("bool(sample.completion)", ["no made-up right answer earned more than a wrong one"]),
        (
            "1 / len(sample.completion)",
            ["2 more made-up completions got no reward, and were left out: ZeroDivisionError"],
        ),
    ],
)
def test_what_the_completions_do_not_show_of_the_grader_is_said(paid, notes):
    found = said(graded(paid))
    assert all(each.startswith(note) for each, note in zip(found, notes, strict=True))


def test_a_grader_that_takes_too_long_is_said_with_what_it_graded():
    made = graded("len(sample.completion) / 9", Hasty())
    assert 0 < len(made.rollouts) < 6
    assert said(made)[-1].startswith(
        "not every made-up completion was tried, because trying stops after 30 seconds"
    )
