"""Formats completions, rewards and lists for the messages in findings."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

__all__ = ["amount", "listed", "quoted"]

_SHORT = 60


def quoted(completion: Any) -> str:
    """Quote a completion for a message, shortening it if necessary."""
    if isinstance(completion, dict):
        calls = completion.get("tool_calls")
        functions = [one.get("function") for one in calls or ()]
        completion = json.dumps(functions, ensure_ascii=False) if functions else "a message without calls"
    text = completion.encode("unicode_escape").decode() if not completion.isprintable() else completion
    if not text.strip():
        return "an empty completion" if not text else "a blank"
    return f"`{text}`" if len(text) <= _SHORT else f"`{text[: _SHORT - 1]}…`"


def amount(share: float) -> str:
    """Describe the reward of a completion, given as a share of the right answer's reward."""
    return "in full" if share >= 0.95 else f"{share:.0%} of a right answer's reward"


def listed(parts: Sequence[str]) -> str:
    """Join parts with commas and a final `and`."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
