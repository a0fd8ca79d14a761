"""Identifies a grader by its files and packages, so that a run can report when the grader has changed.

A grader is more than one file: it imports modules, reads data, and depends on packages. Files that the grader
imports or opens while it loads are known immediately. `GraderFiles.news` reports those it uses later during
the run. The standard library, installed packages and this project are identified by their versions.
"""

from __future__ import annotations

import hashlib
import json
import os
import site
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from graders._runtime import packages_elsewhere

__all__ = ["Fingerprint", "GraderFiles", "hash_files"]

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_NOT_SHARED = sys.stdlib_module_names | {"graders", "harness", "__main__"}
_MOST = 10_000
"""Maximum number of files to track. A grader that opens more files than this has no fixed set of files."""
_AWS_FILES = (
    *("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE"),
    *("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"),
)
"""Environment variables that tell botocore which files to read."""
_SYSTEM = ("/proc/", "/sys/", "/dev/", "/etc/", "/usr/share/", "/usr/lib/")


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The files and packages of a grader when it was loaded."""

    files: dict[str, str] = field(default_factory=dict)
    """SHA-256 of the user's files, by absolute path."""
    packages: dict[str, str] = field(default_factory=dict)
    """Versions of the installed distributions that the grader imports."""

    def digest(self, folder: Path, options: Mapping[str, Any] | None) -> str:
        """Hash the files, packages and declaration. The project's location does not affect the hash.

        Args:
            folder: The folder of the grader's own module.
            options: The grader's declaration.
        """
        names = sorted((os.path.relpath(path, folder), content) for path, content in self.files.items())
        whole = json.dumps([names, sorted(self.packages.items()), options], sort_keys=True)
        return hashlib.sha256(whole.encode()).hexdigest()


class _Opened:
    """Files that this process has opened. Shared, because an audit hook cannot be removed."""

    def __init__(self) -> None:
        self.read: dict[str, None] = {}
        self.written: dict[str, None] = {}
        sys.addaudithook(self._note)

    def _note(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = args
            known = self.written if isinstance(flags, int) and flags & _WRITING else self.read
        elif event == "os.rename":
            path, known = args[1], self.written
        else:
            return
        if isinstance(path, str | bytes | os.PathLike) and len(known) < _MOST:
            known[os.path.abspath(os.fsdecode(path))] = None


_opened: _Opened | None = None


class GraderFiles:
    """Tracks the files that a grader imports and opens from now on."""

    def __init__(self) -> None:
        global _opened
        if _opened is None:
            _opened = _Opened()
        self._opened = _opened
        self._modules, self._elsewhere = set(sys.modules), set(packages_elsewhere)
        self._read, self._written = set(self._opened.read), set(self._opened.written)

    def news(self) -> tuple[list[str], list[str]]:
        """Return the user's files that were read or imported since the last call, and those written.

        Files that a grader writes do not identify it.
        """
        modules = [sys.modules.get(name) for name in list(sys.modules) if name not in self._modules]
        read = {path for module in modules if (path := _source_of(module))}
        read |= {path for path in list(self._opened.read) if _is_users(path)}
        written = {path for path in list(self._opened.written) if _is_users(path)}
        read, written = read - written - self._read, written - self._written
        self._read |= read
        self._written |= written
        return sorted(read), sorted(written)

    def fingerprint(self, module: ModuleType | None, file: Path | None = None) -> Fingerprint:
        """Return the files and packages that the grader has loaded so far.

        Args:
            module: The grader's module, which may have been imported before.
            file: The file that declares the grader, if there is one.
        """
        loaded = sys.modules.keys() - self._modules  # computed before this function imports anything
        reached = _reachable(module)
        names = _with_shared(loaded | reached, self._modules)
        files = {path for name in reached if (path := _source_of(sys.modules.get(name)))}
        files |= {*self.news()[0], *([os.path.abspath(file)] if file else [])}
        installed = _installed({name.partition(".")[0] for name in names})
        return Fingerprint(hash_files(files), _packages(installed | packages_elsewhere - self._elsewhere))


def hash_files(paths: Iterable[str]) -> dict[str, str]:
    """Map the path of each readable regular file to its SHA-256."""
    found = {}
    for path in sorted(paths):
        if os.path.isfile(path):
            try:
                with open(path, "rb") as file:
                    found[path] = hashlib.file_digest(file, "sha256").hexdigest()
            except OSError:
                continue
    return found


def _reachable(module: ModuleType | None) -> set[str]:
    """Return the names of the module and, recursively, of the modules in its globals.

    The search does not continue beyond an installed module.
    """
    todo, seen = [module.__name__] if module is not None else [], set[str]()
    while todo:
        name = todo.pop()
        if name in seen or name not in sys.modules:
            continue
        seen.add(name)
        if name != getattr(module, "__name__", None) and _source_of(sys.modules[name]) is None:
            continue
        for value in list(vars(sys.modules[name]).values()):
            found = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
            if isinstance(found, str):
                todo.append(found)
    return seen


def _with_shared(names: set[str], before: set[str]) -> set[str]:
    """Add the installed modules that were loaded earlier and that the given modules refer to.

    This way, a grader that imports boto3 has the same fingerprint whether or not the harness has already
    loaded boto3 to read from S3.

    Args:
        names: Names of the modules that the grader loaded or reaches.
        before: Names of the modules that were loaded before the grader.
    """
    shared: dict[str, list[str]] = {}
    for name in before:
        if (top := name.partition(".")[0]) not in _NOT_SHARED:
            shared.setdefault(top, []).append(name)
    todo, found = list(names), set(names)
    while todo:
        for value in list(vars(sys.modules.get(todo.pop(), ModuleType("gone"))).values()):
            if isinstance(value, ModuleType):
                name = value.__name__
            elif isinstance(value, FunctionType | type):  # other objects may run code on access
                name = str(value.__module__)
            else:
                continue
            # Add the whole package, because importing it loaded most of its modules.
            todo += (more := shared.pop(name.partition(".")[0], []))
            found.update(more)
    return found


def _source_of(module: ModuleType | None) -> str | None:
    """Return the path of a user's module, or None for any other module."""
    file = getattr(module, "__file__", None)
    if not isinstance(file, str):
        return None
    path = os.path.abspath(file)
    return path if _is_users(path) else None


def _is_users(path: str) -> bool:
    return not (path.startswith(_not_users()) or path.endswith(".pyc"))


def _not_users() -> tuple[str, ...]:
    global _roots
    if not _roots:
        import graders
        import harness

        # This equals the result of `sysconfig`, whose import would take 2 ms in each worker.
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        platform = os.path.join(sys.base_exec_prefix, sys.platlibdir, version)
        installed = [os.path.dirname(os.path.abspath(os.__file__)), platform]
        own = [os.path.dirname(os.path.abspath(str(package.__file__))) for package in (graders, harness)]
        folders = [*installed, *own, *site.getsitepackages(), site.getusersitepackages()]
        _roots = (*_SYSTEM, *(f"{folder}{os.sep}" for folder in dict.fromkeys(folders)), *_of_aws())
    return _roots


def _of_aws() -> Iterator[str]:
    """Yield paths of AWS settings and credentials, which may change at any time and identify no grader."""
    yield os.path.expanduser(f"~{os.sep}.aws{os.sep}")
    for name in _AWS_FILES:
        if path := os.environ.get(name):
            yield os.path.abspath(path)


_roots: tuple[str, ...] = ()


def _installed(modules: set[str]) -> set[str]:
    """Return the loaded modules with these top-level names that are installed packages."""
    wanted = {name for name in modules if name not in sys.stdlib_module_names} - {"graders", "harness"}
    wanted = {name for name in wanted if _source_of(sys.modules.get(name)) is None and name in sys.modules}
    return {name for name in wanted if getattr(sys.modules[name], "__file__", None)} - {"__main__"}


def _packages(modules: set[str]) -> dict[str, str]:
    """Return the versions of the distributions that contain the given top-level modules."""
    if not modules:
        return {}
    from importlib.metadata import version

    from harness.installed import owners

    return {name: version(name) for module in sorted(modules) for name in owners().get(module, [])}
