"""The interface of importers: recognizing and converting the rows of one format.

A conversion never loses anything silently: each value of a row is in a line or has its path in
`Converted.lost`, or else the whole row is rejected with a `RowError`. Importers read rows through
`harness.data.formats.row_parts.RowParts`, which guarantees this: every value that an importer does not take
is counted as lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

__all__ = ["REWARD", "Converted", "Importer", "RowError"]

REWARD = "reward"
"""The rollout field for the row's reward or score, as used in `rft replay --label reward`."""


class RowError(ValueError):
    """A row that cannot be converted; the message gives the reason without the position."""


class Converted(NamedTuple):
    """Result of converting one row."""

    lines: tuple[dict[str, Any], ...]
    """Records or rollouts."""
    lost: tuple[str, ...]
    """Paths of the row's values that were not converted, such as `usage` or `choices[].logprobs`."""


@dataclass(frozen=True, slots=True)
class Importer:
    """One format of rows."""

    name: str
    """The name for `--from`."""
    title: str
    """Plural name of the format's rows, as in "this looks like ...": `verl's rows`."""
    recognizes: Callable[[Mapping[str, Any]], bool]
    """Whether a row has this format, judged by its keys."""
    convert: Callable[[Mapping[str, Any]], Converted]
    """Converts one row, or raises `RowError`."""
    advice: str = ""
    """Notes for the user about the result, one sentence each; may be empty."""
