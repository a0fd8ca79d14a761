"""The interface of importers, which recognize and convert the rows of one format.

A conversion never loses data silently. Each value of a row is converted, or its path is listed in
`Converted.lost`, or the whole row is rejected with a `RowError`. Importers read rows through
`harness.data.formats.row_parts.RowParts`. Each value that an importer does not take from there is listed as
lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

__all__ = ["REWARD", "Converted", "Importer", "RowError"]

REWARD = "reward"
"""Rollout field for the row's reward or score, which `rft replay` can use as a label."""


class RowError(ValueError):
    """Raised when a row cannot be converted. The message does not include the row's position."""


class Converted(NamedTuple):
    """Result of converting one row."""

    lines: tuple[dict[str, Any], ...]
    """Records or rollouts."""
    lost: tuple[str, ...]
    """Paths of the row's values that were not converted, such as `usage` or `choices[].logprobs`."""


@dataclass(frozen=True, slots=True)
class Importer:
    """Recognizes and converts rows of one format."""

    name: str
    """Name that users pass as `--from`."""
    title: str
    """Plural name of the format's rows in error messages, such as "verl's rows"."""
    recognizes: Callable[[Mapping[str, Any]], bool]
    """Returns True if a row's keys fit the format."""
    convert: Callable[[Mapping[str, Any]], Converted]
    """Converts one row, or raises `RowError`."""
    advice: str = ""
    """Advice for the user about the converted lines; may be empty."""
