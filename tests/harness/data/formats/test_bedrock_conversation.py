"""Rows of the conversation format in which Bedrock fine-tunes Nova."""

from __future__ import annotations

import pytest

from harness.data.formats.all_importers import importers_of
from harness.data.formats.bedrock_conversation import BEDROCK_CONVERSATION
from harness.data.formats.importer import RowError
from support.format_rows import FORMAT_ROWS

CONVERSATION, RECORD, WITH_IMAGE = FORMAT_ROWS["bedrock-conversation"]


def test_a_conversation_becomes_a_rollout_with_its_system_prompt():
    (rollout,), lost = BEDROCK_CONVERSATION.convert(CONVERSATION)
    assert rollout["messages"] == [
        {"role": "system", "content": "You are a digital assistant."},
        {"role": "user", "content": "What country is Italy near?"},
        {"role": "assistant", "content": "It is near France."},
    ]
    assert lost == ("schemaVersion",)


def test_one_that_ends_with_the_user_becomes_a_record_with_its_tools():
    (record,), lost = BEDROCK_CONVERSATION.convert(RECORD)
    assert record["messages"][0]["content"] == [
        {"type": "text", "text": "Be brief."},
        {"type": "text", "text": "Be kind."},
    ]
    assert (record["reference_answer"], record["topic"]) == ("4", "sums")
    assert record["tools"] == RECORD["toolConfig"]["tools"]
    assert lost == ("toolConfig.toolChoice",)


def test_content_with_more_than_text_is_unchanged():
    (record,), _ = BEDROCK_CONVERSATION.convert(WITH_IMAGE)
    assert record["messages"] == WITH_IMAGE["messages"]


def test_a_system_prompt_beside_the_messages_is_recognized_in_any_form():
    row = {"messages": [{"role": "user", "content": "2 + 2?"}], "system": "Be brief."}
    assert BEDROCK_CONVERSATION.recognizes(row)
    assert BEDROCK_CONVERSATION.convert(row).lines[0]["messages"][0] == {
        "role": "system",
        "content": "Be brief.",
    }
    assert not BEDROCK_CONVERSATION.recognizes({**row, "system": 5})
    assert importers_of([{**row, "answer": "4"}]) == [BEDROCK_CONVERSATION]
    assert BEDROCK_CONVERSATION.convert({**row, "answer": "4"}).lines[0]["reference_answer"] == "4"
    own = {"messages": [{"role": "system", "content": "Be kind."}, *row["messages"]], "system": "unix"}
    assert not BEDROCK_CONVERSATION.recognizes(own)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"messages": []}, "`messages` is neither a string nor a list"),
        ({"system": {"text": "Be brief."}}, "`system` is neither a string nor a list of strings"),
    ],
)
def test_a_row_without_messages_is_refused(change, why):
    with pytest.raises(RowError, match=why):
        BEDROCK_CONVERSATION.convert({**CONVERSATION, **change})
