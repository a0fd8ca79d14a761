"""Prompts for Bedrock's model evaluation and what its jobs write, after its user guide."""

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
