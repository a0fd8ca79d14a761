"""Prints what a run's figures say, in titled sections of 80 columns."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import fill

from harness.printable import printable
from harness.report.console import SafeConsole
from harness.signal.statistic import Statistic

__all__ = ["NAME_COLUMNS", "filled", "print_sections", "statistic_line"]

NAME_COLUMNS = 26
"""Columns of a line that hold the name of its figure."""


def filled(line: str, indent: int = 0) -> str:
    """A line in 80 columns; words stay whole, since some are paths or names.

    Args:
        line: The text.
        indent: Spaces before what goes on in the next line.
    """
    after = " " * indent
    return fill(printable(line), 80, subsequent_indent=after, break_long_words=False, break_on_hyphens=False)


def print_sections(sections: Iterable[tuple[str, Iterable[str]]], console: SafeConsole) -> None:
    """Print each section that has lines, with its title above them.

    Args:
        sections: Titles with their lines.
        console: Where to print.
    """
    for title, lines in sections:
        shown = list(lines)
        if shown:
            console.print()
            console.print(printable(title), style="bold")
        for line in shown:
            console.print(filled(f"  {line}", NAME_COLUMNS + 3))


def statistic_line(name: str, one: Statistic, *, form: str = ".1%", more: str = "") -> str:
    """A statistic with its interval and what it counts, or why it was not measured.

    Args:
        name: What it is.
        one: The statistic.
        form: How its figures are written.
        more: What follows at the end.
    """
    if one.value is None:
        return f"{name:<{NAME_COLUMNS}} not measured: {one.why}"
    bounds = "" if one.low is None or one.high is None else f"  {one.low:{form}} to {one.high:{form}}"
    return f"{name:<{NAME_COLUMNS}} {one.value:{form}}{bounds}  n {one.n:,} {one.of}{more}"
