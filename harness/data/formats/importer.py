"""What an importer is: how one format's rows are recognized, and what a row becomes.

A row that is converted loses nothing silently. Each of its values stands in a line, or its path is in
`Converted.lost`, or the row is a `RowError`. An importer takes its row apart through
`harness.data.formats.row_parts.RowParts`, which keeps that promise: what nobody takes is lost, and counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

__all__ = ["REWARD", "Converted", "Importer", "RowError"]

REWARD = "reward"
"""The field of a rollout that keeps its row's reward or score: `rft replay --label reward`."""


class RowError(ValueError):
    """A row that cannot be converted; the message says why, without the place."""


class Converted(NamedTuple):
    """What one row became."""

    lines: tuple[dict[str, Any], ...]
    """Records or rollouts."""
    lost: tuple[str, ...]
    """Paths of the row's values that no line carries, such as `usage` or `choices[].logprobs`."""


@dataclass(frozen=True, slots=True)
class Importer:
    """One format of rows."""

    name: str
    """As `--from` names it."""
    title: str
    """What its rows are called, in the plural, as in "this looks like ...": `verl's rows`."""
    recognizes: Callable[[Mapping[str, Any]], bool]
    """Whether a row is of this format, by its keys."""
    convert: Callable[[Mapping[str, Any]], Converted]
    """Converts one row; raises `RowError`."""
    advice: str = ""
    """What a user should know about the result, as sentences; empty where there is nothing to say."""
