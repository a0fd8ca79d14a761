"""Rows in the formats in which verifiers and eval-protocol save rollouts, written from their source code."""

from __future__ import annotations

from typing import Any

_ASKED = [
    {"role": "system", "content": "Answer in a word."},
    {"role": "user", "content": "Capital of Italy?"},
]

VERIFIERS: list[dict[str, Any]] = [
    {
        "example_id": 3,
        "prompt": _ASKED,
        "completion": [{"role": "assistant", "content": "Rome", "reasoning_content": "An easy one."}],
        "answer": "Rome",
        "info": {"difficulty": "easy"},
        "reward": 1.0,
        "error": None,
        "timing": {"generation_ms": 1205.5, "scoring_ms": 1.25, "start_time": 1764150000.5},
        "is_completed": True,
        "is_truncated": False,
        "stop_condition": "max_turns_reached",
        "metrics": {"right": 1.0, "brief": 0.5},
        "tool_defs": [{"name": "look_up", "description": "Looks up.", "parameters": {"type": "object"}}],
        "token_usage": {"input_tokens": 20.0, "output_tokens": 4.0},
        "right": 1.0,
        "brief": 0.5,
    },
    {
        "id": 0,
        "prompt": "The capital of Italy is",
        "completion": " Milan",
        "task": "geography",
        "answer": "Rome",
        "reward": 0.0,
        "generation_ms": 801,
        "scoring_ms": 2,
        "total_ms": 803,
        "right": 0.0,
    },
    {
        "example_id": 4,
        "task": "geography",
        "prompt": _ASKED,
        "completion": [
            {
                "role": "assistant",
                "content": "",
                "tool_calls": ['{"id": "call_1", "name": "look_up", "arguments": "{\\"of\\": \\"Italy\\"}"}'],
            },
            {"role": "tool", "content": "Rome", "tool_call_id": "call_1"},
            {"role": "assistant", "content": "Rome, I"},
        ],
        "reward": 0.25,
        "is_truncated": True,
        "metrics": {},
    },
]

_NOTHING = dict.fromkeys(("reasoning_content", "name", "tool_call_id", "tool_calls", "function_call"))

EVAL_PROTOCOL: list[dict[str, Any]] = [
    {
        "messages": [
            {**_NOTHING, "role": "user", "content": "Capital of Italy?"},
            {**_NOTHING, "role": "assistant", "content": "Rome", "reasoning_content": "Easy."},
        ],
        "tools": None,
        "input_metadata": {
            "row_id": "capital-7",
            "completion_params": {"model": "qwen3-32b", "temperature": 0.75},
            "dataset_info": {"region": "Europe"},
            "session_data": None,
        },
        "rollout_status": {"code": 100, "message": "Rollout finished", "details": []},
        "ground_truth": "Rome",
        "evaluation_result": {
            "score": 0.875,
            "is_score_valid": True,
            "reason": "It is right.",
            "metrics": {"brief": {"score": 0.5, "is_score_valid": True, "reason": "Long.", "data": {}}},
            "error": None,
        },
        "execution_metadata": {
            "invocation_id": "blue-fox",
            "rollout_id": "red-owl",
            "usage": {"prompt_tokens": 12, "completion_tokens": 3},
            "finish_reason": "stop",
        },
        "created_at": "2026-11-26T12:00:00Z",
        "eval_metadata": {"name": "test_capitals", "num_runs": 1, "status": {"code": 100}},
        "pid": 4711,
    },
    {
        "messages": _ASKED,
        "input_metadata": {"row_id": "capital-8"},
        "rollout_status": {"code": 101, "message": "Rollout is running", "details": []},
        "ground_truth": {"capital": "Rome"},
    },
    {
        "messages": [*_ASKED, {"role": "assistant", "content": "No idea."}],
        "evaluation_result": {"score": 0.0, "is_score_valid": False, "error": "the judge did not answer"},
        "execution_metadata": {"rollout_id": "gray-cat"},
        "topic": "capitals",
    },
]
