"""Converts conversations in the format that Bedrock accepts for fine-tuning Nova.

The format is documented at
https://docs.aws.amazon.com/nova/latest/userguide/fine-tune-prepare-data-understanding.html, as
`"schemaVersion": "bedrock-conversation-2024"`. It has Converse messages and a separate field for the system
prompt. A conversation that ends with the assistant's turn becomes a rollout.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from harness.data.formats.importer import Converted, Importer, RowError
from harness.data.formats.reference_columns import take_reference
from harness.data.formats.row_parts import RowParts, joined, line_of, prompt_of

__all__ = ["BEDROCK_CONVERSATION"]


_OF_OTHERS: Final = frozenset(
    (
        *("completions", "choices", "output", "input_metadata", "rollout_status", "evaluation_result"),
        *("execution_metadata", "eval_metadata"),
    )
)
"""A row that has `messages`, `system` and one of these fields comes from another tool."""


def _recognizes(row: Mapping[str, Any]) -> bool:
    if not isinstance(row.get("messages"), list) or not row["messages"]:
        return False
    version, system = row.get("schemaVersion"), row.get("system")
    if isinstance(version, str) and version.startswith("bedrock-conversation"):
        return True
    if _OF_OTHERS.intersection(row) or any(map(_is_instruction, row["messages"])):
        return False
    if isinstance(system, list):
        return bool(system) and all(map(_is_text, system))
    return isinstance(system, str) and system != ""


def _convert(row: Mapping[str, Any]) -> Converted:
    parts = RowParts(row)
    messages = [
        {**message, "content": _plain(message.get("content"))}
        for message in prompt_of(parts.take("messages"), "messages")
    ]
    system = _plain(parts.take("system"))
    if system not in (None, "", []):
        if not isinstance(system, str | list):
            raise RowError("`system` is neither a string nor a list of strings")
        messages.insert(0, {"role": "system", "content": system})
    reference, tools = take_reference(parts, row), parts.take("toolConfig", "tools")
    fields = {} if tools is None else {"tools": tools}
    return parts.converted(line_of(messages, reference, joined(fields, parts.rest("schemaVersion"))))


def _plain(content: Any) -> Any:
    """Convert a single text block to a string, and several to typed blocks, as in training files."""
    if not isinstance(content, list) or not content or not all(map(_is_text, content)):
        return content
    if len(content) == 1:
        return content[0]["text"]
    return [{"type": "text", "text": block["text"]} for block in content]


def _is_instruction(message: Any) -> bool:
    return isinstance(message, dict) and message.get("role") in ("system", "developer")


def _is_text(block: Any) -> bool:
    return isinstance(block, dict) and block.keys() == {"text"} and isinstance(block["text"], str)


BEDROCK_CONVERSATION: Final = Importer(
    "bedrock-conversation", "conversations of Bedrock's fine-tuning", _recognizes, _convert
)
