"""Converts a record's tools to the form used in requests to a model.

Records list their tools in the format of OpenAI's API, of Converse or of BFCL. Requests use OpenAI's format,
so that the model sees the same tools as in training, where they are part of the prompt.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["tool_offer"]

_HOW = ("tool_choice", "parallel_tool_calls")
_SCHEMAS = ("parameters", "input_schema", "inputSchema")


def tool_offer(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the Chat Completions request fields that offer a record's tools to the model.

    Args:
        fields: The record's fields.

    Returns:
        `tools`, and `tool_choice` and `parallel_tool_calls` if the record has them. Empty if the record has
        no tools. A value that is not a list of tools is passed unchanged, so that the service can reject it.
    """
    tools = fields.get("tools")
    if tools is None or tools == []:
        return {}
    how = {name: fields[name] for name in _HOW if fields.get(name) is not None}
    return {"tools": [_tool(one) for one in tools] if isinstance(tools, list) else tools, **how}


def _tool(given: Any) -> Any:
    """Convert a tool to OpenAI's format without changing its argument schema."""
    if not isinstance(given, dict) or "function" in given:
        return given
    spec = given.get("toolSpec", given)
    if not isinstance(spec, dict) or not isinstance(spec.get("name"), str):
        return given
    function = {name: value for name, value in spec.items() if name not in (*_SCHEMAS, "type")}
    schema = next((spec[name] for name in _SCHEMAS if name in spec), None)
    if isinstance(schema, dict) and schema.keys() == {"json"}:  # Converse's wrapping
        schema = schema["json"]
    if schema is not None:
        function["parameters"] = schema
    return {"type": "function", "function": function}
