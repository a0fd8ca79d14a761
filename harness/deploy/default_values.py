"""Resolves a template's values with its parameters' defaults. A value of the wrong type counts as empty."""

from __future__ import annotations

from typing import Any

from harness.localaws.template_values import TemplateValues, Unresolved, is_call

__all__ = ["mapping", "plain", "sequence"]


def mapping(value: Any) -> dict[str, Any]:
    """Return a template's value if it is an object, else an empty object."""
    return value if isinstance(value, dict) else {}


def sequence(value: Any) -> list[Any]:
    """Return a template's value if it is a list, else an empty list."""
    return value if isinstance(value, list) else []


def plain(values: TemplateValues, value: Any) -> Any:
    """Return a value with defaults and conditions resolved, without the parts known only at deployment.

    Args:
        values: The template's values.
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
