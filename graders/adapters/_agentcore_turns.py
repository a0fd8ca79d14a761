"""Converts turns recorded from agents to a rollout's messages."""

from __future__ import annotations

import json

from ..sample import ASSISTANTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    Turn: TypeAlias = dict[str, Any]

_ROLES = {
    **{name: "user" for name in ("user", "human", "HumanMessage")},
    **{name: "assistant" for name in (*ASSISTANTS, "ai", "model", "AIMessage")},
    **{name: "system" for name in ("system", "developer", "SystemMessage")},
    **{name: "tool" for name in ("tool", "function", "ToolMessage")},
}
BLOCKS = ("text", "toolUse", "toolResult", "reasoningContent", "citationsContent")
"""Kinds of blocks in a Bedrock message. A block has a single field, named after its kind."""
_WORDLESS = frozenset(
    ("image", "image_url", "input_image", "audio", "input_audio", "video", "document", "file", "blob", "uri")
    + ("cachePoint", "guardContent", "redacted_thinking")
)
"""Kinds of blocks that contain none of the conversation's text."""
_THOUGHTS = ("reasoning", "thinking")


class TurnUnread(ValueError):
    """Raised when a message cannot be read exactly: its content is of an unknown kind or was cut off."""


def turn_of(given: Any) -> Turn | None:
    """Convert a message of any dialect to a rollout's message, or return None for any other value.

    Args:
        given: The message. Its strings are not changed.

    Raises:
        TurnUnread: The message cannot be read exactly.
    """
    if not isinstance(given, dict):
        return None
    role = given.get("role") or given.get("type")
    if "kwargs" in given:  # LangChain's serialized form has an id that ends with the class name
        names = list_of(given.get("id"))
        given = object_of(given["kwargs"])
        role = given.get("type") or (names[-1] if names else None)
    role = _ROLES.get(role) if isinstance(role, str) else None
    if role is None:
        return None
    content: list[dict[str, Any]] = []
    calls = [call for one in list_of(given.get("tool_calls")) if (call := _call(one)) is not None]
    results = 0
    for block in _blocks(given.get("content", given.get("parts", given.get("contents")))):
        call = _call(block)
        if call is not None:
            calls.append(call)
        elif "toolResult" in block or block.get("type") in ("tool_call_response", "tool_result"):
            results += 1
        else:
            content += _read(block)
    if results and not content:
        role = "tool"
    only_text = len(content) == 1 and content[0].keys() == {"text"}
    turn: Turn = {"role": role, "content": content[0]["text"] if only_text else content or ""}
    return {**turn, "tool_calls": calls} if calls else turn


def _blocks(content: Any) -> list[dict[str, Any]]:
    parts = content if isinstance(content, list) else [content]
    if not all(isinstance(one, (str, dict)) for one in parts if one is not None):
        raise TurnUnread("its content is not text")
    return [{"text": one} if isinstance(one, str) else one for one in parts if one is not None]


def _read(block: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a block's text or reasoning in the form that `Sample` parses.

    Raises:
        TurnUnread: The block is of an unknown kind.
    """
    block = object_of(block.get("message_content")) or block  # OpenInference
    kind = block.get("type")
    if "reasoningContent" in block:
        return [{"reasoningContent": block["reasoningContent"]}]
    if "citationsContent" in block:
        return [
            part
            for one in list_of(object_of(block["citationsContent"]).get("content"))
            for part in _read(one)
        ]
    given = [block.get(key) for key in ("text", "content", "thinking")]
    text = next((one for one in given if isinstance(one, str)), None)
    if kind in _THOUGHTS:
        return [{"type": "reasoning", "text": text or ""}]
    if text is not None and kind in (None, "text", "input_text", "output_text"):
        return [{"text": text}]
    if kind in _WORDLESS or not _WORDLESS.isdisjoint(block):
        return []
    raise TurnUnread("it has a block of an unknown kind")


def _call(given: Any) -> dict[str, Any] | None:
    """Convert a tool call of any dialect to OpenAI's format. Return None if the value is not a tool call."""
    if not isinstance(given, dict):
        return None
    inner = object_of(given.get("toolUse")) or object_of(given.get("tool_call")) or given
    called = object_of(inner.get("function"))
    if not called:
        if inner is given and given.get("type") not in ("tool_call", "tool_use") and "args" not in given:
            return None
        called = inner
    arguments: Any = next((called[key] for key in ("arguments", "input", "args") if key in called), {})
    if not isinstance(arguments, str):
        arguments = json.dumps(arguments)
    function = {"name": str(called.get("name", "")), "arguments": arguments}
    return {"id": inner.get("toolUseId") or inner.get("id"), "type": "function", "function": function}


def decoded(value: Any) -> Any:
    """Parse a string that contains a JSON list or object. Return any other value unchanged."""
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def object_of(value: Any) -> dict[str, Any]:
    """Return the value if it is an object, else an empty object."""
    return value if isinstance(value, dict) else {}


def list_of(value: Any) -> list[Any]:
    """Return the value if it is a list, else an empty list."""
    return value if isinstance(value, list) else []
