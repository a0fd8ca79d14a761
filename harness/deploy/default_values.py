"""What a template's values are when it is deployed with its parameters' defaults, whatever stands there."""

from __future__ import annotations

from typing import Any

from harness.localaws.template_values import TemplateValues, Unresolved, is_call

__all__ = ["mapping", "plain", "sequence"]


def mapping(value: Any) -> dict[str, Any]:
    """An object of a template, or an empty one where something else stands."""
    return value if isinstance(value, dict) else {}


def sequence(value: Any) -> list[Any]:
    """A list of a template, or an empty one where something else stands."""
    return value if isinstance(value, list) else []


def plain(values: TemplateValues, value: Any) -> Any:
    """A value with defaults put in and conditions decided, without the parts that only a deployment knows.

    Args:
        values: Of the template.
        value: A scalar, a list or an object.
    """
    try:
        chosen = values.chosen(value)
        if isinstance(chosen, dict) and is_call(chosen):
            return values.text(chosen)
    except Unresolved:
        return None
    if isinstance(chosen, list):
        return [found for each in chosen if (found := plain(values, each)) is not None]
    if isinstance(chosen, dict):
        parts = {key: plain(values, part) for key, part in chosen.items()}
        return {key: part for key, part in parts.items() if part is not None}
    return chosen
