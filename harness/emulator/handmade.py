"""Handwritten answers to the prompts in Amazon's examples, so that the examples work without rollouts.

People wrote the answers for this project; no model generated them. The answers do not depend on the policy,
and no job trains on them. Rollouts with the same prompt take precedence.

Source of the prompts: "Create and manage fine-tuning jobs for open-weight models using OpenAI APIs", Amazon
Bedrock user guide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from harness.simulator.pool import message_text

__all__ = ["HANDMADE", "handmade_answer"]

HANDMADE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "What is AI?": (
            "AI, short for artificial intelligence, is the field of building computer systems that do things"
            " people need intelligence for: understanding language, recognizing images, planning, or solving"
            " problems. Most of today's systems learn from examples instead of following rules that somebody"
            " wrote down."
        ),
        "What is the capital of France?": "The capital of France is Paris.",
    }
)
"""The answer to each prompt."""


def handmade_answer(messages: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the answer to the last user message of a conversation; None if there is no answer for it."""
    asked = [message_text(message).strip() for message in messages if message.get("role") == "user"]
    return HANDMADE.get(asked[-1]) if asked else None
