"""Prints a run's figures in titled sections of 80 columns."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import fill

from harness.printable import printable
from harness.report.console import SafeConsole
from harness.signal.statistic import Statistic

__all__ = ["NAME_COLUMNS", "filled", "print_sections", "statistic_line"]

NAME_COLUMNS = 26
"""Number of columns for a figure's name."""


def filled(line: str, indent: int = 0) -> str:
    """Wrap a line to 80 columns without splitting words, which may be paths or names.

    Args:
        line: The text.
        indent: Spaces before continuation lines.
    """
    after = " " * indent
    return fill(printable(line), 80, subsequent_indent=after, break_long_words=False, break_on_hyphens=False)


def print_sections(sections: Iterable[tuple[str, Iterable[str]]], console: SafeConsole) -> None:
    """Print each section that has any lines, with its title above it.

    Args:
        sections: Titles, each with the lines of its section.
        console: The console to print to.
    """
    for title, lines in sections:
        shown = list(lines)
        if shown:
            console.print()
            console.print(printable(title), style="bold")
        for line in shown:
            console.print(filled(f"  {line}", NAME_COLUMNS + 3))


def statistic_line(name: str, one: Statistic, *, form: str = ".1%", more: str = "") -> str:
    """Format a statistic with its interval and sample size, or with the reason why it was not measured.

    Args:
        name: The statistic's name.
        one: The statistic.
        form: The format of the statistic's numbers.
        more: Text to append.
    """
    if one.value is None:
        return f"{name:<{NAME_COLUMNS}} not measured: {one.why}"
    bounds = "" if one.low is None or one.high is None else f"  {one.low:{form}} to {one.high:{form}}"
    return f"{name:<{NAME_COLUMNS}} {one.value:{form}}{bounds}  n {one.n:,} {one.of}{more}"
