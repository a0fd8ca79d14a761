"""Converts items of OpenAI's Responses API to Chat Completions messages, the format used in records.

The format is documented at https://platform.openai.com/docs/api-reference/responses. In that API, the
reasoning, text and tool calls of a turn are separate items. In a record, they form one message.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from harness.data.formats.importer import RowError
from harness.data.formats.row_parts import RowParts
from harness.printable import shortened

__all__ = ["item_messages"]

_Path = tuple[str | int, ...]
_TEXTS: Final = ("input_text", "output_text", "summary_text", "reasoning_text")
"""Types of text blocks in the Responses API."""


def item_messages(parts: RowParts, *path: str | int) -> list[dict[str, Any]]:
    """Convert a list of items or messages to messages.

    Args:
        parts: The row.
        *path: Path of the list.

    Raises:
        RowError: An item is malformed, or its type has no equivalent in Chat Completions.
    """
    messages: list[dict[str, Any]] = []
    for at in range(len(parts.peek(*path))):
        made = _message(parts, (*path, at))
        if messages and _continues(messages[-1], made):
            messages[-1] = {
                **messages[-1],
                **{name: value for name, value in made.items() if value is not None},
            }
        elif messages and _calls_more(messages[-1], made):
            messages[-1]["tool_calls"] += made["tool_calls"]
        else:
            messages.append(made)
    return messages


def _continues(last: dict[str, Any], made: dict[str, Any]) -> bool:
    """Return True if two items belong to the same message. The order is reasoning, text, tool calls."""
    if last["role"] != "assistant" or made["role"] != "assistant" or "tool_calls" in last:
        return False
    return "reasoning_content" not in made and (last["content"] is None or made["content"] is None)


def _calls_more(last: dict[str, Any], made: dict[str, Any]) -> bool:
    return "tool_calls" in last and "tool_calls" in made and made["content"] is None


def _message(parts: RowParts, path: _Path) -> dict[str, Any]:
    item = parts.peek(*path)
    kind = item.get("type", "message") if isinstance(item, dict) else None
    make = _KINDS.get(kind) if isinstance(kind, str) else None
    if make is None:
        what = f"is of type `{shortened(str(kind), 40)}`" if isinstance(item, dict) else "is not an object"
        raise RowError(f"an item of its `{path[-2]}` {what}: Chat Completions has no message for it")
    parts.take(*path, "type")
    return make(parts, path)


def _of_message(parts: RowParts, path: _Path) -> dict[str, Any]:
    role = parts.take(*path, "role")
    if not isinstance(role, str):
        raise RowError(f"a message of its `{path[-2]}` has no role")
    return {"role": role, "content": _text(parts, (*path, "content")), **_beside(parts, path)}


def _beside(parts: RowParts, path: _Path) -> dict[str, Any]:
    """Return a message's other fields, if Chat Completions has them. The id and status are lost."""
    names = (
        "name",
        "tool_calls",
        "tool_call_id",
        "function_call",
        "refusal",
        "reasoning_content",
        "reasoning",
    )
    found = {name: parts.take(*path, name) for name in names}
    return {name: value for name, value in found.items() if value is not None}


def _of_call(parts: RowParts, path: _Path) -> dict[str, Any]:
    name, arguments = parts.take(*path, "name"), parts.take(*path, "arguments")
    call = {"id": parts.take(*path, "call_id"), "type": "function",
            "function": {"name": name, "arguments": arguments}}  # fmt: skip
    return {"role": "assistant", "content": None, "tool_calls": [call]}


def _of_call_output(parts: RowParts, path: _Path) -> dict[str, Any]:
    call = parts.take(*path, "call_id")
    return {"role": "tool", "tool_call_id": call, "content": _text(parts, (*path, "output"))}


def _of_reasoning(parts: RowParts, path: _Path) -> dict[str, Any]:
    texts = [_text(parts, (*path, name)) for name in ("content", "summary")]
    said = "\n\n".join(text for text in texts if isinstance(text, str) and text)
    blocks = [text for text in texts if text is not None and not isinstance(text, str)]
    if blocks:
        raise RowError("an item of its reasoning contains something other than text")
    return {"role": "assistant", "content": None, **({"reasoning_content": said} if said else {})}


def _text(parts: RowParts, path: _Path) -> Any:
    """Return a message's content, as one string if all blocks are text and as unchanged blocks otherwise."""
    blocks = parts.peek(*path)
    if not isinstance(blocks, list) or not all(_is_text(block) for block in blocks):
        return parts.take(*path)
    for at in range(len(blocks)):
        parts.take(*path, at, "type")
    return "".join(parts.take(*path, at, "text") for at in range(len(blocks)))


def _is_text(block: Any) -> bool:
    return isinstance(block, dict) and block.get("type") in _TEXTS and isinstance(block.get("text"), str)


_KINDS: Final[dict[str, Callable[[RowParts, _Path], dict[str, Any]]]] = {
    "message": _of_message,
    "function_call": _of_call,
    "function_call_output": _of_call_output,
    "reasoning": _of_reasoning,
}
