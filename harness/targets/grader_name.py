"""Parses graders' names: `module:name`, `file.py:name`, `grader.toml`, or the call of a check.

A check is named by the call that makes it, `checks.numbers:number(marker="####")`, where `checks.` is short
for `graders.checks.`. The options are literals, and no code is evaluated, so a name from a file can only
select a factory and its options.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graders.configured import read_options
from graders.errors import DecorationError
from harness.errors import InputError

__all__ = ["GraderName", "named", "names_the_check"]

_SHORT, _WHOLE = "checks", "graders.checks"
_FILES = (".py", ".toml")
_EXAMPLE = """-g 'checks.numbers:number(marker="####")'"""


@dataclass(frozen=True, slots=True)
class GraderName:
    """A parsed grader name."""

    where: str
    """A module, or the path of a file that ends in `.py` or `.toml`."""
    name: str
    """Name of the grader, handler or factory in the module; empty for the module's only grader."""
    options: dict[str, Any] | None = None
    """Options of a check that is named by its call; None for any other name."""

    @property
    def is_file(self) -> bool:
        """True if the name is a path."""
        return self.where.endswith(_FILES)

    def __str__(self) -> str:
        """The normalized name."""
        if self.options is None:
            return f"{self.where}:{self.name}" if self.name else self.where
        given = ", ".join(f"{name}={value!r}" for name, value in self.options.items())
        return f"{self.where}:{self.name}({given})"


def named(text: str) -> GraderName:
    """Parse a grader's name.

    Args:
        text: The name as the user wrote it.

    Raises:
        InputError: The options are not literals, or a parenthesis is not closed.
    """
    where, _, name = text.partition(":")
    own = Path(f"{_SHORT}.py").exists() or Path(_SHORT).exists()
    if where.startswith(f"{_SHORT}.") and not where.endswith(_FILES) and not own:
        where = _WHOLE + where.removeprefix(_SHORT)
    name, bracket, rest = name.partition("(")
    if not bracket:
        return GraderName(where, name)
    try:
        return GraderName(where, name.strip(), read_options(f"({rest}"))
    except DecorationError as error:
        fix = f"Put the whole name in single quotes, and strings in double quotes: {_EXAMPLE}."
        raise InputError(str(error), place=text, fix=fix) from None


def names_the_check(grader: str, check: str | None) -> bool:
    """Return True if a grader's name and a function's variable name the same check.

    Args:
        grader: The grader's name. If it is a path, it may be relative to any folder.
        check: The variable's value: a file in the artifact, or a check with its options. None if unset.
    """
    if not check:
        return False
    mine, wanted = named(check.strip()), named(grader)
    if not mine.is_file:
        return mine == wanted
    parts = Path(os.path.normpath(mine.where)).parts
    return Path(os.path.normpath(wanted.where)).parts[-len(parts) :] == parts
