"""A wrapped grader gives the grader's rewards in every form in which an auditor calls it."""

from __future__ import annotations

import importlib.util
import json

import pytest

from benchmarks.auditors.adapter import lay_out
from support.planted import FIRST_GOOD, FIRST_PLANTED, path_of, right_of, tasks_of, wrong_of
from support.planted.forms import answer_text

ROWS = {row.name: row for row in (*FIRST_PLANTED, *FIRST_GOOD)}


@pytest.fixture
def wrapped(tmp_path):
    def of(row):
        tasks = tasks_of(row.kind, 5)
        answers = [answer_text(task.answer) for task in tasks]
        lay_out(tmp_path, path_of(row.grader).read_text(), row.name, row.records(20), answers)
        spec = importlib.util.spec_from_file_location("wrapped", tmp_path / "wrapped.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return of


@pytest.mark.parametrize("name", ["sign_lost", "letter_anywhere", "keys_alone"])
def test_every_way_to_call_it_pays_a_right_answer(wrapped, tmp_path, name):
    row = ROWS[name]
    module = wrapped(row)
    lines = [json.loads(line) for line in tmp_path.joinpath("tasks.jsonl").read_text().splitlines()]
    assert len(lines) == 5
    for line, task in zip(lines, tasks_of(row.kind, 5), strict=True):
        right, chat = right_of(row.kind, task, row.form), [{"role": "assistant", "content": "nothing"}]
        assert task.prompt in line["prompt"]
        assert module.paid_for_answer(right, line["answer"], line["task_id"]) == 1.0
        assert module.paid_for_batch([right, chat], [line["task_id"]] * 2) == [1.0, 0.0]
        assert module.score(line, right) == 1.0
        assert module._paid_for_chat([{"role": "assistant", "content": right}], line["task_id"]) == 1.0


def test_an_auditor_with_answers_of_its_own_asks_under_them(wrapped):
    module = wrapped(ROWS["sign_lost"])
    assert module.paid_for_reference("#### 42", "42") == 1.0
    assert module.paid_for_reference("#### 43", "42") == 0.0


def test_a_wrong_answer_is_paid_where_the_fault_pays_it(wrapped):
    row = ROWS["sign_lost"]
    module = wrapped(row)
    [task] = tasks_of(row.kind, 1)
    assert module.score({"task_id": "0"}, wrong_of(row.kind, task, row.form)) == 0.0
    assert module.score({}, "#### 1") == 0.0
