"""Messages as other tools dump them, without the keys that hold nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["without_nulls"]


def without_nulls(messages: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Copies of messages without keys whose value is null; `content` stays.

    Data models dump every field that a message may have: `"name": null, "tool_calls": null, ...`.

    Args:
        messages: The messages.
    """
    return [
        {name: value for name, value in message.items() if value is not None or name == "content"}
        for message in messages
    ]
