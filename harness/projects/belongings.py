"""Finds the files in a folder that a Python file needs, and the packages that it imports from elsewhere.

Files are parsed but never run, because importing a file may call services.
"""

from __future__ import annotations

import ast
import re
import sys
import warnings
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from harness.errors import InputError
from harness.installed import owners
from harness.projects.names import check_module
from harness.projects.syntax import packages_of

__all__ = ["Belongings", "check_python_file", "content_of", "parsed", "too_deep"]

_MOST_BYTES = 250 << 20
_FOR_MAKE = re.compile(r"[\w.-]+")
# Lambda's Python runtimes have the SDK; the build adds this library and Powertools.
_IN_LAMBDA = frozenset(
    ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six", "awslambdaric")
    + ("graders", "aws_lambda_powertools")
)


def check_python_file(path: Path, wanted: str) -> None:
    """Reject a path that is not an importable Python file.

    Args:
        path: The path that the user named.
        wanted: The words that complete the message "Name the Python file that ...".

    Raises:
        InputError: The path is a folder, does not exist, or is another kind of file.
    """
    fix = f"Name the Python file that {wanted}."
    kind = path.suffix.lower()
    if path.is_dir():
        raise InputError("is a folder", place=str(path), fix=fix)
    if not path.is_file():
        raise InputError("no such file", place=str(path), fix=fix)
    if kind == ".py" and path.suffix != ".py":
        fix = f"Rename it to {path.stem}.py."
        message = f"ends in {path.suffix}, but Python imports only files that end in .py"
        raise InputError(message, place=str(path), fix=fix)
    if kind == ".ipynb":
        fix = f"Convert it to Python first: jupyter nbconvert --to script {path.name}."
        raise InputError("is a notebook", place=str(path), fix=fix)
    if kind != ".py":
        fix += " Unpack it first if it is in a zip file." if kind == ".zip" else ""
        raise InputError("is not a Python file", place=str(path), fix=fix)


def content_of(path: Path) -> bytes:
    """Return the bytes of a file.

    Raises:
        InputError: The file cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", place=str(path)) from error


def parsed(path: Path) -> ast.Module:
    """Return the syntax tree of a file.

    Raises:
        InputError: The file cannot be read, or Python cannot parse it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python warns about escapes in the user's text
            return ast.parse(content_of(path), path.name)
    except SyntaxError as error:
        raise InputError(f"is not valid Python: {error.msg}", place=_line_of(path, error)) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise InputError(f"is not valid Python: {error or type(error).__name__}", place=str(path)) from None


def too_deep(place: str) -> InputError:
    """Return the error for code that Python parses but that is nested too deeply to analyze."""
    fix = "Split its longest expression, or its longest chain of elif."
    return InputError("nests its code too deeply to be read", place=place, fix=fix)


def _line_of(path: Path, error: SyntaxError) -> str:
    return f"{path}:{error.lineno}" if error.lineno else str(path)


class Belongings:
    """The files in one folder that a module needs, and the packages that these files import from elsewhere.

    Args:
        folder: The module's folder, where Python looks first.
        relative: True if files at the top of the folder may use relative imports.
    """

    def __init__(self, folder: Path, *, relative: bool = False) -> None:
        self.folder = folder
        self.files: dict[str, bytes] = {}
        """The files' contents, by path relative to the folder."""
        self.trees: dict[str, ast.Module] = {}
        """The syntax trees of the Python files."""
        self.imported: dict[str, str] = {}
        """Top-level modules from elsewhere, each with the file and line of its first import."""
        self._relative = relative
        self._size = 0

    def add(self, name: str) -> None:
        """Add a file. If it is a Python file, also add the neighboring files that it imports or names."""
        if name in self.files:
            return
        path = self.folder / name
        if not _FOR_MAKE.fullmatch(name.partition("/")[0]):
            top = name.partition("/")[0]
            other = re.sub(r"[^\w.-]+", "_", top).strip("_") or "rewards.py"
            message = (
                f"make, which `sam build` runs, cannot handle the name {top!r}: it needs letters, digits, "
                "hyphens, dots and underscores"
            )
            fix = f"Rename it, for example to {other}."
            raise InputError(message, place=str(path), fix=fix)
        self.files[name] = content_of(path)
        self._size += len(self.files[name])
        if self._size > _MOST_BYTES:
            fix = "Copy the handler and the files that it needs into a separate folder."
            raise InputError(
                "the files that it needs exceed Lambda's 250 MB", place=str(self.folder), fix=fix
            )
        if path.suffix != ".py":
            return
        tree = self.trees[name] = parsed(path)
        for module, line in self._imports(tree, name):
            self._import(module, f"{name}:{line}")
        for text in _texts(tree):
            if self._is_data(text):
                self.add(text)

    def _imports(self, tree: ast.Module, name: str) -> Iterator[tuple[str, int]]:
        """Yield the top-level modules that a file imports, even inside functions, with the import's line."""
        for node in ast.walk(tree):
            yield from ((each, node.lineno) for each in packages_of(node))  # type: ignore[attr-defined]
            if isinstance(node, ast.ImportFrom) and node.level and "/" not in name:
                yield from self._beside(node, name)

    def _beside(self, node: ast.ImportFrom, name: str) -> Iterator[tuple[str, int]]:
        """Yield the modules of a relative import.

        Raises:
            InputError: Relative imports are not allowed here, or the import leads out of the folder.
        """
        place = f"{self.folder / name}:{node.lineno}"
        if not self._relative:
            fix = "Name a file with absolute imports; Lambda imports the handler as a top-level module."
            raise InputError("uses relative imports, as part of a package", place=place, fix=fix)
        for module in [node.module.partition(".")[0]] if node.module else [each.name for each in node.names]:
            there = (self.folder / f"{module}.py").is_file() or (self.folder / module).is_dir()
            if node.level > 1 or not there:
                fix = "Write the import with the package's name, or copy the module next to the file."
                dotted = "." * node.level + (node.module or module)
                raise InputError(f"imports {dotted}, which is not next to it", place=place, fix=fix)
            yield module, node.lineno

    def _import(self, module: str, place: str) -> None:
        """Add a module that is in the folder, or record it as a package from elsewhere."""
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
            self.imported.setdefault(module, place)

    def _is_data(self, text: str) -> bool:
        """Return True if a string in the source is the name of a file in the folder that it may open."""
        path = Path(text)
        if path.is_absolute() or not path.suffix or any(_is_no_source(part) for part in path.parts):
            return False
        return path.as_posix() == text and (self.folder / path).is_file()

    def packages(self) -> dict[str, str | None]:
        """Return the packages that Lambda does not provide, each with its installed distribution or None."""
        names = sorted(self.imported.keys() - _IN_LAMBDA - sys.stdlib_module_names)
        installed = owners() if names else {}
        found = {name: installed.get(name, [None])[0] for name in names}
        return {name: one and f"{one}=={version(one)}" for name, one in found.items()}


def _is_no_source(part: str) -> bool:
    return part.startswith(".") or part == "__pycache__" or part.endswith((".pyc", ".pyo"))


def _texts(tree: ast.Module) -> Iterator[str]:
    """Yield the short strings in the code, any of which may be a file name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and 2 < len(node.value) < 200:
            if node.value.isprintable():
                yield node.value
