"""Training rows of SageMaker, TRL, OpenAI and Azure, written from their published descriptions."""

from __future__ import annotations

from typing import Any

_SKY = [{"role": "user", "content": "What color is the sky?"}]
_BLUE = [{"role": "assistant", "content": "It is blue."}]
_GREEN = [{"role": "assistant", "content": "It is green."}]

SAGEMAKER_RLVR: list[dict[str, Any]] = [
    {
        "data_source": "openai/gsm8k",
        "prompt": [{"content": "What is 6 * 12? Write the answer after ####.", "role": "user"}],
        "ability": "math",
        "reward_model": {"ground_truth": "72", "style": "rule"},
    },
    {
        "prompt": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "2 + 2?"}],
        "extra_info": {"answer": "4", "split": "train"},
    },
    {
        "prompt": "What is 6 * 12?",
        "samples": [
            {"completion": "6 * 12 is 72", "score": 1.0},
            {"completion": "It is 70", "score": 0.25, "note": "too low"},
        ],
        "topic": "products",
    },
]

TRL: list[dict[str, Any]] = [
    {"prompt": "The sky is", "completion": " blue.", "answer": "blue"},
    {"prompt": _SKY, "solution": "blue", "difficulty": 3, "tools": [{"type": "function"}]},
    {"prompt": _SKY, "completion": _BLUE, "label": True},
    {"prompt": "The sky is", "chosen": " blue.", "rejected": " green.", "score_chosen": 8.5},
    {"chosen": [*_SKY, *_BLUE], "rejected": [*_SKY, *_GREEN]},
    {"prompt": "What color is the sky?", "prompt_id": "p1", "chosen": [*_SKY, *_BLUE], "rejected": _GREEN},
    {
        "prompt": _SKY,
        "completion": [
            {"role": "assistant", "tool_calls": [{"function": {"name": "look", "arguments": "{}"}}]},
            {"role": "tool", "content": "blue"},
            *_BLUE,
        ],
    },
]

OPENAI: list[dict[str, Any]] = [
    {
        "messages": [{"role": "user", "content": "Do you support SOC 2?"}],
        "compliant": "yes",
        "explanation": "There is a report.",
        "ground_truth": "compliant",
        "tools": [{"type": "function", "function": {"name": "search"}}],
    },
    {"messages": _SKY, "answer": {"color": "blue"}, "parallel_tool_calls": False},
    {
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "What is this?"}]},
            {"role": "assistant", "content": "A picture?"},
            {"role": "user", "content": "No."},
        ],
        "expected": ["a text"],
        "metadata": {"source": "tickets"},
    },
]

AZURE_RFT: list[dict[str, Any]] = [
    {
        "messages": [{"role": "developer", "content": "Extract the clauses."}, *_SKY],
        "reference_answer": {"clauses": ["a clause"], "donation": "yes"},
    },
    {
        "messages": [{"role": "developer", "content": "Reply in JSON."}, *_SKY],
        "target": [1, 7],
        "numbers": [3],
    },
    {"messages": [*_SKY, {"role": "developer", "content": "In one word."}], "reference_answer": "blue"},
]
