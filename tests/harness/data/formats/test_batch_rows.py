from __future__ import annotations

import json

import pytest

from harness.data.formats.batch_requests import with_requests
from harness.data.formats.batch_rows import OPENAI_BATCH
from harness.data.formats.importer import RowError
from harness.data.formats.verl_rows import VERL
from harness.errors import InputError
from support.format_rows import FORMAT_ROWS

WITH_REQUEST, MERGED, OF_RESPONSES = FORMAT_ROWS["openai-batch"]
RESULT = {name: value for name, value in WITH_REQUEST.items() if name != "request"}


@pytest.fixture
def requests(tmp_path):
    path = tmp_path / "requests.jsonl"
    path.write_text(json.dumps(WITH_REQUEST["request"]) + "\n\n")
    return path


def test_a_result_becomes_a_rollout_of_its_request():
    (rollout,), lost = OPENAI_BATCH.convert(WITH_REQUEST)
    assert rollout["id"] == "italy-1"
    assert [message["role"] for message in rollout["messages"]] == ["system", "user", "assistant"]
    assert rollout["model"] == "gpt-4o-2024-08-06"
    assert {"request.body.max_tokens", "response.request_id"} <= set(lost)


def test_a_request_that_was_merged_into_its_result_is_found():
    first, second = OPENAI_BATCH.convert(MERGED).lines
    assert [first["id"], second["id"]] == ["italy-2-1", "italy-2-2"]


def test_a_batch_of_responses_is_read_too():
    (rollout,), _ = OPENAI_BATCH.convert(OF_RESPONSES)
    assert rollout["messages"][-1]["content"] == "Rome"


def test_results_are_joined_with_the_file_of_requests(requests):
    joined = with_requests(OPENAI_BATCH, str(requests))
    assert joined.convert(RESULT).lines == OPENAI_BATCH.convert(WITH_REQUEST).lines
    with pytest.raises(RowError, match="has no request with its `custom_id`"):
        joined.convert({**RESULT, "custom_id": "unknown"})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"custom_id": "a"}\n', "the line is not a request"),
        ('{"custom_id": "a", "body": {}}\n{"custom_id": "a", "body": {}}\n', "an earlier request has the"),
        ("{", "not JSON"),
        ("[]", "the line is not a request"),
    ],
)
def test_a_file_that_does_not_hold_requests_is_refused(requests, text, why):
    requests.write_text(text)
    with pytest.raises(InputError, match=why):
        with_requests(OPENAI_BATCH, str(requests))


def test_only_results_of_a_batch_take_requests(requests):
    with pytest.raises(InputError, match="verl's rows already have their prompts"):
        with_requests(VERL, str(requests))


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (RESULT, "its prompt is in the batch's input file: pass that file with --requests"),
        (
            {**RESULT, "response": None, "error": {"code": "batch_expired"}},
            "the request failed: batch_expired",
        ),
        ({**RESULT, "response": {"status_code": 500}}, "failed with status 500"),
        (
            {**RESULT, "response": {"status_code": 400, "body": {"error": {"message": "too long"}}}},
            "the request failed: too long",
        ),
        ({**WITH_REQUEST, "response": {"status_code": 200, "body": {}}}, "no `response.body.choices`"),
    ],
)
def test_a_result_without_prompt_or_answer_is_refused(row, why):
    with pytest.raises(RowError, match=why):
        OPENAI_BATCH.convert(row)
