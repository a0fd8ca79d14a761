from __future__ import annotations

import pytest

from graders.adapters import from_trl
from graders.testing import make_sample
from harness.data.formats.importer import RowError
from harness.data.formats.trl_rows import TRL
from harness.data.identity import record_key
from support.format_rows import FORMAT_ROWS

STANDARD, PROMPT_ONLY, UNPAIRED, PREFERENCE, IMPLICIT, BOTH, WITH_TOOLS = FORMAT_ROWS["trl"]


def test_texts_become_messages():
    (rollout,), lost = TRL.convert(STANDARD)
    assert rollout == {
        "messages": [{"role": "user", "content": "The sky is"}, {"role": "assistant", "content": " blue."}],
        "reference_answer": "blue",
    }
    assert lost == ()


def test_a_prompt_alone_becomes_a_record_with_its_columns():
    (record,), _ = TRL.convert(PROMPT_ONLY)
    assert record == {
        "messages": PROMPT_ONLY["prompt"],
        "reference_answer": "blue",
        "difficulty": 3,
        "tools": [{"type": "function"}],
    }


@pytest.mark.parametrize("column", ["gold", "Ground Truth", "correctAnswer", "expected_output", "targets"])
def test_the_reference_is_found_under_the_names_that_data_sets_use(column):
    row = {"prompt": "What color is the sky?", column: ["blue"], "output": "green"}
    assert TRL.convert(row).lines[0]["reference_answer"] == ["blue"]
    assert not TRL.recognizes(row)
    del row["output"]
    assert TRL.recognizes(row)


def test_a_label_of_a_completion_is_its_reward_but_that_of_a_prompt_is_a_column():
    (rollout,), _ = TRL.convert(UNPAIRED)
    assert rollout["reward"] is True
    (record,), _ = TRL.convert({"prompt": "Spam?", "label": True})
    assert record["label"] is True
    assert "reward" not in record


def test_a_preference_becomes_two_rollouts_of_one_record():
    (chosen, rejected), lost = TRL.convert(PREFERENCE)
    assert (chosen["reward"], rejected["reward"]) == (True, False)
    assert (chosen["score"], "score" in rejected) == (8.5, False)
    assert record_key(chosen) == record_key(rejected)
    assert lost == ()


def test_conversations_that_contain_the_prompt_do_not_get_it_again():
    for row in (IMPLICIT, BOTH):
        (chosen, rejected), _ = TRL.convert(row)
        assert len(chosen["messages"]) == len(rejected["messages"]) == 2
        assert record_key(chosen) == record_key(rejected)


def test_tool_turns_are_unchanged():
    (rollout,), _ = TRL.convert(WITH_TOOLS)
    assert rollout["messages"] == [*WITH_TOOLS["prompt"], *WITH_TOOLS["completion"]]


def test_a_reward_function_of_trl_finds_its_columns_again():
    def right(completions, answer, difficulty, **_):
        return [float(answer[0] in completions[0][0]["content"]) * difficulty[0]]

    (line,), _ = TRL.convert({"prompt": "Sky?", "completion": "blue", "answer": "blue", "difficulty": 3})
    fields = {name: value for name, value in line.items() if name not in ("messages", "reference_answer")}
    sample = make_sample(line["messages"][-1]["content"], line["reference_answer"], **fields)
    assert from_trl(right, reference="answer")(sample).value == 3


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "Q", "reply": "A"},
        {"prompt": "Q", "modelResponses": [{"response": "A"}]},
        {"conversations": [], "chosen": {"value": "A"}, "rejected": {"value": "B"}},
    ],
)
def test_a_prompt_with_an_answer_under_another_name_is_not_recognized(row):
    assert not TRL.recognizes(row)
    assert TRL.recognizes({"prompt": "Q"})
    assert TRL.recognizes({"prompt": "Q", "answer": "A", "extra_info": {"index": 1}})


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"prompt": 5}, "neither a string nor a list of messages"),
        ({"prompt": "Q", "completion": {"role": "user", "content": "A"}}, "does not end with the assistant"),
        (
            {"chosen": "The sky is blue.", "rejected": "The sky is green."},
            "no `prompt`, and `chosen` does not",
        ),
        ({"prompt": "Q", "chosen": "A"}, "no `rejected`"),
        ({"prompt": "Q", "completions": ["A", "B"], "labels": [True, False]}, "steps of one answer"),
        ({"prompt": "Q", "chosen": IMPLICIT["chosen"], "rejected": "A"}, "does not contain the prompt"),
    ],
)
def test_an_undocumented_row_is_refused(row, why):
    with pytest.raises(RowError, match=why):
        TRL.convert(row)
