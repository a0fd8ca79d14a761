"""Lines of a list in columns, under a header."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.api.safe_text import plain_text
from harness.cli.output import say

__all__ = ["say_columns"]

UNKNOWN = "-"


def say_columns(header: Sequence[str], lines: Sequence[Sequence[Any]]) -> None:
    """Print values in columns; each line may end in a detail of its own, indented below it.

    Args:
        header: The columns' names.
        lines: Their values, as the service sent them; None and empty texts are unknown. A value more than
            there are columns is the detail.
    """
    count = len(header)
    cells = [[_shown(value) for value in line[:count]] for line in lines]
    widths = [max(map(len, column)) for column in zip(header, *cells, strict=True)]
    say(_line([name.upper() for name in header], widths), dim=True)
    for line, shown in zip(lines, cells, strict=True):
        say(_line(shown, widths))
        if len(line) > count and line[count]:
            say(f"    {plain_text(str(line[count]))}")


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _shown(value: Any) -> str:
    return UNKNOWN if value in (None, "") else plain_text(str(value)) or UNKNOWN
