"""Calls in the formats in which OpenAI's API stores, lists and batches them, written from its reference."""

from __future__ import annotations

from typing import Any

_ASKED = [
    {"role": "developer", "content": "Answer in a word."},
    {"role": "user", "content": "Capital of Italy?"},
]
_USAGE = {"prompt_tokens": 13, "completion_tokens": 18, "total_tokens": 31}


def _choice(text: str, index: int = 0, **more: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": text, "tool_calls": None, "function_call": None, **more}
    return {"index": index, "message": message, "finish_reason": "stop", "logprobs": None}


def _completion(*choices: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "chatcmpl-abc123",
        "object": "chat.completion",
        "model": "gpt-4o-2024-08-06",
        "created": 1738960610,
        "usage": _USAGE,
        "system_fingerprint": "fp_50cad350e4",
        "choices": list(choices),
    }


_RESPONSE = {
    "id": "resp_67ccd2",
    "object": "response",
    "created_at": 1741476542,
    "status": "completed",
    "model": "gpt-4.1-2025-04-14",
    "error": None,
    "incomplete_details": None,
    "instructions": "Answer in a word.",
    "previous_response_id": None,
    "reasoning": {"effort": None, "summary": None},
    "tools": [],
    "temperature": 0.75,
    "metadata": {"topic": "capitals"},
    "output": [
        {"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": "It is easy."}]},
        {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "Rome", "annotations": []}],
        },
    ],
}

OPENAI_STORED: list[dict[str, Any]] = [
    {
        **_completion(_choice("Rome")),
        "request_id": "req_ded8ab98",
        "tool_choice": None,
        "seed": 4944116822809979520,
        "temperature": 1.5,
        "input_user": None,
        "tools": None,
        "metadata": {"answer": "Rome"},
        "response_format": None,
        "input": _ASKED,
    },
    {
        **_RESPONSE,
        "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Italy?"}]}],
    },
    {
        "request": {
            "model": "gpt-4o",
            "messages": _ASKED,
            "temperature": 0.25,
            "n": 2,
            "tools": [{"type": "function", "function": {"name": "look_up"}}],
        },
        "response": _completion(_choice("Rome"), _choice("", 1, refusal="I may not say.")),
        "reference_answer": "Rome",
    },
    {
        **_RESPONSE,
        "status": "incomplete",
        "incomplete_details": {"reason": "max_output_tokens"},
        "input": [
            {"role": "user", "content": "Capital of Italy?"},
            {"type": "reasoning", "id": "rs_0", "summary": []},
            {
                "type": "function_call",
                "id": "fc_1",
                "call_id": "call_1",
                "name": "look_up",
                "arguments": "{}",
            },
            {
                "type": "function_call",
                "id": "fc_2",
                "call_id": "call_2",
                "name": "look_up",
                "arguments": "{}",
            },
            {"type": "function_call_output", "call_id": "call_1", "output": "Rome"},
            {"type": "function_call_output", "call_id": "call_2", "output": "It is Rome."},
        ],
    },
]


def _result(body: dict[str, Any], custom_id: str) -> dict[str, Any]:
    response = {"status_code": 200, "request_id": "req_c187b3", "body": body}
    return {"id": "batch_req_wnaDys", "custom_id": custom_id, "response": response, "error": None}


OPENAI_BATCH: list[dict[str, Any]] = [
    {
        **_result(_completion(_choice("Rome")), "italy-1"),
        "request": {
            "custom_id": "italy-1",
            "method": "POST",
            "url": "/v1/chat/completions",
            "body": {"model": "gpt-4o", "messages": _ASKED, "max_tokens": 50},
        },
    },
    {
        **_result(_completion(_choice("Rome"), _choice("Milan", 1)), "italy-2"),
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": {"model": "gpt-4o", "messages": _ASKED, "n": 2},
    },
    {
        **_result(_RESPONSE, "italy-3"),
        "request": {"custom_id": "italy-3", "url": "/v1/responses", "body": {"input": "Capital of Italy?"}},
    },
]


def _output_item(item: dict[str, Any], *results: dict[str, Any], **sample: Any) -> dict[str, Any]:
    answer = {"role": "assistant", "content": "Rome"}
    whole = {
        "input": [{"role": "user", "content": "Capital of Italy?"}],
        "output": [answer],
        "finish_reason": "stop",
        "model": "gpt-4o-2024-08-06",
        "usage": {"total_tokens": 7185, "completion_tokens": 45},
        "error": None,
        "temperature": 0.5,
        **sample,
    }
    return {
        "object": "eval.run.output_item",
        "id": "outputitem_67abd55e",
        "run_id": "evalrun_67abd54d",
        "eval_id": "eval_67abd54d",
        "created_at": 1739314509,
        "status": "pass",
        "datasource_item_id": 137,
        "datasource_item": item,
        "results": list(results),
        "sample": whole,
    }


_CHECK = {"name": "String check", "type": "string-check-grader", "score": 1.0, "passed": True}

OPENAI_EVALS: list[dict[str, Any]] = [
    _output_item({"question": "Capital of Italy?", "ground_truth": "Rome"}, _CHECK),
    _output_item({"item": {"topic": "capitals", "answer": "Rome"}}, _CHECK, {"name": "Brief", "score": 0.5}),
    _output_item({"reference_answer": "Roma"}, error={"code": "", "message": ""}),
]
