"""Rows of data sets for instruction tuning and question answering, as their projects publish them."""

from __future__ import annotations

from typing import Any

SHAREGPT: list[dict[str, Any]] = [
    {
        "id": "identity_0",
        "conversations": [
            {"from": "human", "value": "Who are you?"},
            {"from": "gpt", "value": "I am a model."},
        ],
    },
    {
        "conversations": [
            {"from": "system", "value": "Use the tools."},
            {"from": "human", "value": "How hot is it?"},
            {"from": "function_call", "value": '{"name": "thermometer", "arguments": {}}'},
            {"from": "observation", "value": "21"},
            {"from": "gpt", "value": "It has 21 degrees.", "weight": 1001},
        ],
        "tools": '[{"name": "thermometer"}]',
    },
    {
        "system": "Be brief.",
        "conversations": [{"from": "user", "value": "2 + 2?"}],
        "reference_answer": "four",
        "source": "sums",
    },
    {
        "conversations": [{"from": "human", "value": "Name a color."}],
        "chosen": {"from": "gpt", "value": "Blue."},
        "rejected": {"from": "gpt", "value": "A fish."},
    },
]

ALPACA: list[dict[str, Any]] = [
    {"instruction": "Name the capital of Italy.", "input": "", "output": "Rome"},
    {
        "instruction": "Translate to French.",
        "input": "good morning",
        "output": "bonjour",
        "text": "Below is an instruction.",
    },
    {
        "system": "Be brief.",
        "history": [["2 + 2?", "four"], ["3 + 3?", "six"]],
        "instruction": "And times two?",
        "output": {"result": "twelve"},
    },
]

QUESTION_ANSWER: list[dict[str, Any]] = [
    {"question": "What is 6 * 12?", "answer": "Six dozen. #### 72"},
    {"problem": "Solve x + 1 = 3.", "solution": "x = 3 - 1 = 2", "answer": "2", "level": "Level 1"},
    {"query": "Capital of Italy?", "answers": ["Rome", "Roma"], "system": "Be brief.", "id": "capital"},
]
