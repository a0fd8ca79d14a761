"""The interface of importers: how one format's rows are recognized and converted.

A conversion never loses anything silently: each value of a row is in a line, or its path is in
`Converted.lost`, or the row is a `RowError`. Importers read rows through
`harness.data.formats.row_parts.RowParts`, which guarantees this: every value not taken is counted as lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

__all__ = ["REWARD", "Converted", "Importer", "RowError"]

REWARD = "reward"
"""The rollout field for the row's reward or score: `rft replay --label reward`."""


class RowError(ValueError):
    """A row that cannot be converted; the message says why, without the position."""


class Converted(NamedTuple):
    """Result of converting one row."""

    lines: tuple[dict[str, Any], ...]
    """Records or rollouts."""
    lost: tuple[str, ...]
    """Paths of the row's values that are in no line, such as `usage` or `choices[].logprobs`."""


@dataclass(frozen=True, slots=True)
class Importer:
    """One format of rows."""

    name: str
    """The name for `--from`."""
    title: str
    """Plural name of its rows, as in "this looks like ...": `verl's rows`."""
    recognizes: Callable[[Mapping[str, Any]], bool]
    """Whether a row has this format, judged by its keys."""
    convert: Callable[[Mapping[str, Any]], Converted]
    """Converts one row, or raises `RowError`."""
    advice: str = ""
    """Sentences about the result for the user; may be empty."""
