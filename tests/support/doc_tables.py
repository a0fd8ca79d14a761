"""Reads tables from a page in `docs/`, so that tests can check their rows."""

from __future__ import annotations

import re

from support.readme import README

_SPAN = re.compile(r"(?<!`)(`+)(?!`) ?(.+?) ?(?<!`)\1(?!`)")


def page(name: str) -> str:
    return (README.parent / "docs" / name).read_text(encoding="utf-8")


def spans(cell: str) -> list[str]:
    """Return the code spans in a cell, delimited by one or more backticks. ⏎ stands for a line break."""
    return [text.replace("\u23ce", "\n").replace("\\|", "|") for _, text in _SPAN.findall(cell)]


def rows(text: str, title: str, columns: int) -> list[list[str]]:
    """Return the cells of a section's rows that begin with code.

    Args:
        text: The page's text.
        title: The section's heading.
        columns: The number of cells in every row.
    """
    part = text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    found = [
        re.split(r" (?<!\\)\| ", line.strip("| ")) for line in part.splitlines() if line.startswith("| `")
    ]
    assert found, f"no rows under {title}"
    assert all(len(row) == columns for row in found), "a row of another table"
    return found
