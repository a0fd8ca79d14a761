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
        pass
        if expected in (None, "", {}, []):
            raise ValueError("The sample has no usable reference_answer")
        return expected

    def block(self, text: str, name: str) -> tuple[str, str]:
        """The inside of the leading block and what follows it."""
        start, end = f"<{name}>", f"</{name}>"
        if not text.startswith(start) or text.count(start) != 1 or text.count(end) != 1:
            return "", ""
        inside, _, rest = text[len(start) :].partition(end)
        return inside, rest.strip()

    def evaluate(self, text: str, expected: Any) -> float:
        thoughts, rest = self.block(text.strip(), "think")
        answer, tail = self.block(rest, "answer")
        worded = [len(re.findall(r"[^\W\d_]{2,}", part)) >= 3 for part in (thoughts, answer)]
        return 1.0 if all(worded) and not tail else 0.0


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
