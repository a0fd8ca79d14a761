"""Rows with a question and an answer, or with an instruction and an output."""

from __future__ import annotations

import pytest

from harness.data.formats.importer import RowError
from harness.data.formats.question_rows import ALPACA, QUESTION_ANSWER
from support.format_rows import FORMAT_ROWS


def test_an_instruction_and_its_input_are_one_prompt():
    (record,), lost = ALPACA.convert(FORMAT_ROWS["alpaca"][1])
    assert record["messages"] == [{"role": "user", "content": "Translate to French.\n\ngood morning"}]
    assert record["reference_answer"] == "bonjour"
    assert lost == ()


def test_a_history_becomes_turns():
    (record,), _ = ALPACA.convert(FORMAT_ROWS["alpaca"][2])
    roles = [message["role"] for message in record["messages"]]
    assert roles == ["system", "user", "assistant", "user", "assistant", "user"]


def test_the_final_answer_comes_before_the_worked_one_which_stays_a_field():
    (record,), _ = QUESTION_ANSWER.convert(FORMAT_ROWS["question-answer"][1])
    assert record == {
        "messages": [{"role": "user", "content": "Solve x + 1 = 3."}],
        "reference_answer": "2",
        "solution": "x = 3 - 1 = 2",
        "level": "Level 1",
    }


@pytest.mark.parametrize(
    ("importer", "row", "why"),
    [
        (ALPACA, {"instruction": "Do.", "output": None}, "the row has no `output`"),
        (ALPACA, {"instruction": "Do.", "input": ["a"], "output": "A"}, "not both texts"),
        (ALPACA, {"instruction": "Do.", "history": [["a"]], "output": "A"}, "not a list of pairs"),
        (QUESTION_ANSWER, {"question": "Q", "answer": None}, "no answer"),
        (QUESTION_ANSWER, {"question": ["Q"], "answer": "A"}, "no question that is a string"),
        (QUESTION_ANSWER, {"question": "Q", "choices": ["a"], "answer": 0}, "`choices` is not part of the"),
        (QUESTION_ANSWER, {"question": "Q", "image_path": "a.png", "gold": "A"}, "`image_path` is not part"),
    ],
)
def test_a_row_without_question_or_answer_is_refused(importer, row, why):
    with pytest.raises(RowError, match=why):
        importer.convert(row)
