"""
AWS Lambda reward function for RFT.

Input: a list of samples with `messages` and `reference_answer`.
Output: a list of objects with `id`, `aggregate_reward_score` and `metrics_list`.
"""

from __future__ import annotations

import re
from typing import Any


class RewardCalculator:
    """Calculates the reward for one sample."""

    @staticmethod
    def extract_response(sample: dict[str, Any]) -> str:
        messages = sample.get("messages")
        if not isinstance(messages, list) or not messages:
            return ""
        message = messages[-1]
        if message.get("role") not in {"assistant", "nova_assistant"}:
            return ""
        content = message.get("content", "")
        if isinstance(content, str):
            return content
        if isinstance(content, list):
            return " ".join(
                c["text"] for c in content if isinstance(c, dict) and isinstance(c.get("text"), str)
            )
        if isinstance(content, dict) and isinstance(content.get("text"), str):
            return content["text"]
        return ""

    @staticmethod
    def extract_expected(sample: dict[str, Any]) -> Any:
        expected = sample.get("reference_answer")
        metadata = sample.get("metadata")
        if expected is None and isinstance(metadata, dict):
            expected = metadata.get("reference_answer")
        if isinstance(expected, dict):
            expected = expected.get("compliant", expected.get("text"))
        if isinstance(expected, (int, float)) and not isinstance(expected, bool):
            expected = str(expected)
        if not isinstance(expected, str):
            expected = None
        else:
            expected = expected.strip()
        if expected in (None, "", {}, []):
            raise ValueError("The sample has no usable reference_answer")
        return expected

    def evaluate(self, text: str, expected: str) -> float:
        gold = expected.strip().lower()
        if gold not in ("yes", "no"):
            raise ValueError("the reference is neither yes nor no")
        lines = text.strip().splitlines()
        match = re.fullmatch(r"\W*compliant:\W*(yes|no)\W*", lines[-1].strip().lower()) if lines else None
        return 1.0 if match is not None and match.group(1) == gold else 0.0


calculator = RewardCalculator()


def handler(event: list[dict[str, Any]], context: Any) -> list[dict[str, Any]]:
    """Lambda entry point."""
    if not isinstance(event, list):
        raise ValueError("Event must be a list of samples")
    response: list[dict[str, Any]] = []
    for sample in event:
        reward, error = 0.0, 0.0
        try:
            expected = calculator.extract_expected(sample)
            reward = calculator.evaluate(calculator.extract_response(sample), expected)
        except Exception:
            error = 1.0
        response.append(
            {
                "id": sample.get("id") if isinstance(sample, dict) else None,
                "aggregate_reward_score": reward,
                "metrics_list": [
                    {"name": "reward", "value": reward, "type": "Reward"},
                    {"name": "error", "value": error, "type": "Metric"},
                ],
            }
        )
    return response
