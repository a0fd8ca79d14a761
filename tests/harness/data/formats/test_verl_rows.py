from __future__ import annotations

import pytest

from harness.data.formats.importer import RowError
from harness.data.formats.verl_rows import VERL
from support.format_rows import FORMAT_ROWS


def test_a_row_becomes_a_record_with_its_fields():
    (record,), lost = VERL.convert(FORMAT_ROWS["verl"][0])
    assert record == {
        "messages": [{"role": "user", "content": "What is 6 * 12? Write the answer after ####."}],
        "reference_answer": "72",
        "data_source": "openai/gsm8k",
        "ability": "math",
        "extra_info": {"split": "train", "index": 7, "answer": "6 * 12 = 72 #### 72"},
    }
    assert lost == ("reward_model.style",)


def test_a_system_message_and_several_answers_are_kept():
    (record,), _ = VERL.convert(FORMAT_ROWS["verl"][1])
    assert [message["role"] for message in record["messages"]] == ["system", "user"]
    assert record["reference_answer"] == ["4", "four"]


def test_a_prompt_that_is_text_becomes_the_users_message():
    (record,), lost = VERL.convert(FORMAT_ROWS["verl"][2])
    assert record["messages"] == [{"role": "user", "content": "Sort."}]
    assert lost == ()


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"prompt": "Q", "reward_model": {"ground_truth": None}}, "no `reward_model.ground_truth`"),
        ({"prompt": 5, "reward_model": {"ground_truth": "A"}}, "neither a string nor a list of messages"),
        ({"prompt": [], "reward_model": {"ground_truth": "A"}}, "neither a string nor a list of messages"),
    ],
)
def test_a_row_without_prompt_or_answer_is_refused(row, why):
    with pytest.raises(RowError, match=why):
        VERL.convert(row)
