"""The interface of importers. An importer recognizes and converts rows of one format.

A conversion never loses data silently. Each value of a row is converted, or its path is listed in
`Converted.lost`, or the whole row is rejected with a `RowError`. Importers read rows through
`harness.data.formats.row_parts.RowParts`, and any value that an importer does not take is listed as lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

__all__ = ["REWARD", "Converted", "Importer", "RowError"]

REWARD = "reward"
"""Rollout field that holds the row's reward or score. `rft replay` can use it as a label."""


class RowError(ValueError):
    """Raised when a row cannot be converted. The message does not include the row's position."""


class Converted(NamedTuple):
    """The result of converting one row."""

    lines: tuple[dict[str, Any], ...]
    """Records or rollouts."""
    lost: tuple[str, ...]
    """Paths of the row's values that were not converted, such as `usage` or `choices[].logprobs`."""


@dataclass(frozen=True, slots=True)
class Importer:
    """Recognizes and converts rows of one format."""

    name: str
    """Name that users pass to `--from`."""
    title: str
    """Plural name of the format's rows for error messages, such as "verl's rows"."""
    recognizes: Callable[[Mapping[str, Any]], bool]
    """Function that returns True if a row's keys fit the format."""
    convert: Callable[[Mapping[str, Any]], Converted]
    """Function that converts one row or raises `RowError`."""
    advice: str = ""
    """Advice for the user about the converted lines. May be empty."""
