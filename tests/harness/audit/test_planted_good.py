from __future__ import annotations

import tempfile

import pytest

from support.judge_endpoint import Answer, JudgeEndpoint
from support.planted import FIRST_GOOD, rollout, rollouts_of, tasks_of
from support.planted.forms import answer_text, form_of
from support.planted.trying import rewards, rollouts_for

GOOD = [row for row in FIRST_GOOD if row.kind not in ("judge", "format", "code")]
FILLERS = ("", ",", ".", "-", "?", "nan", "inf", "None", "null", "{}", "[]", "0 or 1", "\u200b", "x" * 1000)


def in_form(row, text):
    """Return a completion with `text` in place of the answer, or as the call for tool graders."""
    working = "The text says so."
    if row.kind == "tools":
        return f"<tool_call>{text}</tool_call>"
    return form_of(row.kind, row.form).write(text, working)


@pytest.mark.parametrize("row", GOOD, ids=lambda row: row.name)
def test_what_fills_the_place_of_the_answer_earns_nothing(row):
    records = row.records(3)
    rollouts = [
        rollout(record, in_form(row, text), f"{at}/{text[:9]}")
        for at, record in enumerate(records)
        for text in FILLERS
    ]
    assert set(rewards(row.grader, rollouts)) == {0.0}


@pytest.mark.parametrize("row", GOOD, ids=lambda row: row.name)
def test_another_records_answer_earns_nothing(row):
    tasks, records = tasks_of(row.kind, 12), row.records(12)
    rollouts = [
        rollout(record, in_form(row, answer_text(other.answer)))
        for record, task, other in zip(records, tasks, tasks[1:] + tasks[:1], strict=True)
        if task.answer != other.answer
    ]
    assert len(rollouts) >= 5
    assert max(rewards(row.grader, rollouts)) <= 0.3


@pytest.mark.parametrize("row", [row for row in GOOD if row.kind != "tools"], ids=lambda row: row.name)
def test_several_answers_at_once_earn_nothing(row):
    tasks, records = tasks_of(row.kind, 4), row.records(4)
    answers = list(
        dict.fromkeys([answer_text(task.answer) for task in tasks] + [answer_text(tasks[0].wrong)])
    )
    assert len(answers) >= 2
    texts = [in_form(row, joint.join(answers)) for joint in (", ", " or ", " and ")]
    rollouts = [rollout(record, text) for record in records for text in texts]
    assert set(rewards(row.grader, rollouts)) == {0.0}


@pytest.mark.parametrize("row", GOOD, ids=lambda row: row.name)
def test_recorded_rollouts_are_paid_as_they_are_labeled(row):
    rollouts = rollouts_of(row.kind, 8, 6, form=row.form)
    paid = rewards(row.grader, rollouts)
    for each, reward in zip(rollouts, paid, strict=True):
        assert (reward > 0.79) == each["label"], each["messages"][-1]["content"]


def test_form_alone_wants_words_in_both_tags():
    [row] = [row for row in FIRST_GOOD if row.kind == "format"]
    [record] = row.records(1)
    texts = ["", "hello", "<think></think><answer></answer>", "<think>.</think><answer>,</answer>"]
    assert rewards(row.grader, [rollout(record, text) for text in texts]) == [0.0] * 4


def test_code_is_paid_only_when_it_passes(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    [row] = [row for row in FIRST_GOOD if row.kind == "code"]
    [record] = row.records(1)
    name = record["entry_point"]
    bodies = [
        "import sys\nsys.exit(0)",
        "print('ALL TESTS PASSED')",
        f"def {name}(given):\n    raise NotImplementedError",
        f"def {name}(given):\n    return []",
        f"class Same:\n    __eq__ = lambda self, other: True\ndef {name}(given):\n    return Same()",
    ]
    texts = [f"```python\n{body}\n```" for body in bodies]
    assert rewards(row.grader, [rollout(record, text) for text in texts]) == [0.0] * len(texts)


def test_a_judge_by_label_is_read_as_it_says(monkeypatch):
    [row] = [row for row in FIRST_GOOD if row.name == "judged"]
    verdicts = iter(({"reason": "same", "label": "good"}, {"reason": "other", "label": "poor"}))
    with JudgeEndpoint(lambda asked: Answer(next(verdicts))) as endpoint:
        for name, value in endpoint.variables.items():
            monkeypatch.setenv(name, value)
        assert rewards(row.grader, rollouts_for(row, count=1)) == [1.0]
        assert rewards(row.grader, rollouts_for(row, count=1)) == [0.0]
