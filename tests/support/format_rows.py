"""Rows of other tools, written from each format's published description, to test the importers."""

from __future__ import annotations

from typing import Any

from support.evaluated_prompts import BEDROCK_CONVERSATION, BEDROCK_EVALUATION
from support.instruction_rows import ALPACA, QUESTION_ANSWER, SHAREGPT
from support.logged_calls import BEDROCK_BATCH, INVOCATION_LOG
from support.openai_exchanges import OPENAI_BATCH, OPENAI_EVALS, OPENAI_STORED
from support.saved_rollouts import EVAL_PROTOCOL, VERIFIERS
from support.trainer_rows import AZURE_RFT, OPENAI, SAGEMAKER_RLVR, TRL

VERL: list[dict[str, Any]] = [
    {
        "data_source": "openai/gsm8k",
        "prompt": [{"role": "user", "content": "What is 6 * 12? Write the answer after ####."}],
        "ability": "math",
        "reward_model": {"style": "rule", "ground_truth": "72"},
        "extra_info": {"split": "train", "index": 7, "answer": "6 * 12 = 72 #### 72"},
    },
    {
        "data_source": "lighteval/MATH",
        "prompt": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "2 + 2?"}],
        "reward_model": {"style": "rule", "ground_truth": ["4", "four"]},
    },
    {"data_source": "code", "prompt": "Sort.", "reward_model": {"ground_truth": {"inputs": ["2 1"]}}},
]

_ASKED = [{"role": "user", "content": "6 * 12?"}]
COMPLETIONS: list[dict[str, Any]] = [
    {"messages": _ASKED, "reference_answer": "72", "completions": ["#### 72", "#### 7"], "rewards": [1.5, 0]},
    {
        "id": "p1",
        "messages": _ASKED,
        "topic": "arithmetic",
        "completions": [
            {"role": "assistant", "content": "72"},
            [{"role": "assistant", "content": "7", "tool_calls": []}],
        ],
    },
    {
        "id": "p2",
        "record": "r2",
        "messages": _ASKED,
        "completions": [{"text": "72", "reward": 1, "tokens": 1002}, {"response": "7", "reward": 0}],
    },
]

FORMAT_ROWS: dict[str, list[dict[str, Any]]] = {
    "invocation-log": INVOCATION_LOG,
    "bedrock-batch": BEDROCK_BATCH,
    "bedrock-evaluation": BEDROCK_EVALUATION,
    "bedrock-conversation": BEDROCK_CONVERSATION,
    "verl": VERL,
    "sagemaker-rlvr": SAGEMAKER_RLVR,
    "trl": TRL,
    "openai": OPENAI,
    "azure-rft": AZURE_RFT,
    "verifiers": VERIFIERS,
    "eval-protocol": EVAL_PROTOCOL,
    "openai-stored": OPENAI_STORED,
    "openai-batch": OPENAI_BATCH,
    "openai-evals": OPENAI_EVALS,
    "completions": COMPLETIONS,
    "sharegpt": SHAREGPT,
    "alpaca": ALPACA,
    "question-answer": QUESTION_ANSWER,
}
"""At least three shapes of rows for each importer, all of which can be converted."""
