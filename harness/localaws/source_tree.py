"""Decides which of the user's files go into an artifact, and which are left out.

The build copies the files that `read_tree` lists, and comparisons of an artifact with its sources use the
same list. Every named source goes in, except for files and folders with a name in `LEFT_OUT`.

A function's handler determines the function's files. The first part of `my_graders.receipts.receipt_total`
names a folder or module next to the template, and all of it goes in. Python imports every folder on the path
to the handler, so the `requirements.txt` of each is used: `my_graders/requirements.txt` and, if `receipts` is
a folder, `my_graders/receipts/requirements.txt`. For a module next to the template, the `requirements.txt`
next to it is used. Any other folder with a `requirements.txt` belongs to another grader, so the folder and
its packages are left out.

A project may name other sources for all its functions (`GRADER_SOURCES` in the checkout, `SOURCES` in the
Makefile of `rft init`). These sources go in completely, and if one is a folder, its `requirements.txt` is
used too.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from graders.configured import READY_VARIABLE
from harness.errors import InputError

__all__ = [
    "LEFT_OUT",
    "REQUIREMENTS",
    "SourceTree",
    "handler_module",
    "own_requirements",
    "own_source",
    "read_tree",
    "secretive",
]

REQUIREMENTS = "requirements.txt"
LEFT_OUT = frozenset(
    """__pycache__ .git .hg .svn .DS_Store .venv .aws-sam .ipynb_checkpoints .hypothesis .mypy_cache
    .pytest_cache .ruff_cache""".split()
)
"""Names of files and folders that are always left out: version control, environments, caches."""

_SECRETIVE = re.compile(r"(?:\.env(?:\..+)?|\.netrc|\.pypirc|id_rsa|id_ed25519)")
_BYTECODE = (".pyc", ".pyo")
_HANDLER = re.compile(r"(?P<module>[^.\s](?:[^\s]*[^.\s])?)\.(?P<name>[^\W\d]\w*)")


@dataclass(slots=True)
class SourceTree:
    """The files of one source: a module, or a folder with all its contents."""

    name: str
    """The source's name in the artifact."""
    files: dict[str, Path] = field(default_factory=dict)
    """The files to copy, by path in the artifact."""
    left_out: list[str] = field(default_factory=list)
    """Entries that are left out, by path in the artifact. Bytecode caches are not listed."""


def handler_module(handler: str) -> list[str]:
    """Return the parts of a handler's module, such as `["my_graders", "receipts"]`.

    Args:
        handler: The handler as the template spells it, with dots or slashes between the parts.

    Raises:
        InputError: `handler` does not name a handler.
    """
    found = _HANDLER.fullmatch(handler)
    parts = re.split(r"[./]", found["module"]) if found is not None else []
    if not parts or not all(parts):
        raise InputError(f"{handler!r} is not a handler", fix="Write Handler as module.function.")
    return parts


def own_source(project: Path, handler: str, check: str | None = None) -> Path | None:
    """Return the folder or module of a handler; None if it is in the library itself.

    Args:
        project: The folder that the artifact is built from.
        handler: The handler as the template spells it.
        check: The ready check that the handler runs. If a file describes the check, that file is the source.

    Raises:
        InputError: The module or file does not exist.
    """
    if (file := _described_in(check)) is not None:
        if not (project / file).is_file():
            fix = f"Create that file, or correct {READY_VARIABLE} in the template."
            raise InputError(f"there is no {file}", place=str(project.absolute()), fix=fix)
        return project / file.parts[0]
    parts = handler_module(handler)
    if parts[0] == "graders":
        return None
    module = project.joinpath(*parts)
    if not (module / "__init__.py").is_file() and not any(module.parent.glob(f"{parts[-1]}.*")):
        fix = f"Handler is {handler}: create that module, or correct Handler in the template."
        text = f"there is no module {module}.py"
        raise InputError(text, place=str(project.absolute()), fix=fix)
    return project / parts[0] if (project / parts[0]).is_dir() else project / f"{parts[0]}.py"


def own_requirements(project: Path, handler: str, check: str | None = None) -> list[Path]:
    """Return the requirements files of every folder that Python imports on the path to a handler.

    Args:
        project: The folder that the artifact is built from.
        handler: The handler as the template spells it.
        check: The ready check that the handler runs. Its packages are listed next to the file that describes
            the check, or in the project's folder.

    Raises:
        InputError: `handler` does not name a handler.
    """
    if check is not None:
        file = _described_in(check)
        parts = list(file.parent.parts) if file is not None else []
    elif (parts := handler_module(handler))[0] == "graders":
        return []
    if not parts or not (project / parts[0]).is_dir():
        folders = [project]
    else:
        folders = [project.joinpath(*parts[: count + 1]) for count in range(len(parts))]
    return [folder / REQUIREMENTS for folder in folders if (folder / REQUIREMENTS).is_file()]


def _described_in(check: str | None) -> Path | None:
    """Return the file in the project that describes a ready check; None if a single line describes the check.

    Raises:
        InputError: The file is outside the project.
    """
    if check is None or not check.endswith(".toml"):
        return None
    file = Path(os.path.normpath(check))
    if file.is_absolute() or ".." in file.parts:
        fix = f"Write {READY_VARIABLE} as a path inside the project."
        raise InputError(f"{check} is outside the project", fix=fix)
    return file


def secretive(names: Iterable[str]) -> list[str]:
    """Return the files whose names suggest that they contain secrets, such as `.env`.

    Args:
        names: Paths in an artifact.
    """
    return [name for name in names if _SECRETIVE.fullmatch(name.rpartition("/")[2])]


def read_tree(source: Path, project: Path, own: Iterable[Path] | None = None) -> SourceTree:
    """List the parts of a source that go into an artifact, and the parts that are left out.

    Links inside the source and the project are followed, so the artifact contains the files that they point
    to.

    Args:
        source: A module or a folder.
        project: The folder that the artifact is built from.
        own: The function's requirements files. Folders with other requirements files are left out. If this is
            None, all folders go in.

    Raises:
        InputError: The source does not exist, or contains an entry that cannot be copied: a link to a missing
            or outside target, a pipe, or an unreadable file.
    """
    if not source.exists():
        raise InputError("no such file or folder", place=str(source))
    reader = _Reader(
        SourceTree(source.absolute().name),
        (project.resolve(), source.resolve()),
        None if own is None else {path.parent.resolve() for path in own},
    )
    reader.read(source, reader.tree.name, frozenset())
    return reader.tree


@dataclass(frozen=True, slots=True)
class _Reader:
    tree: SourceTree
    inside: tuple[Path, Path]
    """Folders that links may lead to."""
    own: set[Path] | None

    def read(self, path: Path, name: str, above: frozenset[Path]) -> None:
        """Add a file, or a folder with its contents. `above` has the enclosing folders, to find cycles."""
        if above and self._stays(path, name):
            return
        if path.is_dir():
            real = path.resolve()
            if real in above:
                fix = "Remove the link."
                raise InputError("the link leads to a folder that contains it", place=str(path), fix=fix)
            for entry in _entries(path):
                self.read(entry, f"{name}/{entry.name}", above | {real})
        elif not path.is_file():
            fix = "Move it elsewhere."
            raise InputError("this is neither a file nor a folder", place=str(path), fix=fix)
        elif not os.access(path, os.R_OK):
            raise InputError("the file is not readable", place=str(path), fix="Change its permissions.")
        else:
            self.tree.files[name] = path

    def _stays(self, path: Path, name: str) -> bool:
        """Return True if an entry is left out. A link to a missing or outside target is an error."""
        if path.name in LEFT_OUT or path.suffix in _BYTECODE:
            if path.name != "__pycache__":
                self.tree.left_out.append(name)
            return True
        if path.is_symlink():
            _check_link(path, self.inside)
        if self.own is None or not (path / REQUIREMENTS).is_file() or path.resolve() in self.own:
            return False
        self.tree.left_out.append(f"{name} (its own {REQUIREMENTS} makes it another grader's)")
        return True


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise InputError(f"the folder cannot be read: {error.strerror}", place=str(folder)) from error


def _check_link(path: Path, inside: tuple[Path, Path]) -> None:
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        fix = "Remove the link, or create its target."
        raise InputError(f"the link leads nowhere: {os.readlink(path)}", place=str(path), fix=fix) from error
    if not any(target.is_relative_to(folder) for folder in inside):
        fix = "Copy its target in its place: the artifact may contain only the project's own files."
        raise InputError(f"the link leads out of the project: {target}", place=str(path), fix=fix)
