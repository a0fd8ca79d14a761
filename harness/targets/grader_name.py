"""Names of graders as people write them: `module:name`, `file.py:name`, `grader.toml`, or a check's call.

A check is named as the call that makes it, `checks.numbers:number(marker="####")`, where `checks.` is short
for `graders.checks.`. Its options are literals and nothing is evaluated: a name that comes from a file can do
no more than choose a factory and its options.
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
    """The parts of a grader's name."""

    where: str
    """A module, or the path of a file that ends in `.py` or `.toml`."""
    name: str
    """The grader, handler or factory in it; empty where the module's only grader is meant."""
    options: dict[str, Any] | None = None
    """The options of a check that is named as a call; None for any other name."""

    @property
    def is_file(self) -> bool:
        """Whether it is named by a path."""
        return self.where.endswith(_FILES)

    def __str__(self) -> str:
        """The name in its one spelling."""
        if self.options is None:
            return f"{self.where}:{self.name}" if self.name else self.where
        given = ", ".join(f"{name}={value!r}" for name, value in self.options.items())
        return f"{self.where}:{self.name}({given})"


def named(text: str) -> GraderName:
    """Read a grader's name.

    Args:
        text: The name as it was written.

    Raises:
        InputError: It has options that are no literals, or brackets that do not close.
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
        fix = f"Put the whole name in single quotes, and texts in double ones: {_EXAMPLE}."
        raise InputError(str(error), place=text, fix=fix) from None


def names_the_check(grader: str, check: str | None) -> bool:
    """Whether a grader's name is that of the check that a function's variable names.

    Args:
        grader: The grader as people name it; a file's path may begin anywhere.
        check: The variable's value: a file in the artifact, or a check with its options. None for none.
    """
    if not check:
        return False
    mine, wanted = named(check.strip()), named(grader)
    if not mine.is_file:
        return mine == wanted
    parts = Path(os.path.normpath(mine.where)).parts
    return Path(os.path.normpath(wanted.where)).parts[-len(parts) :] == parts
