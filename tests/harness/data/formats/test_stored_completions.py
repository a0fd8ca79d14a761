"""Stored calls to OpenAI's API."""

from __future__ import annotations

import pytest

from harness.data.formats.importer import RowError
from harness.data.formats.stored_completions import OPENAI_STORED
from harness.data.identity import record_key
from support.format_rows import FORMAT_ROWS

STORED, RESPONSE, LOGGED, CUT = FORMAT_ROWS["openai-stored"]


def test_a_stored_completion_becomes_a_rollout():
    (rollout,), lost = OPENAI_STORED.convert(STORED)
    assert rollout == {
        "id": "chatcmpl-abc123",
        "messages": [
            {"role": "system", "content": "Answer in a word."},
            {"role": "user", "content": "Capital of Italy?"},
            {"role": "assistant", "content": "Rome"},
        ],
        "model": "gpt-4o-2024-08-06",
        "finish_reason": "stop",
        "row_metadata": {"answer": "Rome"},
    }
    assert {"usage", "seed", "temperature", "request_id"} <= set(lost)


def test_a_response_becomes_a_rollout_with_its_instructions_and_reasoning():
    (rollout,), _ = OPENAI_STORED.convert(RESPONSE)
    assert rollout["messages"] == [
        {"role": "system", "content": "Answer in a word."},
        {"role": "user", "content": "Italy?"},
        {"role": "assistant", "content": "Rome", "reasoning_content": "It is easy."},
    ]
    assert rollout["row_metadata"] == {"topic": "capitals"}


def test_each_choice_is_a_rollout_of_one_record():
    (first, second), lost = OPENAI_STORED.convert(LOGGED)
    assert [first["id"], second["id"]] == ["chatcmpl-abc123-1", "chatcmpl-abc123-2"]
    assert record_key(first) == record_key(second)
    assert second["messages"][-1]["refusal"] == "I may not say."
    assert first["tools"] == LOGGED["request"]["tools"]
    assert first["reference_answer"] == "Rome"
    assert {"request.temperature", "request.model"} <= set(lost)


def test_a_truncated_response_says_so():
    (rollout,), _ = OPENAI_STORED.convert(CUT)
    assert rollout["finish_reason"] == "length"


def test_a_completion_of_a_plain_prompt_is_read_too():
    choice = {"index": 0, "text": " Rome.", "finish_reason": "stop"}
    row = {"object": "text_completion", "prompt": "The capital of Italy is", "choices": [choice]}
    assert OPENAI_STORED.recognizes(row)
    (rollout,), _ = OPENAI_STORED.convert(row)
    assert [message["content"] for message in rollout["messages"]] == ["The capital of Italy is", " Rome."]


def test_choices_of_a_multiple_choice_question_are_not_recognized():
    assert not OPENAI_STORED.recognizes({"question": "2 + 2?", "choices": ["3", "4"], "answer": 1})


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"input": None}, r"no prompt: put what `chat.completions.messages.list` returns into it"),
        ({"choices": []}, "the row has no `choices`"),
        ({"choices": [{"finish_reason": "stop"}]}, r"no `choices\[0\].message`"),
        ({"conversation": {"id": "conv_1"}}, "`conversation` refers to it"),
        ({"instructions": 5}, "`instructions` is not text"),
        ({"error": {"message": "overloaded"}}, "the call failed: overloaded"),
    ],
)
def test_a_completion_that_lacks_something_is_refused(change, why):
    with pytest.raises(RowError, match=why):
        OPENAI_STORED.convert({**STORED, **change})


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"input": []}, r"put what `responses.input_items.list` returns into it"),
        ({"previous_response_id": "resp_1"}, "`previous_response_id` refers to it"),
        ({"prompt": {"id": "pmpt_1"}}, "`prompt` refers to it"),
        ({"output": []}, "the row has no `choices`"),
    ],
)
def test_a_response_that_lacks_something_is_refused(change, why):
    with pytest.raises(RowError, match=why):
        OPENAI_STORED.convert({**RESPONSE, **change})
