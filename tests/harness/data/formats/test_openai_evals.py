"""Output items of OpenAI's Evals API."""

from __future__ import annotations

import pytest

from harness.data.formats.importer import RowError
from harness.data.formats.openai_evals import OPENAI_EVALS
from support.format_rows import FORMAT_ROWS

ITEM, OF_A_FILE, WITHOUT_SCORES = FORMAT_ROWS["openai-evals"]


def test_an_output_item_becomes_a_rollout_with_its_score():
    (rollout,), lost = OPENAI_EVALS.convert(ITEM)
    assert rollout == {
        "id": "outputitem_67abd55e",
        "record": 137,
        "messages": [
            {"role": "user", "content": "Capital of Italy?"},
            {"role": "assistant", "content": "Rome"},
        ],
        "reference_answer": "Rome",
        "model": "gpt-4o-2024-08-06",
        "finish_reason": "stop",
        "reward": 1.0,
        "metrics": {"String check": 1.0},
        "question": "Capital of Italy?",
        "ground_truth": "Rome",
    }
    assert {"results[].type", "sample.usage", "status"} <= set(lost)


def test_the_line_of_a_file_is_the_item_and_several_scores_are_metrics():
    (rollout,), _ = OPENAI_EVALS.convert(OF_A_FILE)
    assert (rollout["topic"], rollout["reference_answer"]) == ("capitals", "Rome")
    assert "reward" not in rollout
    assert rollout["metrics"] == {"String check": 1.0, "Brief": 0.5}


def test_an_empty_error_is_not_an_error():
    (rollout,), _ = OPENAI_EVALS.convert(WITHOUT_SCORES)
    assert rollout["reference_answer"] == "Roma"


@pytest.mark.parametrize(
    ("sample", "why"),
    [
        ({"error": {"code": "timeout", "message": "too slow"}}, "the call failed: too slow"),
        ({"output": []}, "the row has no `sample.choices`"),
        ({"input": None}, "neither `sample.messages` nor `sample.input`"),
    ],
)
def test_an_item_without_an_answer_is_refused(sample, why):
    with pytest.raises(RowError, match=why):
        OPENAI_EVALS.convert({**ITEM, "sample": {**ITEM["sample"], **sample}})
