"""Builds the tool calls that a reference expects, so that a check can be tested with them."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["calls_of"]


def calls_of(reference: Any) -> list[dict[str, Any]]:
    """Return a reference's calls in OpenAI's format, or an empty list if the reference lists no calls.

    Args:
        reference: A list of calls, an object with such a list under `calls`, `tool_calls` or `ground_truth`,
            or either of these as a JSON string. A call has a `name` and `arguments`, or the BFCL form
            `{function: {argument: [accepted values]}}`.
    """
    if isinstance(reference, str):
        try:
            reference = json.loads(reference)
        except (ValueError, RecursionError):
            return []
    if isinstance(reference, dict):
        lists = (reference.get(key) for key in ("calls", "tool_calls", "ground_truth"))
        reference = next((one for one in lists if isinstance(one, list)), [reference])
    if not isinstance(reference, list) or not all(isinstance(one, dict) for one in reference):
        return []
    return [call for one in reference if (call := _call(one)) is not None]


def _call(given: dict[str, Any]) -> dict[str, Any] | None:
    inner = given.get("function", given.get("toolUse", given))
    if isinstance(inner, dict) and isinstance(inner.get("name"), str):
        name, arguments = inner["name"], inner.get("arguments", inner.get("parameters", inner.get("input")))
    elif len(given) == 1 and isinstance(next(iter(given.values())), dict):
        ((name, accepted),) = given.items()
        arguments = _chosen(accepted)
    else:
        return None
    if not isinstance(arguments, str):
        arguments = json.dumps(arguments or {}, ensure_ascii=False)
    return {"id": "call-1", "type": "function", "function": {"name": name, "arguments": arguments}}


def _chosen(value: Any) -> Any:
    """Reduce a value in BFCL's format to the first accepted value of each field."""
    if isinstance(value, list):
        return [_chosen(one) for one in value]
    if not isinstance(value, dict):
        return value
    if not all(isinstance(one, list) for one in value.values()):
        return {key: _chosen(one) for key, one in value.items()}
    kept = {key: next((one for one in accepted if one != ""), None) for key, accepted in value.items()}
    return {key: _chosen(one) for key, one in kept.items() if one is not None or None in value[key]}
