"""Puts a grader's folder on the import path, without letting its files shadow modules of the harness.

As in Lambda, the grader's folder comes first, so the grader imports its own `answers.py`. However, the
standard library and this package must not import a `queue.py`, a `rich.py` or a folder `harness` from there.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

from harness.extras import MODULES

__all__ = ["add_folder", "is_taken", "use_path"]


def is_taken(name: str) -> bool:
    """Return True if the standard library or the harness imports a top-level module of this name."""
    return name in sys.stdlib_module_names or name in MODULES


class _OwnModulesFirst:  # without a base from `importlib.abc`, which takes 3 ms to import
    """Import finder that skips the graders' folders for the standard library and our own packages."""

    def __init__(self) -> None:
        self.folders: set[str] = set()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the module's spec, or None to leave the search to the other finders."""
        if path is not None or not is_taken(fullname):
            return None
        elsewhere = [entry for entry in sys.path if entry not in self.folders]
        return PathFinder.find_spec(fullname, elsewhere, target)


_OWN_FIRST = _OwnModulesFirst()


def add_folder(folder: str) -> None:
    """Put a grader's folder first on the import path.

    Args:
        folder: The folder's absolute path.
    """
    _protect([folder])
    if sys.path[:1] != [folder]:
        sys.path[:] = [folder, *(entry for entry in sys.path if entry != folder)]


def use_path(path: Iterable[str]) -> None:
    """Adopt another process's import path, and treat folders that are new here as graders' folders.

    Args:
        path: That process's `sys.path`.
    """
    path = list(path)
    _protect(entry for entry in path if entry not in sys.path)
    sys.path[:] = path


def _protect(folders: Iterable[str]) -> None:
    _OWN_FIRST.folders.update(folders)
    if _OWN_FIRST not in sys.meta_path:
        sys.meta_path.insert(0, _OWN_FIRST)
