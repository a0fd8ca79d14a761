"""What an assistant's turn holds: its text, a refusal, reasoning, calls of tools, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

__all__ = ["WHOLE_ENDINGS", "Textless", "content_text", "kind_without_text", "reasoning_of", "refusal_of"]

WHOLE_ENDINGS = ("stop", "tool_calls", "function_call")
"""Values of `finish_reason` of a completion that the model itself ended."""

Textless = Literal["refused", "tool call", "filtered", "reasoning alone", "empty"]
"""What an answer without a text is."""


def kind_without_text(message: Mapping[str, Any], finish: str | None) -> Textless | None:
    """Tell what a message without a text is; None where it holds one.

    Args:
        message: The assistant's turn.
        finish: Why the model stopped.
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
"""Keys of a message that hold the model's reasoning, as inference servers and their proxies spell it."""
_REASONING_TEXTS = ("text", "thinking", "summary", "reasoning", "content")


def reasoning_of(message: Mapping[str, Any]) -> Any:
    """The reasoning that a message holds beside its content, in whatever spelling.

    Args:
        message: The assistant's turn.

    Returns:
        Its text; where none is found in it, the value itself. None without reasoning.
    """
    for key in _REASONING:
        if found := message.get(key):
            return _reasoning_text(found) or found
    return None


def _reasoning_text(found: Any) -> str:
    """The text of blocks of reasoning."""
    if isinstance(found, str):
        return found
    if isinstance(found, Mapping):
        return next((text for key in _REASONING_TEXTS if isinstance(text := found.get(key), str)), "")
    return "".join(map(_reasoning_text, found)) if isinstance(found, list) else ""


def refusal_of(message: Mapping[str, Any]) -> Any:
    """What a message refuses with; empty where it does not.

    Args:
        message: The assistant's turn.
    """
    return message.get("refusal") or content_text(message.get("content"), "refusal")


def content_text(content: Any, key: str = "text") -> str:
    """A content's text: a string, blocks with a `text` each, or nothing.

    Args:
        content: The `content` of a message.
        key: What the blocks call their text.
    """
    if isinstance(content, str):
        return content if key == "text" else ""
    if not isinstance(content, list):
        return ""
    texts = (block.get(key) for block in content if isinstance(block, Mapping))
    return "".join(text for text in texts if isinstance(text, str))
