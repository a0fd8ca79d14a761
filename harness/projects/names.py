"""Derives and checks the names of graders in Python and in a template, before any file is written."""

from __future__ import annotations

import keyword
import re
import sys
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path

from harness.errors import InputError
from harness.import_path import is_taken

__all__ = [
    "FOLDERS_TAKEN",
    "NAMES_TAKEN",
    "ProjectNames",
    "check_module",
    "folder_name",
    "grader_name",
    "logical_id_of",
]

FOLDERS_TAKEN = ("graders", "harness")
"""Folders that Python would import instead of the library."""
NAMES_TAKEN = ("rft-graders", "pytest")
"""Dependencies of every project. A project with such a name would depend on itself."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_ ][A-Za-z0-9]+)*")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
# A function's name in AWS begins with its stack's name, and Lambda allows 64 characters in total.
_MOST = 40
# Git ignores folders with these names.
_WRITTEN = ("build", "dist", "evaluations", "jobs", "rehearsals", "runs")


@dataclass(frozen=True, slots=True)
class ProjectNames:
    """A grader's names in Python and in the template."""

    module: str
    """Name of the module and of the scoring function in it, such as `receipt_total`."""
    logical_id: str
    """Logical ID of the grader's resource in the template, such as `ReceiptTotal`."""


def grader_name(text: str, folder: Path) -> ProjectNames:
    """Derive a grader's names from a name such as `receipt-total`, `receipt_total` or `ReceiptTotal`.

    Args:
        text: The user's name for the grader.
        folder: The module's folder, whose contents must not hide the module.

    Raises:
        InputError: The name is not valid in Python or AWS, or it would hide another module.
    """
    fix = f"Use letters, digits and hyphens, a letter first, at most {_MOST} characters: receipt-total."
    if not _NAME.fullmatch(text) or len(text) > _MOST:
        raise InputError(f"{text!r} is not a valid name for a grader", fix=fix)
    words = re.split("[-_ ]", _HUMP.sub("_", text))
    module = "_".join(words).lower()
    check_module(module, folder)
    if module in _WRITTEN:
        fix = "Choose another name, such as what it grades: receipt-total."
        raise InputError(f"rft and its tools write into a folder called {module}", fix=fix)
    return ProjectNames(module, logical_id_of(module))


def folder_name(like: str) -> str:
    """Derive the name of a new project's folder from the source's name without its extension."""
    words = re.sub("[^A-Za-z0-9]+", "-", like).strip("-")[:32].strip("-")
    if not words or words.lower() in (*FOLDERS_TAKEN, *NAMES_TAKEN):
        return "imported-grader"
    return words if words[0].isalpha() else f"grader-{words}"


def logical_id_of(module: str) -> str:
    """Return the logical ID for a grader's module, which may have only letters and digits."""
    return "".join(word[:1].upper() + word[1:] for word in re.split("[^A-Za-z0-9]+", module))


def check_module(module: str, folder: Path, file: Path | None = None) -> None:
    """Reject a module name that is invalid in Python or would hide another module.

    Args:
        module: The name, without `.py`.
        folder: The module's folder.
        file: An existing file or folder with this name.

    Raises:
        InputError: The name is a keyword, or hides the library, the standard library or an installed package.
    """
    place = None if file is None else str(file)
    fix = "Choose another name, such as what it grades: math_answer."
    if file is not None:
        fix = "Rename it, for example to what it grades: math_answer.py."
    if not module.isidentifier() or keyword.iskeyword(module):
        raise InputError(f"{module!r} is not a valid name for a Python module", place=place, fix=fix)
    whose = None
    if module in ("graders", "harness"):
        whose = "this library's"
    elif module in sys.stdlib_module_names:
        whose = "the standard library's"
    elif is_taken(module) or _is_installed(module, folder):
        whose = "an installed package's"
    if whose:
        message = f"a module called {module} would hide {whose} module with that name"
        raise InputError(message, place=place, fix=fix)


def _is_installed(module: str, folder: Path) -> bool:
    """Return True if a module with this name can be imported from outside the folder."""
    here = {folder.resolve(), Path.cwd().resolve()}
    elsewhere = [entry for entry in sys.path if Path(entry).resolve() not in here]
    spec = PathFinder.find_spec(module, elsewhere)
    return spec is not None and spec.origin is not None  # a folder without __init__.py does not hide a module
