"""Cleans up messages exported from OpenAI's API and other tools for use in a record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["plain_messages"]


def plain_messages(messages: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Copy messages, dropping keys whose value is null and renaming the role `developer` to `system`.

    Messages exported from data models have a null for each unused field, such as `"name": null`. In Bedrock's
    documentation, the roles in a record are system, user and assistant.

    Args:
        messages: Messages, each with a role.
    """
    return [_plain(message) for message in messages]


def _plain(message: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: value for name, value in message.items() if value is not None or name == "content"}
    return {**found, "role": "system"} if found.get("role") == "developer" else found
