"""Finds the column that holds the reference answer. Its name varies between data sets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from harness.data.formats.row_parts import RowParts
from harness.data.look_alikes import REFERENCE, look_alikes

__all__ = ["reference_column", "take_reference"]

_ANSWERS_OF_MODELS: Final = ("output", "outputs", "response", "completion", "label", "labels")
"""Column names that may also mean a model's answer or a rating of it."""
_NAMES: Final = tuple(name for name in REFERENCE if name not in _ANSWERS_OF_MODELS)


def reference_column(row: Mapping[str, Any]) -> str | None:
    """Return the non-empty column whose name is most likely to mean a reference, or None."""
    return next((name for name, _ in look_alikes(dict(row), _NAMES, "")), None)


def take_reference(parts: RowParts, row: Mapping[str, Any]) -> Any:
    """Take the value of the `reference_column`, or return None if the row has no such column.

    Args:
        parts: The row's parts.
        row: The row.
    """
    name = reference_column(row)
    return None if name is None else parts.take(name)
