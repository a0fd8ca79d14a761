from __future__ import annotations

import pytest

from harness.data.formats.eval_protocol_rows import EVAL_PROTOCOL
from harness.data.formats.importer import RowError
from support.format_rows import FORMAT_ROWS

RESULT, INPUT, UNSCORED = FORMAT_ROWS["eval-protocol"]


def test_a_result_becomes_a_rollout():
    (rollout,), lost = EVAL_PROTOCOL.convert(RESULT)
    assert rollout == {
        "id": "red-owl",
        "record": "capital-7",
        "messages": [
            {"role": "user", "content": "Capital of Italy?"},
            {"role": "assistant", "content": "Rome", "reasoning_content": "Easy."},
        ],
        "reference_answer": "Rome",
        "model": "qwen3-32b",
        "finish_reason": "stop",
        "reward": 0.875,
        "metrics": RESULT["evaluation_result"]["metrics"],
        "dataset_info": {"region": "Europe"},
    }
    assert "evaluation_result.reason" in lost
    assert "input_metadata.completion_params.temperature" in lost


def test_an_input_becomes_a_record_that_keeps_its_name():
    (record,), lost = EVAL_PROTOCOL.convert(INPUT)
    assert record == {
        "messages": INPUT["messages"],
        "reference_answer": {"capital": "Rome"},
        "task_id": "capital-8",
    }
    assert lost == ("rollout_status",)


def test_a_score_that_is_not_valid_is_no_reward():
    (rollout,), lost = EVAL_PROTOCOL.convert(UNSCORED)
    assert "reward" not in rollout
    assert rollout["topic"] == "capitals"
    assert lost == ("evaluation_result",)


def test_the_status_of_an_evaluation_that_failed_leaves_a_finished_rollout_alone():
    row = {**RESULT, "rollout_status": {"code": 13, "message": "a tool crashed"}}
    assert EVAL_PROTOCOL.convert(row).lines == EVAL_PROTOCOL.convert(RESULT).lines


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({**INPUT, "rollout_status": {"code": 13, "message": "a tool crashed"}}, "failed: a tool crashed"),
        ({**INPUT, "rollout_status": {"code": 14}}, "the rollout failed: status 14"),
        ({**INPUT, "messages": []}, "`messages` is neither"),
    ],
)
def test_a_row_without_a_conversation_is_refused(row, why):
    with pytest.raises(RowError, match=why):
        EVAL_PROTOCOL.convert(row)
