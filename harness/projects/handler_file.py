"""A Lambda handler that somebody has already: its file as it is, and what it takes with it into a project.

The file is read and never run: importing a handler may call services.
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
    """A handler, and what belongs to it."""

    module: str
    function: str
    files: dict[str, bytes]
    """The file and what beside it belongs to it, by path relative to its folder."""
    packages: dict[str, str | None] = field(default_factory=dict)
    """The packages that it imports: the module, and the installed distribution with its version, if any."""

    @property
    def sources(self) -> list[str]:
        """The files and folders at the top that go into Lambda."""
        return sorted({name.partition("/")[0] for name in self.files} - {_REQUIREMENTS})


def read_handler(path: Path, named: str | None = None) -> HandlerFile:
    """Read a handler's file, and find what it imports and opens beside itself.

    Args:
        path: The Python file.
        named: Its handler, `module.function` or `function`; found where only one function can be it when
            None.

    Raises:
        InputError: There is no such file, it is no Python, or it holds no handler.
    """
    check_python_file(path, "holds the handler")
    module, folder = path.stem, path.absolute().parent
    check_module(module, folder, path)
    tree = parsed(path)
    function = choose_handler(tree, path, named)
    belongings = Belongings(folder)
    belongings.add(path.name)
    if (folder / _REQUIREMENTS).is_file():
        belongings.files[_REQUIREMENTS] = content_of(folder / _REQUIREMENTS)
    return HandlerFile(module, function, belongings.files, belongings.packages())
