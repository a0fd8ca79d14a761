"""Turns of a conversation in the many forms of instrumented agents, read into the shape of a rollout's."""

from __future__ import annotations

import json

from ..sample import ASSISTANTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, TypeAlias

    Turn: TypeAlias = dict[str, Any]

_ROLES = {
    **{name: "user" for name in ("user", "human", "HumanMessage")},
    **{name: "assistant" for name in (*ASSISTANTS, "ai", "model", "AIMessage")},
    **{name: "system" for name in ("system", "developer", "SystemMessage")},
    **{name: "tool" for name in ("tool", "function", "ToolMessage")},
}
_BLOCKS = frozenset(
    ("text", "toolUse", "toolResult", "reasoningContent", "image", "document", "video", "cachePoint")
)
_THOUGHTS = ("reasoning", "thinking")


def turn_of(given: Any) -> Turn | None:
    """A message of any dialect as a rollout holds it; None for what is no message."""
    if not isinstance(given, dict):
        return None
    role = given.get("role") or given.get("type")
    if "kwargs" in given:  # LangChain's serialized form, whose id ends in the name of the class
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
        elif (read := _block(block)) is not None:
            content.append(read)
    if results and not content:
        role = "tool"
    only_text = len(content) == 1 and content[0].keys() == {"text"}
    turn: Turn = {"role": role, "content": content[0]["text"] if only_text else content or ""}
    return {**turn, "tool_calls": calls} if calls else turn


def _blocks(content: Any) -> list[dict[str, Any]]:
    """The parts of a message's content, in whatever it is packed."""
    for _ in range(4):
        if not isinstance(content, dict):
            break
        inner = [content[key] for key in ("content", "message") if key in content]
        if not inner:
            return [content]
        content = inner[0]
    if isinstance(content, str):
        inner = decoded(content)
        packed = (
            isinstance(inner, list)
            and bool(inner)
            and all(isinstance(one, dict) and one and one.keys() <= _BLOCKS for one in inner)
        )
        content = inner if packed else [content]
    parts = [{"text": one} if isinstance(one, str) else one for one in list_of(content)]
    return [one for one in parts if isinstance(one, dict)]


def _block(block: dict[str, Any]) -> dict[str, Any] | None:
    """A text or a thought, as `Sample` reads it; None for images and whatever else there is."""
    block = object_of(block.get("message_content")) or block  # OpenInference
    if "reasoningContent" in block:
        return {"reasoningContent": block["reasoningContent"]}
    given = [block.get(key) for key in ("text", "content", "thinking")]
    text = next((one for one in given if isinstance(one, str)), None)
    if text is None:
        return None
    if block.get("type") in _THOUGHTS:
        return {"type": "reasoning", "text": text}
    return {"text": text} if block.get("type") in (None, "text", "input_text", "output_text") else None


def _call(given: Any) -> dict[str, Any] | None:
    """A tool call of any dialect as OpenAI spells it; None for what is none."""
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


def texts(turns: list[Turn]) -> Iterator[str]:
    """Every text of a conversation that a person wrote or a model generated."""
    for turn in turns:
        content = turn.get("content")
        for block in [content] if isinstance(content, str) else list_of(content):
            found = block if isinstance(block, str) else block.get("text")
            if isinstance(found, str):
                yield found


def decoded(value: Any) -> Any:
    """What a text holds as JSON where it is a list or an object; the value itself otherwise."""
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def object_of(value: Any) -> dict[str, Any]:
    """The value where it is an object; else an empty one."""
    return value if isinstance(value, dict) else {}


def list_of(value: Any) -> list[Any]:
    """The value where it is a list; else an empty one."""
    return value if isinstance(value, list) else []
