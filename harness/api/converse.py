"""Translates Chat Completions requests to Converse, and Converse responses back.

A turn that Converse cannot fully express is rejected, so no part of a record is silently dropped. Source:
botocore's service model for `bedrock-runtime`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from harness.api.failures import RequestRefused
from harness.errors import InputError

__all__ = ["chat_answer", "converse_request"]

_FINISHES: Final = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "content_filtered": "content_filter",
    "guardrail_intervened": "content_filter",
}
_OPTIONS: Final = {
    "max_tokens": "maxTokens",
    "temperature": "temperature",
    "top_p": "topP",
    "stop": "stopSequences",
}
_OF_TOOLS: Final = ("tools", "tool_choice", "parallel_tool_calls")
_SYSTEM: Final = ("system", "developer")
_UNPROCESSABLE: Final = 422


def converse_request(
    model: str, messages: Sequence[Mapping[str, Any]], options: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the Converse arguments for a Chat Completions request.

    Args:
        model: The deployment's ARN or a model id.
        messages: The conversation so far; system turns are moved to the front.
        options: `max_tokens`, `temperature`, `top_p`, `stop` and the tool options.

    Raises:
        InputError: Converse has no counterpart for an option.
        RequestRefused: Converse has no counterpart for part of a turn or a tool.
    """
    unknown = sorted(options.keys() - _OPTIONS.keys() - set(_OF_TOOLS))
    if unknown:
        raise InputError(f"Converse has no counterpart for {', '.join(unknown)}", place=model)
    request: dict[str, Any] = {
        "modelId": model,
        "messages": _turns([turn for turn in messages if turn.get("role") not in _SYSTEM]),
        "system": _system([turn for turn in messages if turn.get("role") in _SYSTEM]),
        "inferenceConfig": {_OPTIONS[name]: value for name, value in options.items() if name in _OPTIONS},
    }
    tools = _tool_config(options)
    return {**request, "toolConfig": tools} if tools else request


def chat_answer(answer: Mapping[str, Any], model: str) -> dict[str, Any]:
    """Convert a Converse response to a Chat Completions response.

    Args:
        answer: The response returned by boto3.
        model: The model that generated the response.
    """
    message = (answer.get("output") or {}).get("message") or {}
    blocks = [block for block in message.get("content") or [] if isinstance(block, Mapping)]
    reasoning = [
        str((block["reasoningContent"].get("reasoningText") or {}).get("text", ""))
        for block in blocks
        if isinstance(block.get("reasoningContent"), Mapping)
    ]
    uses = [block["toolUse"] for block in blocks if isinstance(block.get("toolUse"), Mapping)]
    usage = answer.get("usage") or {}
    stop = answer.get("stopReason")
    return {
        "model": model,
        "choices": [
            {
                "index": 0,
                "finish_reason": _FINISHES.get(str(stop), stop),
                "message": {
                    "role": "assistant",
                    "content": "".join(str(block["text"]) for block in blocks if "text" in block),
                    **({"reasoning_content": "".join(reasoning)} if reasoning else {}),
                    **({"tool_calls": [_call(use) for use in uses]} if uses else {}),
                },
            }
        ],
        "usage": {
            "prompt_tokens": usage.get("inputTokens"),
            "completion_tokens": usage.get("outputTokens"),
        },
    }


def _call(use: Mapping[str, Any]) -> dict[str, Any]:
    function = {"name": use.get("name"), "arguments": json.dumps(use.get("input"), ensure_ascii=False)}
    return {"id": use.get("toolUseId"), "type": "function", "function": function}


def _system(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the system turns, omitting those without text because Converse rejects them."""
    found = [block for message in messages for block in _texts(message.get("content"))]
    return [block for block in found if block["text"]]


def _turns(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the turns other than system turns. Consecutive tool results are merged into one user turn."""
    found: list[dict[str, Any]] = []
    answering = False
    for message in messages:
        role = message.get("role")
        if role == "tool":
            block = {"toolResult": {"toolUseId": _id(message), "content": _texts(message.get("content"))}}
            if answering:
                found[-1]["content"].append(block)
            else:
                found.append({"role": "user", "content": [block]})
        elif role in ("user", "assistant"):
            found.append({"role": role, "content": _blocks(message)})
        else:
            raise _refused(f"a turn of role {role!r}")
        answering = role == "tool"
    return found


def _blocks(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    calls = message.get("tool_calls") or []
    if message.get("function_call") or not isinstance(calls, list):
        raise _refused("a function call outside `tool_calls`")
    content = message.get("content")
    texts = [] if calls and not content else _texts(content)
    return [*texts, *map(_use, calls)]


def _texts(content: Any) -> list[dict[str, Any]]:
    """Return a message's content as text blocks."""
    if content is None or isinstance(content, str):
        return [{"text": content or ""}]
    found = []
    for block in content if isinstance(content, list) else [content]:
        text = block.get("text") if isinstance(block, Mapping) else block
        kind = block.get("type", "text") if isinstance(block, Mapping) else "text"
        if not isinstance(text, str) or kind not in ("text", "input_text", "output_text"):
            raise _refused("content that is not text")
        found.append({"text": text})
    return found


def _id(message: Mapping[str, Any]) -> str:
    return _named(message.get("tool_call_id"), "a tool result without `tool_call_id`")


def _named(found: Any, what: str) -> str:
    if not isinstance(found, str) or not found:
        raise _refused(what)
    return found


def _use(call: Any) -> dict[str, Any]:
    function = call.get("function") if isinstance(call, Mapping) else None
    given = function.get("arguments") if isinstance(function, Mapping) else None
    try:
        arguments = json.loads(given) if isinstance(given, str) else given
    except ValueError:
        arguments = None
    if function is None or not isinstance(arguments, dict):
        raise _refused("a call whose arguments are not an object")
    return {
        "toolUse": {
            "toolUseId": _named(call.get("id"), "a call without an id"),
            "name": _named(function.get("name"), "a call without a name"),
            "input": arguments,
        }
    }


def _tool_config(options: Mapping[str, Any]) -> dict[str, Any]:
    tools, choice = options.get("tools"), options.get("tool_choice")
    if options.get("parallel_tool_calls") is False:
        raise _refused("`parallel_tool_calls`: false")
    if not tools or choice == "none":
        return {}
    if not isinstance(tools, list):
        raise _refused("`tools` that are not a list")
    config: dict[str, Any] = {"tools": [{"toolSpec": _spec(tool)} for tool in tools]}
    if choice is not None:
        config["toolChoice"] = _choice(choice)
    return config


def _choice(choice: Any) -> dict[str, Any]:
    if choice in ("auto", "required"):
        return {"auto": {}} if choice == "auto" else {"any": {}}
    function = choice.get("function") if isinstance(choice, Mapping) else None
    name = function.get("name") if isinstance(function, Mapping) else None
    return {"tool": {"name": _named(name, "this `tool_choice`")}}


def _spec(tool: Any) -> dict[str, Any]:
    function = tool.get("function") if isinstance(tool, Mapping) else None
    if not isinstance(function, Mapping):
        raise _refused("a tool that is not a function")
    schema = function.get("parameters", {"type": "object", "properties": {}})
    if not isinstance(schema, Mapping):
        raise _refused("a tool whose `parameters` are not a schema")
    description = function.get("description")
    return {
        "name": _named(function.get("name"), "a tool without a name"),
        **({"description": description} if isinstance(description, str) and description else {}),
        "inputSchema": {"json": schema},
    }


def _refused(what: str) -> RequestRefused:
    return RequestRefused(f"Converse has no counterpart for {what}", status=_UNPROCESSABLE)
