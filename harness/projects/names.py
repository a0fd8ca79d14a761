"""Names of graders in Python and in a template, checked before anything is written under them."""

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
"""Folders that Python would find in place of the library."""
NAMES_TAKEN = ("rft-graders", "pytest")
"""What every project depends on: one of that name would depend on itself."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_ ][A-Za-z0-9]+)*")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
# A function's name in AWS begins with its stack's, and Lambda allows 64 characters in all.
_MOST = 40
# Git does not see a folder of such a name.
_WRITTEN = ("build", "dist", "evaluations", "jobs", "rehearsals", "runs")


@dataclass(frozen=True, slots=True)
class ProjectNames:
    """What a grader is called in its two worlds."""

    module: str
    """Its module and its scoring function: `receipt_total`."""
    logical_id: str
    """Its resource in the template: `ReceiptTotal`."""


def grader_name(text: str, folder: Path) -> ProjectNames:
    """Derive a grader's names from what the user calls it: `receipt-total`, `receipt_total`, `ReceiptTotal`.

    Args:
        text: The name.
        folder: The folder that the module will stand in; what is in there may not hide it.

    Raises:
        InputError: It cannot be a name in Python or AWS, or it would hide another module.
    """
    fix = f"Use letters and digits, words joined by hyphens, a letter first, {_MOST} at most: receipt-total."
    if not _NAME.fullmatch(text) or len(text) > _MOST:
        raise InputError(f"{text!r} cannot name a grader", fix=fix)
    words = re.split("[-_ ]", _HUMP.sub("_", text))
    module = "_".join(words).lower()
    check_module(module, folder)
    if module in _WRITTEN:
        fix = "Choose another name, for example with what it grades: receipt-total."
        raise InputError(f"rft and its tools write into a folder called {module}", fix=fix)
    return ProjectNames(module, logical_id_of(module))


def folder_name(like: str) -> str:
    """Derive the name of a new project's folder from the name of a source, without its ending."""
    words = re.sub("[^A-Za-z0-9]+", "-", like).strip("-")[:32].strip("-")
    if not words or words.lower() in (*FOLDERS_TAKEN, *NAMES_TAKEN):
        return "imported-grader"
    return words if words[0].isalpha() else f"grader-{words}"


def logical_id_of(module: str) -> str:
    """The resource of a module's grader in a template: letters and digits alone."""
    return "".join(word[:1].upper() + word[1:] for word in re.split("[^A-Za-z0-9]+", module))


def check_module(module: str, folder: Path, file: Path | None = None) -> None:
    """Refuse a module's name that Python would refuse or take for another module.

    Args:
        module: The name, without `.py`.
        folder: The folder that the module will stand in.
        file: The file or folder that has this name already.

    Raises:
        InputError: It is a keyword, or hides the library, the standard library or an installed package.
    """
    place = None if file is None else str(file)
    fix = "Choose another name, for example with what it grades: math_answer."
    if file is not None:
        fix = "Rename it, for example to what it grades: math_answer.py."
    if not module.isidentifier() or keyword.iskeyword(module):
        raise InputError(f"{module!r} cannot name a Python module", place=place, fix=fix)
    whose = None
    if module in ("graders", "harness"):
        whose = "this library's"
    elif module in sys.stdlib_module_names:
        whose = "the standard library's"
    elif is_taken(module) or _is_installed(module, folder):
        whose = "an installed package's"
    if whose:
        message = f"a module called {module} would hide {whose} module of that name"
        raise InputError(message, place=place, fix=fix)


def _is_installed(module: str, folder: Path) -> bool:
    """Whether a module of this name can be imported from elsewhere than the folder itself."""
    here = {folder.resolve(), Path.cwd().resolve()}
    elsewhere = [entry for entry in sys.path if Path(entry).resolve() not in here]
    spec = PathFinder.find_spec(module, elsewhere)
    return spec is not None and spec.origin is not None  # a folder without __init__.py hides nothing
