"""Prints lists in columns with a header."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from harness.api.safe_text import plain_text
from harness.cli.output import say
from harness.printable import columns_of

__all__ = ["in_columns", "say_columns"]

UNKNOWN = "-"
_WIDEST = 44
"""Values longer than this do not widen their column."""


def say_columns(header: Sequence[str], lines: Sequence[Sequence[Any]]) -> None:
    """Print values in columns. If stdout is a terminal, do not exceed its width.

    Args:
        header: The columns' names.
        lines: The values of each line, as sent by the service. None and blank strings mean unknown. A value
            beyond the last column is printed indented below its line.
    """
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for number, line in enumerate(in_columns(header, lines, width)):
        say(line, dim=number == 0)


def in_columns(
    header: Sequence[str], lines: Sequence[Sequence[Any]], width: int | None = None
) -> Iterator[str]:
    """Arrange values in columns.

    Args:
        header: As in `say_columns`.
        lines: As in `say_columns`.
        width: Width of the terminal, or None for no limit. Trailing columns that do not fit are printed below
            the line, with their names.

    Yields:
        The header, then each line followed by any text to print below it.
    """
    count = len(header)
    cells = [[_shown(value) for value in line[:count]] for line in lines]
    widths = [min(_WIDEST, max(map(columns_of, column))) for column in zip(header, *cells, strict=True)]
    beside = count
    while width is not None and beside > 1 and sum(widths[:beside]) + 2 * (beside - 1) > width:
        beside -= 1
    yield _line([name.upper() for name in header[:beside]], widths)
    for line, shown in zip(lines, cells, strict=True):
        yield _line(shown[:beside], widths)
        for name, cell in zip(header[beside:], shown[beside:], strict=True):
            if cell != UNKNOWN:
                yield f"    {name} {cell}"
        if len(line) > count and line[count]:
            yield f"    {plain_text(str(line[count]))}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell + " " * (width - columns_of(cell)) for cell, width in zip(cells, widths, strict=False))
    return "  ".join(padded).rstrip()


def _shown(value: Any) -> str:
    return UNKNOWN if value in (None, "") else plain_text(str(value)) or UNKNOWN
