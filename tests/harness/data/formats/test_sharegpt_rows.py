from __future__ import annotations

import pytest

from harness.data.formats.importer import RowError
from harness.data.formats.sharegpt_rows import SHAREGPT
from support.format_rows import FORMAT_ROWS

PLAIN, WITH_TOOLS, RECORD, PREFERENCE = FORMAT_ROWS["sharegpt"]


def test_a_conversation_that_ends_with_the_model_becomes_a_rollout():
    (rollout,), lost = SHAREGPT.convert(PLAIN)
    assert rollout == {
        "messages": [
            {"role": "user", "content": "Who are you?"},
            {"role": "assistant", "content": "I am a model."},
        ],
        "row_id": "identity_0",
    }
    assert lost == ()


def test_tool_turns_keep_their_places():
    (rollout,), lost = SHAREGPT.convert(WITH_TOOLS)
    roles = [message["role"] for message in rollout["messages"]]
    assert roles == ["system", "user", "assistant", "tool", "assistant"]
    assert lost == ("conversations[].weight",)


def test_a_conversation_that_ends_with_the_user_becomes_a_record():
    (record,), _ = SHAREGPT.convert(RECORD)
    assert record == {
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "2 + 2?"}],
        "reference_answer": "four",
        "source": "sums",
    }


def test_a_preference_becomes_two_rollouts():
    lines, _ = SHAREGPT.convert(PREFERENCE)
    assert [(line["messages"][-1]["content"], line["reward"]) for line in lines] == [
        ("Blue.", True),
        ("A fish.", False),
    ]


@pytest.mark.parametrize(
    ("turns", "why"),
    [
        ([{"from": "narrator", "value": "Once"}], "a turn is from `narrator`"),
        ([{"from": "human", "value": None}], "the `value` of a turn is not text"),
        ([], "no turns in `conversations`"),
    ],
)
def test_a_conversation_of_another_kind_is_refused(turns, why):
    with pytest.raises(RowError, match=why):
        SHAREGPT.convert({"conversations": turns})
