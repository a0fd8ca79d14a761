"""Names of graders as people write them: `module:name`, `file.py:name`, or a check with its options.

A check is named as the call that makes it, `checks.numbers:number(marker="####")`, where `checks.` is short
for `graders.checks.`. Its options are literals and nothing is evaluated: a name that comes from a file can do
no more than choose a factory and its options.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import InputError

__all__ = ["GraderName", "named"]

_SHORT, _WHOLE = "checks", "graders.checks"


@dataclass(frozen=True, slots=True)
class GraderName:
    """The parts of a grader's name."""

    where: str
    """A module, or the path of a file that ends in `.py`."""
    name: str
    """The grader, handler or factory in it; empty where the module's only grader is meant."""
    options: dict[str, Any] | None = None
    """The options of a check that is named as a call; None for any other name."""

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
    if where.startswith(f"{_SHORT}.") and not where.endswith(".py") and not own:
        where = _WHOLE + where.removeprefix(_SHORT)
    name, bracket, rest = name.partition("(")
    if not bracket:
        return GraderName(where, name)
    return GraderName(where, name.strip(), _options(text, f"({rest}"))


def _options(text: str, call: str) -> dict[str, Any]:
    """The options between the brackets of a call."""
    example = """-g 'checks.numbers:number(marker="####")'"""
    try:
        made = ast.parse(f"_{call.strip()}", mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        made = None
    if not isinstance(made, ast.Call) or not isinstance(made.func, ast.Name):
        raise InputError(
            "its options are not written as Python writes a call",
            place=text,
            fix=f"Put the whole name in single quotes, and texts in double ones: {example}.",
        )
    if made.args or any(each.arg is None for each in made.keywords):
        raise InputError("an option has no name", place=text, fix=f"Name every option: {example}.")
    options = {}
    for each in made.keywords:
        try:
            options[str(each.arg)] = ast.literal_eval(each.value)
        except (ValueError, TypeError, RecursionError, MemoryError):
            what = ast.unparse(each.value)
            raise InputError(
                f"{each.arg}={what} is not a literal",
                place=text,
                fix=f'Write a text, a number, a list, True, False or None, such as {each.arg}="{what}", '
                "or declare the grader in a file.",
            ) from None
    return options
