"""Puts a grader's folder on the import path, without letting its files replace what the harness imports.

As in Lambda, the grader's folder comes first: `answers.py` beside the grader is the grader's. But a
`queue.py`, a `rich.py` or a folder `harness` there must not be imported by the standard library or by this
package.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

from harness.extras import MODULES

__all__ = ["add_folder", "is_taken", "use_path"]


def is_taken(name: str) -> bool:
    """Whether the standard library or the harness imports a top-level module of this name."""
    return name in sys.stdlib_module_names or name in MODULES


class _OwnModulesFirst:  # `importlib.abc`, whose class this could be, costs 3 ms
    """Finds the standard library and this project's packages outside of the graders' folders."""

    def __init__(self) -> None:
        self.folders: set[str] = set()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module's spec, or None for what the other finders may find anywhere."""
        if path is not None or not is_taken(fullname):
            return None
        elsewhere = [entry for entry in sys.path if entry not in self.folders]
        return PathFinder.find_spec(fullname, elsewhere, target)


_OWN_FIRST = _OwnModulesFirst()


def add_folder(folder: str) -> None:
    """Put a grader's folder first on the import path.

    Args:
        folder: Its absolute path.
    """
    _protect([folder])
    if sys.path[:1] != [folder]:
        sys.path[:] = [folder, *(entry for entry in sys.path if entry != folder)]


def use_path(path: Iterable[str]) -> None:
    """Import from where another process does; what is new here is taken for graders' folders.

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
