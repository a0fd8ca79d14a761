"""A Lambda handler that somebody has already: its file as it is, and what it takes with it into a project.

The file is read and never run: importing a handler may call services.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from harness.errors import InputError
from harness.installed import owners
from harness.projects.handler_names import choose_handler
from harness.projects.names import check_module

__all__ = ["HandlerFile", "read_handler"]

_MOST_BYTES = 250 << 20
_FOR_MAKE = re.compile(r"[\w.-]+")
_REQUIREMENTS = "requirements.txt"
# Lambda's Python runtimes have the SDK; the build brings this library and Powertools.
_IN_LAMBDA = frozenset(
    ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six", "awslambdaric")
    + ("graders", "aws_lambda_powertools")
)


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
    if path.is_dir():
        fix = "Name the Python file that holds the handler: --from lambda_function.py."
        raise InputError("is a folder", place=str(path), fix=fix)
    if not path.is_file():
        raise InputError("no such file", place=str(path), fix="Name the Python file of your handler.")
    if path.suffix != ".py":
        fix = "Name the Python file that holds the handler; unpack it first if it is in a zip file."
        raise InputError("is not a Python file", place=str(path), fix=fix)
    module, folder = path.stem, path.absolute().parent
    check_module(module, folder, path)
    tree = _parsed(path)
    function = choose_handler(tree, path, named)
    belongings = _Belongings(folder)
    belongings.add(path.name)
    if (folder / _REQUIREMENTS).is_file():
        belongings.files[_REQUIREMENTS] = _content(folder / _REQUIREMENTS)
    return HandlerFile(module, function, belongings.files, belongings.packages())


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", place=str(path)) from error


def _parsed(path: Path) -> ast.Module:
    """The syntax tree of a file.

    Raises:
        InputError: It cannot be read, or Python cannot parse it.
    """
    try:
        return ast.parse(_content(path), path.name)
    except SyntaxError as error:
        raise InputError(f"is not valid Python: {error.msg}", place=_line_of(path, error)) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise InputError(f"is not valid Python: {error or type(error).__name__}", place=str(path)) from None


def _line_of(path: Path, error: SyntaxError) -> str:
    return f"{path}:{error.lineno}" if error.lineno else str(path)


class _Belongings:
    """The files of one folder that a module needs, and the packages that they import from elsewhere.

    Args:
        folder: The module's folder, where Python looks first.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[str, bytes] = {}
        self._imported: set[str] = set()
        self._size = 0

    def add(self, name: str) -> None:
        """Take a file, and if it is Python what it imports and names beside it."""
        if name in self.files:
            return
        path = self.folder / name
        if not _FOR_MAKE.fullmatch(name.partition("/")[0]):
            fix = "Rename it: letters, digits, hyphens, dots and underscores."
            raise InputError("belongs to the handler, but make cannot read such a name", place=name, fix=fix)
        self.files[name] = _content(path)
        self._size += len(self.files[name])
        if self._size > _MOST_BYTES:
            fix = "Copy the handler and what it needs into a folder of their own."
            raise InputError("what belongs to it is over Lambda's 250 MB", place=str(self.folder), fix=fix)
        if path.suffix != ".py":
            return
        tree = _parsed(path)
        if "/" not in name and any(isinstance(n, ast.ImportFrom) and n.level for n in ast.walk(tree)):
            fix = "Name a file whose imports are absolute; Lambda imports the handler's module by itself."
            raise InputError("imports relatively, as a part of a package", place=str(path), fix=fix)
        for module in _imports(tree):
            self._import(module)
        for text in _texts(tree):
            if self._is_data(text):
                self.add(text)

    def _import(self, module: str) -> None:
        """Take a module that stands beside, or note it as a package."""
        if (self.folder / module / "__init__.py").is_file() or (
            not (self.folder / f"{module}.py").is_file() and any((self.folder / module).glob("*.py"))
        ):
            check_module(module, self.folder, self.folder / module)
            for path in sorted((self.folder / module).rglob("*")):
                inside = path.relative_to(self.folder)
                if path.is_file() and not any(_is_no_source(part) for part in inside.parts):
                    self.add(inside.as_posix())
        elif (self.folder / f"{module}.py").is_file():
            check_module(module, self.folder, self.folder / f"{module}.py")
            self.add(f"{module}.py")
        else:
            self._imported.add(module)

    def _is_data(self, text: str) -> bool:
        """Whether a text in the source names a file in the folder, which it may open."""
        path = Path(text)
        if path.is_absolute() or not path.suffix or any(_is_no_source(part) for part in path.parts):
            return False
        return path.as_posix() == text and (self.folder / path).is_file()

    def packages(self) -> dict[str, str | None]:
        """What is imported from elsewhere and is not in Lambda anyway."""
        names = sorted(self._imported - _IN_LAMBDA - sys.stdlib_module_names)
        installed = owners() if names else {}
        found = {name: installed.get(name, [None])[0] for name in names}
        return {name: one and f"{one}=={version(one)}" for name, one in found.items()}


def _is_no_source(part: str) -> bool:
    return part.startswith(".") or part == "__pycache__" or part.endswith((".pyc", ".pyo"))


def _imports(tree: ast.Module) -> Iterator[str]:
    """The top-level modules that are imported anywhere, inside functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name.partition(".")[0] for each in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module.partition(".")[0]


def _texts(tree: ast.Module) -> Iterator[str]:
    """The short texts in the code: names of files are among them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and 2 < len(node.value) < 200:
            if node.value.isprintable():
                yield node.value
