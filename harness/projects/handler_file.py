"""Finds the files that an existing Lambda handler needs in order to become part of a project unchanged.

The handler's file is never run, because importing a handler may call services.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from harness.projects.belongings import Belongings, check_python_file, content_of, parsed
from harness.projects.handler_names import choose_handler
from harness.projects.names import check_module

__all__ = ["HandlerFile", "read_handler"]

_REQUIREMENTS = "requirements.txt"


@dataclass(frozen=True, slots=True)
class HandlerFile:
    """A handler with the files and packages that it needs."""

    module: str
    function: str
    files: dict[str, bytes]
    """The handler's file and the neighboring files that it needs, by path relative to its folder."""
    packages: dict[str, str | None] = field(default_factory=dict)
    """Imported packages, each with its installed distribution and version, or None."""

    @property
    def sources(self) -> list[str]:
        """The top-level files and folders that the Lambda artifact contains."""
        return sorted({name.partition("/")[0] for name in self.files} - {_REQUIREMENTS})


def read_handler(path: Path, named: str | None = None) -> HandlerFile:
    """Parse a handler's file and find the neighboring files that it imports or opens.

    Args:
        path: The Python file.
        named: The handler, `module.function` or `function`; None if only one function can be the handler.

    Raises:
        InputError: The file does not exist, is not Python, or has no handler.
    """
    check_python_file(path, "contains the handler")
    module, folder = path.stem, path.absolute().parent
    check_module(module, folder, path)
    tree = parsed(path)
    function = choose_handler(tree, path, named)
    belongings = Belongings(folder)
    belongings.add(path.name)
    if (folder / _REQUIREMENTS).is_file():
        belongings.files[_REQUIREMENTS] = content_of(folder / _REQUIREMENTS)
    return HandlerFile(module, function, belongings.files, belongings.packages())
