"""Reads the tables of a page in `docs/`, whose rows are tests."""

from __future__ import annotations

import re

from support.readme import README

_SPAN = re.compile(r"(?<!`)(`+)(?!`) ?(.+?) ?(?<!`)\1(?!`)")


def page(name: str) -> str:
    """The text of a page in `docs/`."""
    return (README.parent / "docs" / name).read_text(encoding="utf-8")


def spans(cell: str) -> list[str]:
    """The texts of a cell in backticks, more of them around texts that hold some; ⏎ is a line break."""
    return [text.replace("\u23ce", "\n").replace("\\|", "|") for _, text in _SPAN.findall(cell)]


def rows(text: str, title: str, columns: int) -> list[list[str]]:
    """The cells of a section's rows that begin with code.

    Args:
        text: The page.
        title: The section's heading.
        columns: How many cells every row has.
    """
    part = text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    found = [
        re.split(r" (?<!\\)\| ", line.strip("| ")) for line in part.splitlines() if line.startswith("| `")
    ]
    assert found, f"no rows under {title}"
    assert all(len(row) == columns for row in found), "a row of another table"
    return found
