"""Rows for Bedrock's model evaluation and for its fine-tuning of Nova, as in their user guides."""

from __future__ import annotations

from typing import Any

_RECORD = {
    "prompt": "Bobigny is the capital of",
    "referenceResponse": "Saint-Denis",
    "category": "Towns",
}
_ANSWER = {"response": "Saint-Denis, I think.", "modelIdentifier": "my-model"}

BEDROCK_EVALUATION: list[dict[str, Any]] = [
    _RECORD,
    {**_RECORD, "modelResponses": [_ANSWER, {"response": "France", "modelIdentifier": "another-model"}]},
    {
        "automatedEvaluationResult": {
            "scores": [
                {
                    "metricName": "Correctness",
                    "result": 0.75,
                    "evaluatorDetails": [{"why": "Good."}],
                }
            ]
        },
        "inputRecord": _RECORD,
        "modelResponses": [_ANSWER],
    },
    {
        "automatedEvaluationResult": {
            "scores": [{"metricName": "Accuracy", "result": 1.0}, {"metricName": "Toxicity", "result": 0.125}]
        },
        "inputRecord": _RECORD,
        "modelResponses": [_ANSWER],
    },
]

BEDROCK_CONVERSATION: list[dict[str, Any]] = [
    {
        "schemaVersion": "bedrock-conversation-2024",
        "system": [{"text": "You are a digital assistant."}],
        "messages": [
            {"role": "user", "content": [{"text": "What country is Italy near?"}]},
            {"role": "assistant", "content": [{"text": "It is near France."}]},
        ],
    },
    {
        "system": [{"text": "Be brief."}, {"text": "Be kind."}],
        "messages": [{"role": "user", "content": [{"text": "2 + 2?"}]}],
        "toolConfig": {"tools": [{"toolSpec": {"name": "add"}}], "toolChoice": {"auto": {"why": "needed"}}},
        "reference_answer": "4",
        "topic": "sums",
    },
    {
        "schemaVersion": "bedrock-conversation-2024",
        "messages": [
            {
                "role": "user",
                "content": [
                    {"text": "What is this?"},
                    {"image": {"format": "png", "source": {}}},
                ],
            }
        ],
    },
]
