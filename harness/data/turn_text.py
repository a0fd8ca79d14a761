"""Classifies the content of an assistant turn: text, a refusal, reasoning, tool calls or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

__all__ = ["WHOLE_ENDINGS", "Textless", "content_text", "kind_without_text", "reasoning_of", "refusal_of"]

WHOLE_ENDINGS = ("stop", "tool_calls", "function_call")
"""Values of `finish_reason` which mean that the model itself ended the completion."""

Textless = Literal["refused", "tool call", "filtered", "reasoning alone", "empty"]
"""The kind of a completion that has no text."""


def kind_without_text(message: Mapping[str, Any], finish: str | None) -> Textless | None:
    """Classify a message without text, or return None if the message has text.

    Args:
        message: The assistant turn.
        finish: Finish reason of the completion.
    """
    if content_text(message.get("content")).strip():
        return None
    if refusal_of(message):
        return "refused"
    if message.get("tool_calls") or message.get("function_call"):
        return "tool call"
    if finish == "content_filter":
        return "filtered"
    if reasoning_of(message):
        return "reasoning alone"
    return "empty"


_REASONING = ("reasoning_content", "reasoning", "thinking", "reasoning_details", "thinking_blocks")
"""Message keys for the model's reasoning, as spelled by inference servers and their proxies."""
_REASONING_TEXTS = ("text", "thinking", "summary", "reasoning", "content")


def reasoning_of(message: Mapping[str, Any]) -> Any:
    """Return the reasoning in a message that is outside its content, under any known key.

    Args:
        message: The assistant turn.

    Returns:
        The reasoning as a string, the raw value if it contains no string, or None if there is no reasoning.
    """
    for key in _REASONING:
        if found := message.get(key):
            return _reasoning_text(found) or found
    return None


def _reasoning_text(found: Any) -> str:
    if isinstance(found, str):
        return found
    if isinstance(found, Mapping):
        return next((text for key in _REASONING_TEXTS if isinstance(text := found.get(key), str)), "")
    return "".join(map(_reasoning_text, found)) if isinstance(found, list) else ""


def refusal_of(message: Mapping[str, Any]) -> Any:
    """Return the text of a refusal, or an empty string if the model did not refuse.

    Args:
        message: The assistant turn.
    """
    return message.get("refusal") or content_text(message.get("content"), "refusal")


def content_text(content: Any, key: str = "text") -> str:
    """Return the text of a message's `content`, which may be a string or a list of blocks.

    Args:
        content: The `content` of a message. Other types have no text.
        key: Key of the text in each block.
    """
    if isinstance(content, str):
        return content if key == "text" else ""
    if not isinstance(content, list):
        return ""
    texts = (block.get(key) for block in content if isinstance(block, Mapping))
    return "".join(text for text in texts if isinstance(text, str))
