"""Finds what a test names, beside the test first: its rollouts, its records and its grader."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.targets.grader_name import named

__all__ = ["file_of", "folder_of"]


def file_of(path: str | Path, folders: list[Path]) -> Path:
    """A file that a test names, in the first folder that holds it.

    Args:
        path: The path that the test wrote.
        folders: The test's own folder, and others to look in.

    Returns:
        The file, which need not exist: then it is in the test's own folder.
    """
    return next((folder / path for folder in folders if (folder / path).exists()), folders[0] / path)


def folder_of(grader: Callable[..., Any] | str, folders: list[Path]) -> Path:
    """The first folder that holds the file or the module of a grader; the last one where none does.

    Args:
        grader: The grader or its name.
        folders: The test's own folder, and others to look in.
    """
    if isinstance(grader, str):
        where = named(grader).where
        top = where.partition(".")[0]
        names = [where] if where.endswith(".py") else [f"{top}.py", top]
        for folder in folders:
            if any((folder / name).exists() for name in names):
                return folder
    return folders[-1]
