"""Rows of other tools, written after each format's published description: what its importer is tested on."""

from __future__ import annotations

from typing import Any

from support.evaluated_prompts import BEDROCK_EVALUATION
from support.instruction_rows import ALPACA, QUESTION_ANSWER, SHAREGPT
from support.logged_calls import BEDROCK_BATCH, INVOCATION_LOG
from support.openai_exchanges import OPENAI_BATCH, OPENAI_STORED
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

FORMAT_ROWS: dict[str, list[dict[str, Any]]] = {
    "invocation-log": INVOCATION_LOG,
    "bedrock-batch": BEDROCK_BATCH,
    "bedrock-evaluation": BEDROCK_EVALUATION,
    "verl": VERL,
    "sagemaker-rlvr": SAGEMAKER_RLVR,
    "trl": TRL,
    "openai": OPENAI,
    "azure-rft": AZURE_RFT,
    "verifiers": VERIFIERS,
    "eval-protocol": EVAL_PROTOCOL,
    "openai-stored": OPENAI_STORED,
    "openai-batch": OPENAI_BATCH,
    "sharegpt": SHAREGPT,
    "alpaca": ALPACA,
    "question-answer": QUESTION_ANSWER,
}
"""By importer: rows of at least three shapes, all of which can be converted."""
