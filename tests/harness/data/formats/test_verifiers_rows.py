from __future__ import annotations

import pytest

from harness.data.formats.importer import RowError
from harness.data.formats.verifiers_rows import VERIFIERS
from support.format_rows import FORMAT_ROWS

NEW, OLD, CUT = FORMAT_ROWS["verifiers"]


def test_a_row_becomes_a_rollout_of_its_example():
    (rollout,), lost = VERIFIERS.convert(NEW)
    assert rollout == {
        "record": 3,
        "messages": [*NEW["prompt"], *NEW["completion"]],
        "reference_answer": "Rome",
        "reward": 1.0,
        "info": {"difficulty": "easy"},
        "metrics": {"right": 1.0, "brief": 0.5},
        "tool_defs": NEW["tool_defs"],
    }
    assert set(lost) == {"timing", "is_completed", "is_truncated", "stop_condition", "token_usage"}


def test_a_row_of_older_versions_has_its_example_as_id():
    (rollout,), lost = VERIFIERS.convert(OLD)
    assert rollout["record"] == 0
    assert [message["content"] for message in rollout["messages"]] == ["The capital of Italy is", " Milan"]
    assert (rollout["reward"], rollout["right"], rollout["task"]) == (0.0, 0.0, "geography")
    assert set(lost) == {"generation_ms", "scoring_ms", "total_ms"}


def test_tool_calls_are_objects_again_and_a_cut_rollout_says_so():
    (rollout,), _ = VERIFIERS.convert(CUT)
    function = {"name": "look_up", "arguments": '{"of": "Italy"}'}
    assert rollout["messages"][2]["tool_calls"] == [
        {"id": "call_1", "type": "function", "function": function}
    ]
    assert rollout["finish_reason"] == "length"


@pytest.mark.parametrize("call", ["not JSON", {"type": "function", "function": {"name": "f"}}, "[1]", 5])
def test_tool_calls_of_other_shapes_stay_as_they_are(call):
    row = {**OLD, "completion": [{"role": "assistant", "content": "A", "tool_calls": [call]}]}
    (rollout,), _ = VERIFIERS.convert(row)
    found = rollout["messages"][-1]["tool_calls"]
    assert found == ([[1]] if call == "[1]" else [call])


def test_the_prompt_is_not_repeated_if_the_completion_is_the_whole_conversation():
    whole = [{**message, "tool_calls": None} for message in [*NEW["prompt"], *NEW["completion"]]]
    assert VERIFIERS.convert({**NEW, "completion": whole}).lines == VERIFIERS.convert(NEW).lines


def test_a_rollout_that_failed_later_has_no_reward():
    (rollout,), lost = VERIFIERS.convert({**OLD, "error": {"error": "SandboxError"}})
    assert "reward" not in rollout
    assert {"reward", "error"} <= set(lost)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({**NEW, "completion": None, "error": {"error": "ModelError"}}, "the rollout failed: ModelError"),
        ({**NEW, "completion": [], "error": "RateLimit()"}, r"the rollout failed: RateLimit\(\)"),
        ({**NEW, "completion": []}, "`completion` is neither a string nor a list"),
        ({**NEW, "completion": [{"role": "tool", "content": "A"}]}, "does not end with the assistant"),
        ({**NEW, "prompt": None}, "the row has no `prompt`"),
    ],
)
def test_a_row_without_an_answer_is_refused(row, why):
    with pytest.raises(RowError, match=why):
        VERIFIERS.convert(row)
