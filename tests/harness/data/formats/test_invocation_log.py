from __future__ import annotations

from typing import Any

import pytest

from graders.testing import make_sample
from harness.data.formats.importer import RowError
from harness.data.formats.invocation_log import INVOCATION_LOG
from support import logged_calls as rows
from support.logged_calls import log_row

ASKED = [{"role": "user", "content": "6 * 12?"}]


def rollouts(row: dict[str, Any]) -> list[dict[str, Any]]:
    return list(INVOCATION_LOG.convert(row).lines)


def test_a_converse_call_becomes_a_rollout():
    (rollout,), lost = INVOCATION_LOG.convert(rows.CONVERSE)
    assert rollout == {
        "id": "3f0e2c9d-0001",
        "messages": [
            {"role": "system", "content": "Answer after ####."},
            {"role": "user", "content": "What is 6 * 12?"},
            {"role": "assistant", "content": "#### 72"},
        ],
        "model": "some.model-v1:0",
        "finish_reason": "end_turn",
        "requestMetadata": {"task": "arithmetic"},
        "tools": [{"toolSpec": {"name": "multiply", "inputSchema": {"json": {}}}}],
    }
    assert "input.inputBodyJson.messages[].content[].cachePoint" in lost
    assert "output.outputBodyJson.usage" in lost


def test_every_choice_becomes_a_rollout_with_its_reasoning_and_finish_reason():
    first, second = rollouts(rows.OPENAI_SHAPED)
    assert (first["id"], second["id"]) == ("3f0e2c9d-0001-1", "3f0e2c9d-0001-2")
    assert first["messages"] == [
        *ASKED,
        {"role": "assistant", "content": "72", "reasoning_content": "Six dozen."},
    ]
    assert (second["messages"][-1]["content"], second["finish_reason"]) == ("7", "length")


def test_claudes_blocks_are_kept_without_cache_markers():
    (rollout,), lost = INVOCATION_LOG.convert(rows.CLAUDES)
    assert rollout["messages"][0] == {"role": "system", "content": "Be brief."}
    assert rollout["messages"][2]["content"][0]["type"] == "tool_use"
    assert rollout["messages"][-1]["content"] == [
        {"type": "thinking", "thinking": "Easy.", "signature": "c2ln"},
        {"type": "text", "text": "72"},
    ]
    assert make_sample(rollout["messages"][-1]["content"], None).completion == "72"
    assert rollout["tools"] == [{"name": "mul", "input_schema": {"type": "object"}}]
    assert "input.inputBodyJson.system[].cache_control" in lost


def test_a_prompt_in_llamas_template_becomes_messages():
    (rollout,) = rollouts(rows.LLAMAS)
    assert rollout["messages"] == [
        {"role": "system", "content": "Be brief."},
        *ASKED,
        {"role": "assistant", "content": "\n\n72"},
    ]


@pytest.mark.parametrize(
    "prompt",
    [
        "6 * 12?",
        "<s>[INST] 6 * 12? [/INST]",
        "<|begin_of_text|>6 * 12?",
        "<|start_header_id|>user<|end_header_id|>Q<|eot_id|><|start_header_id|>assistant<|end_header_id|>The",
        "Before <|start_header_id|>user<|end_header_id|>Q<|eot_id|>",
    ],
)
def test_any_other_prompt_is_one_unchanged_message(prompt: str):
    (rollout,) = rollouts(log_row({"prompt": prompt}, {"generation": "72"}))
    assert rollout["messages"][:-1] == [{"role": "user", "content": prompt}]


@pytest.mark.parametrize(
    "answer", [{"outputs": [{"text": "a"}, {"text": "b"}]}, {"choices": [{"text": "a"}, {"text": "b"}]}]
)
def test_several_texts_are_several_rollouts(answer: dict[str, Any]):
    found = rollouts(log_row({"prompt": "6 * 12?"}, answer))
    assert [one["messages"] for one in found] == [
        [*ASKED, {"role": "assistant", "content": text}] for text in ("a", "b")
    ]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"errorCode": "ThrottlingException"}, "the call failed: ThrottlingException"),
        ({"input": {"inputBodyS3Path": "s3://b/k"}}, "its input is a separate S3 object"),
        ({"output": {"outputBodyS3Path": "s3://b/k"}}, "its output is a separate S3 object"),
        ({"output": {}}, "the log has no `output.outputBodyJson`"),
        ({"input": {"inputBodyJson": "text"}}, "`input.inputBodyJson` is not a JSON object"),
        ({"input": {"inputBodyJson": [1]}}, "`input.inputBodyJson` is not a JSON object"),
        ({"input": {"inputBodyJson": {"inputs": "x"}}}, "neither messages nor a prompt"),
        ({"input": {"inputBodyJson": {"messages": [{"content": "x"}]}}}, "a message of the call has no role"),
        ({"output": {"outputBodyJson": {"embedding": [0.5]}}}, "its output has no completion"),
        ({"output": {"outputBodyJson": {"choices": [{}]}}}, "neither a message nor text"),
        ({"output": {"outputBodyJson": {"outputs": [{}]}}}, "an answer in `outputs` has no `text`"),
        (
            {"output": {"outputBodyJson": {"role": "user", "content": []}}},
            "its answer is not the assistant's",
        ),
    ],
)
def test_calls_without_a_whole_answer_are_refused(change: dict[str, Any], why: str):
    with pytest.raises(RowError, match=why):
        INVOCATION_LOG.convert({**rows.LLAMAS, **change})


def test_a_body_alone_is_not_a_log_line():
    with pytest.raises(RowError, match="not a line of an invocation log"):
        INVOCATION_LOG.convert({"messages": ASKED, "max_tokens": 512})


def test_a_call_of_the_responses_api_becomes_a_rollout():
    (rollout,) = rollouts(rows.RESPONSES)
    assert [(message["role"], message["content"]) for message in rollout["messages"]] == [
        ("system", "Be brief."),
        ("user", "6 * 12?"),
        ("assistant", "72"),
    ]
