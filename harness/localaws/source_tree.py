"""The user's own files as they go into an artifact: which, from where, and what is left out.

The build copies what `read_tree` lists, and what compares an artifact with its sources reads the same list.
Everything that was named goes in, whatever its name; `LEFT_OUT` is the whole list of exceptions.

A function's handler decides which files are its own. The first part of `my_graders.receipts.receipt_total`
names a folder or module beside the template: all of it goes in. Python imports every folder on the way to the
handler, so the `requirements.txt` of each of them counts: `my_graders/requirements.txt` and, where `receipts`
is a folder, `my_graders/receipts/requirements.txt`; for a module beside the template, the `requirements.txt`
beside it. A folder with a `requirements.txt` that is not on the way is another grader's: it is left out, and
its packages with it.

Further sources may be named for all functions of a project (`GRADER_SOURCES` in the checkout, `SOURCES` in
the Makefile of `rft init`): they go in whole, and the `requirements.txt` of a folder among them counts too.
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
"""Names that are left out wherever they stand: version control, environments, caches."""

_SECRETIVE = re.compile(r"(?:\.env(?:\..+)?|\.netrc|\.pypirc|id_rsa|id_ed25519)")
_BYTECODE = (".pyc", ".pyo")
_HANDLER = re.compile(r"(?P<module>[^.\s](?:[^\s]*[^.\s])?)\.(?P<name>[^\W\d]\w*)")


@dataclass(slots=True)
class SourceTree:
    """The files of one source: a module, or a folder with all that is in it."""

    name: str
    """Its name in the artifact."""
    files: dict[str, Path] = field(default_factory=dict)
    """By path in the artifact: the file to copy."""
    left_out: list[str] = field(default_factory=list)
    """What does not go in, by path in the artifact; caches of bytecode go without saying."""


def handler_module(handler: str) -> list[str]:
    """The parts of a handler's module: `["my_graders", "receipts"]`.

    Args:
        handler: As the template spells it, with dots or slashes between the parts.

    Raises:
        InputError: It is no handler.
    """
    found = _HANDLER.fullmatch(handler)
    parts = re.split(r"[./]", found["module"]) if found is not None else []
    if not parts or not all(parts):
        raise InputError(f"{handler!r} names no handler", fix="Write Handler as module.function.")
    return parts


def own_source(project: Path, handler: str, check: str | None = None) -> Path | None:
    """The folder or module that a handler is in; None when it is in the library itself.

    Args:
        project: The folder that the artifact is built from.
        handler: As the template spells it.
        check: What the handler of ready checks grades by; where it is a file, that is the function's own.

    Raises:
        InputError: There is no such module or file.
    """
    if (file := _described_in(check)) is not None:
        if not (project / file).is_file():
            fix = f"Write that file, or correct {READY_VARIABLE} in the template."
            raise InputError(f"there is no {file}", place=str(project.absolute()), fix=fix)
        return project / file.parts[0]
    parts = handler_module(handler)
    if parts[0] == "graders":
        return None
    module = project.joinpath(*parts)
    if not (module / "__init__.py").is_file() and not any(module.parent.glob(f"{parts[-1]}.*")):
        fix = f"Handler is {handler}: write that module, or correct Handler in the template."
        text = f"there is no module {module}.py"
        raise InputError(text, place=str(project.absolute()), fix=fix)
    return project / parts[0] if (project / parts[0]).is_dir() else project / f"{parts[0]}.py"


def own_requirements(project: Path, handler: str, check: str | None = None) -> list[Path]:
    """The requirements files of a handler: those of every folder that Python imports on the way to it.

    Args:
        project: The folder that the artifact is built from.
        handler: As the template spells it.
        check: What the handler of ready checks grades by; its packages stand beside its file, or in the
            project's own folder.

    Raises:
        InputError: It is no handler.
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
    """The file of the project that describes a ready check; None where a line names it.

    Raises:
        InputError: The file is outside of the project.
    """
    if check is None or not check.endswith(".toml"):
        return None
    file = Path(os.path.normpath(check))
    if file.is_absolute() or ".." in file.parts:
        fix = f"Write {READY_VARIABLE} as a path inside of the project."
        raise InputError(f"{check} is outside of the project", fix=fix)
    return file


def secretive(names: Iterable[str]) -> list[str]:
    """The files that usually hold secrets, by their names: `.env` and its kin.

    Args:
        names: Paths in an artifact.
    """
    return [name for name in names if _SECRETIVE.fullmatch(name.rpartition("/")[2])]


def read_tree(source: Path, project: Path, own: Iterable[Path] | None = None) -> SourceTree:
    """List what of a source goes into an artifact.

    Links are followed inside of the source and of the project, so that the artifact holds what they point to.

    Args:
        source: A module or a folder.
        project: The folder that the artifact is built from.
        own: The function's requirements files: folders with another one are left out. None leaves none out.

    Raises:
        InputError: The source does not exist, or holds something that cannot be copied: a link that leads
            outside or nowhere, a pipe, or a file that may not be read.
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
    """Links may lead to what is in these folders."""
    own: set[Path] | None

    def read(self, path: Path, name: str, above: frozenset[Path]) -> None:
        """Add a file, or a folder and what is in it; `above` are the folders that it stands in."""
        if above and self._stays(path, name):
            return
        if path.is_dir():
            real = path.resolve()
            if real in above:
                fix = "Remove the link."
                raise InputError("the link leads to a folder that it stands in", place=str(path), fix=fix)
            for entry in _entries(path):
                self.read(entry, f"{name}/{entry.name}", above | {real})
        elif not path.is_file():
            fix = "Move it elsewhere."
            raise InputError("this is neither a file nor a folder", place=str(path), fix=fix)
        elif not os.access(path, os.R_OK):
            raise InputError("the file may not be read", place=str(path), fix="Change its permissions.")
        else:
            self.tree.files[name] = path

    def _stays(self, path: Path, name: str) -> bool:
        """Whether an entry is left out; refuses a link that leads nowhere or outside."""
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
        fix = "Remove the link, or make what it points to."
        raise InputError(f"the link leads nowhere: {os.readlink(path)}", place=str(path), fix=fix) from error
    if not any(target.is_relative_to(folder) for folder in inside):
        fix = "Copy what it points to in its place: the artifact holds the project's own files."
        raise InputError(f"the link leads out of the project: {target}", place=str(path), fix=fix)
