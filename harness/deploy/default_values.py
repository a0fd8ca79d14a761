"""Resolves a template's values using parameter defaults. A value of the wrong type counts as empty."""

from __future__ import annotations

from typing import Any

from harness.localaws.template_values import TemplateValues, Unresolved, is_call

__all__ = ["mapping", "plain", "sequence"]


def mapping(value: Any) -> dict[str, Any]:
    """Return a template value if it is an object, or an empty object."""
    return value if isinstance(value, dict) else {}


def sequence(value: Any) -> list[Any]:
    """Return a template value if it is a list, or an empty list."""
    return value if isinstance(value, list) else []


def plain(values: TemplateValues, value: Any) -> Any:
    """Return a value with defaults and conditions resolved, omitting parts not known before deployment.

    Args:
        values: The values in the template.
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
