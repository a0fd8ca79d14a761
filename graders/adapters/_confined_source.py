"""Parses a Python file for `confined` and finds the modules it imports.

The file is parsed and compiled here, but never run.
"""

from __future__ import annotations

import ast
import importlib.util
import marshal
import os
import warnings
from contextlib import contextmanager

from ..errors import DecorationError
from ._confined_imports import FUNCTIONS, has_async, imports_of, is_pythons

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from importlib.machinery import ModuleSpec
    from typing import TypeAlias

    from ._confined_imports import Import

    Sent: TypeAlias = tuple[str, str, bool, bytes]

_LARGEST = 1_000_000
_TEXT = "grader_source"


class ConfinedSource:
    """Compiled Python source that defines a function.

    Args:
        text: The source code.
        function: Name of the function.
        place: Name of the source code for messages.
        file: Path of the file, or None if the code is not in a file. The code may import modules from the
            file's folder.
        packages: Packages outside the standard library that the code may import.

    Raises:
        DecorationError: The code is not valid Python or does not define the function.
    """

    def __init__(
        self, text: str, function: str, place: str, file: str | None = None, packages: Collection[str] = ()
    ) -> None:
        self.function, self.place = function, place
        self._folder = os.path.dirname(file) if file else None
        self._packages = frozenset(packages)
        self.modules: dict[str, Sent] = {}
        """The modules to send to the process, each as its name, file name, `True` for a package, and code.
        """
        self._imports: list[Import] = []
        self._has_async = False
        tree = _tree(text, place)
        stem = os.path.basename(file).removesuffix(".py") if file else _TEXT
        relative = any(isinstance(node, ast.ImportFrom) and node.level for node in ast.walk(tree))
        self._around = f"{_TEXT}_folder" if relative and file else ""
        self.name = f"{self._around}.{stem}" if self._around else stem
        self.line = _line_of(tree, function)
        """Line where the function is defined."""
        if not self.line:
            raise DecorationError(_no_function(tree, function, place))
        if self._around:
            self._send(self._around, "", True, _tree("", ""))
        self._send(self.name, place, False, tree, function)

    def missing(self, provided: Collection[str] = ()) -> str:
        """Describe the first import that would fail and its fix. Return an empty string if there is none.

        Args:
            provided: Packages that will be available in any case.
        """
        for one in self._imports:
            if not one.is_needed or one.package in provided or is_pythons(one.package):
                continue
            if one.package not in self._packages:
                return (
                    f"{one.place} imports {one.package}, which is neither next to it nor in packages=: add "
                    f"{one.package!r} to packages=, and the package that provides it to requirements.txt"
                )
            if spec_of(one.package) is None:
                return (
                    f"{one.place} imports {one.package}, which is not installed here: install it, and "
                    "in a project add it to requirements.txt"
                )
        return ""

    def preloaded(self, provided: Collection[str] = ()) -> frozenset[str]:
        """Return the modules to load before confining a session, as arguments for `CPython`.

        Args:
            provided: Packages that will be available in any case.
        """
        found = {"?asyncio"} if self._has_async else set()
        for one in self._imports:
            if one.package in provided or one.is_there:
                continue
            if "." in one.name and one.package not in self._packages:
                continue
            if one.package in self._packages or is_pythons(one.package):
                optional = "" if one.name or (one.is_needed and one.package in self._packages) else "?"
                found.add(f"{optional}{one.module}{one.name and f':{one.name}'}")
        return frozenset(found)

    def _send(self, name: str, place: str, is_package: bool, tree: ast.Module, function: str = "") -> None:
        """Add a module to send, along with the modules in the file's folder that it imports."""
        self.modules[name] = (name, place, is_package, _compiled(tree, place))
        self._has_async = self._has_async or has_async(tree)
        package = name if is_package else name.rpartition(".")[0]
        for one in imports_of(tree, place, package, function):
            if not self._send_own(one.module, one.is_tried):
                self._imports.append(one)
            elif one.name and "." not in one.name:
                self._send_own(f"{one.module}.{one.name}")

    def _send_own(self, name: str, is_tried: bool = False) -> bool:
        """Add a module from the file's folder and its parent packages. Return False if there is none.

        A folder is ignored if the code can work without it. In Lambda, installed packages are in the file's
        folder too, and the function may not import them.
        """
        if name in self.modules:
            return True
        if self._folder is None or name.partition(".")[0] in (*self._packages, "graders"):
            return False
        inner = name.removeprefix(f"{self._around}.") if self._around else name
        path = os.path.join(self._folder, *inner.split("."))
        around = name.rpartition(".")[0]
        for file, is_package in ((f"{path}.py", False), (os.path.join(path, "__init__.py"), True)):
            if is_package and is_tried and not self._around:
                return False
            if os.path.isfile(file) and (not around or self._send_own(around)):
                place = os.path.relpath(file, self._folder)
                self._send(name, place, is_package, _tree(read_text(file), place))
                return True
        if os.path.isdir(path) and not is_tried and not _is_installed(name.partition(".")[0]):
            self._send(name, "", True, _tree("", ""))
            return True
        return False


def read_text(file: str) -> str:
    """Read a Python file in the encoding that it declares.

    Raises:
        DecorationError: The file cannot be read.
    """
    try:
        if os.path.getsize(file) > _LARGEST:
            raise DecorationError(f"{file} is larger than {_LARGEST:,} bytes")
        with open(file, "rb") as opened:
            return importlib.util.decode_source(opened.read())
    except OSError as problem:
        raise DecorationError(f"{file} cannot be read: {problem.strerror}") from None
    except (SyntaxError, UnicodeError) as problem:
        raise DecorationError(f"{file} is not text: {problem}") from None


def _tree(text: str, place: str) -> ast.Module:
    with _python(place):
        return ast.parse(text)


def _compiled(tree: ast.Module, place: str) -> bytes:
    with _python(place):
        return marshal.dumps(compile(tree, place, "exec", dont_inherit=True))


@contextmanager
def _python(place: str) -> Iterator[None]:
    """Report invalid Python as a DecorationError, and ignore compiler warnings."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except SyntaxError as error:
        raise DecorationError(f"{place}:{error.lineno or 1} is not valid Python: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise DecorationError(f"{place} is not valid Python: {error or 'it is nested too deeply'}") from None


def _is_installed(package: str) -> bool:
    """Return True if the package is in the standard library or installed. A bare folder does not count."""
    if is_pythons(package):
        return True
    found = spec_of(package)
    return found is not None and found.origin is not None


def spec_of(package: str) -> ModuleSpec | None:
    """Return a package's import spec, or None if it is not installed. A stand-in does not count."""
    try:
        return importlib.util.find_spec(package)
    except ValueError:  # a module without a file, such as a stand-in, is loaded under this name
        return None


def _line_of(tree: ast.Module, function: str) -> int:
    """Return the number of the last line in a module that binds the function's name, or 0."""

    def look(body: list[ast.stmt]) -> Iterator[int]:
        for one in body:
            if isinstance(one, (*FUNCTIONS, ast.ClassDef)):
                if one.name == function:
                    yield one.lineno
            elif isinstance(one, (ast.Import, ast.ImportFrom)):
                if any((name.asname or name.name) in (function, "*") for name in one.names):
                    yield one.lineno
            elif isinstance(one, (ast.Assign, ast.AnnAssign)):
                names = (node for node in ast.walk(one) if isinstance(node, ast.Name))
                if any(name.id == function and isinstance(name.ctx, ast.Store) for name in names):
                    yield one.lineno
            else:
                for part in ("body", "orelse", "handlers", "finalbody"):
                    yield from look(getattr(one, part, []))

    return max(look(tree.body), default=0)


def _no_function(tree: ast.Module, function: str, place: str) -> str:
    names = [one.name for one in tree.body if isinstance(one, FUNCTIONS)]
    others = f"; it defines {', '.join(names[:10])}" if names else ""
    return f"{place} defines no function {function!r}{others}"
