"""Chooses the Python that runs a function, in an isolated environment.

An `Interpreter` for a runtime (`python3.12`) is a virtual environment in the user's cache. Like the real
runtime, it contains `awslambdaric`, its two dependencies and boto3, and nothing else. The function does not
see the engineer's own packages. So if a dependency is missing from the artifact, the import fails here and
not on the first call in AWS. An existing interpreter is never changed.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from harness.errors import InputError
from harness.localaws.function import PRESENT_RUNTIME
from harness.localaws.pythons import pythons_of

__all__ = ["Interpreter", "find_interpreter"]

_LAYOUT = 3
_CLIENT = ("awslambdaric", "simplejson", "snapshot-restore-py")
_SDK = ("boto3", "botocore", "jmespath", "s3transfer", "python-dateutil", "six", "urllib3")
_INSTALL_SECONDS = 120
_PROBE = "import sys; print(*sys.version_info[:3], sys._base_executable, sep='\\n')"
_START = Path(__file__).with_name("confined_start.py")
_COMPILE = "import py_compile, sys; py_compile.compile(sys.argv[1], sys.argv[2], doraise=True)"
_REQUIREMENTS = Path(__file__).parents[2] / "requirements" / "runtime.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """An interpreter that is ready to run handlers."""

    executable: Path
    """Python inside the isolated environment."""
    start: Path
    """`confined_start` compiled for this interpreter: the first code that a function's process runs."""
    runtime: str
    """The Lambda runtime that the interpreter corresponds to."""
    version: str
    """The version of Python, such as `3.12.1`."""
    note: str | None = None
    """Message for the user if this is not the Python version of the function's runtime."""


@dataclass(frozen=True, slots=True)
class _Found:
    executable: Path
    version: tuple[int, int, int]

    @property
    def runtime(self) -> str:
        return f"python{self.version[0]}.{self.version[1]}"


@lru_cache(maxsize=16)
def find_interpreter(runtime: str, *, sdk: bool = True) -> Interpreter:
    """Return the interpreter for a runtime, or the current interpreter with a note if none can be used.

    Args:
        runtime: The runtime as Lambda names it, such as `python3.12`.
        sdk: True if the function may import boto3, as in Lambda.

    Raises:
        InputError: `awslambdaric` is not installed, or the cache folder cannot be written.
    """
    why = "no such interpreter was found"
    for found in _candidates(runtime):
        try:
            return _ready(found, sdk, note=None)
        except _CannotInstall:
            why = "awslambdaric could not be installed for it"
    note = f"parity is not proven for {runtime}: {why}, so this ran under {PRESENT_RUNTIME}"
    return _ready(_present(), sdk, note=note)


class _CannotInstall(Exception):
    """pip could not install the runtime's client for another interpreter."""


def _candidates(runtime: str) -> Iterator[_Found]:
    """Yield interpreters of exactly the runtime's minor version."""
    if runtime == PRESENT_RUNTIME:
        yield _present()
        return
    for path in pythons_of(runtime):
        found = _probe(path)
        if found is not None:
            yield found


def _present() -> _Found:
    base = getattr(sys, "_base_executable", None) or sys.executable
    return _Found(Path(base), (sys.version_info.major, sys.version_info.minor, sys.version_info.micro))


def _probe(path: Path) -> _Found | None:
    """Ask an interpreter for its version and, if it is in a virtual environment, for its base interpreter."""
    try:
        answer = subprocess.run(
            [path, "-I", "-S", "-c", _PROBE], capture_output=True, text=True, timeout=10, check=True
        )
        major, minor, micro, base = answer.stdout.splitlines()
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return _Found(Path(base), (int(major), int(minor), int(micro)))


def _ready(found: _Found, sdk: bool, note: str | None) -> Interpreter:
    """Return the isolated environment for an interpreter, created once and cached."""
    versions = [(name, _distribution(name).version) for name in _CLIENT]
    links = list(_SDK if sdk else ())
    present = found.runtime == PRESENT_RUNTIME
    if present:
        links = [*_CLIENT, *links]
    entries = dict(entry for name in links for entry in _top_level(name))
    content = sorted(map(str, entries.values()))
    start = hashlib.sha256(_START.read_bytes()).hexdigest()
    key = json.dumps([_LAYOUT, start, str(found.executable), found.version, versions, present, content])
    folder = _cache() / f"{found.runtime}-{hashlib.sha256(key.encode()).hexdigest()[:16]}"
    if not (folder / "bin" / "python").exists():
        _make(folder, found, entries, None if present else dict(versions)["awslambdaric"])
    return Interpreter(
        executable=folder / "bin" / "python",
        start=folder / "confined_start.pyc",
        runtime=found.runtime,
        version=".".join(map(str, found.version)),
        note=note,
    )


def _cache() -> Path:
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = caches / "rft-graders" / "lambda-runtime"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        text = f"cannot write the cache: {error.strerror}"
        raise InputError(text, place=str(folder), fix="Set XDG_CACHE_HOME to a writable folder.") from error
    return folder


def _make(folder: Path, found: _Found, entries: dict[str, Path], install: str | None) -> None:
    """Build the environment in a scratch folder and move it, because two processes may build it at once."""
    scratch = Path(tempfile.mkdtemp(prefix="making-", dir=folder.parent))
    try:
        packages = scratch / "lib" / found.runtime / "site-packages"
        packages.mkdir(parents=True)
        (scratch / "bin").mkdir()
        (scratch / "bin" / "python").symlink_to(found.executable)
        (scratch / "bin" / "python3").symlink_to("python")
        # Python treats a folder with this file as a virtual environment with its own site-packages only.
        (scratch / "pyvenv.cfg").write_text(
            f"home = {found.executable.parent}\ninclude-system-site-packages = false\n", "utf-8"
        )
        if install is not None:
            _install(found, packages, install)
        for name, target in entries.items():
            if not (packages / name).exists():
                (packages / name).symlink_to(target)
        # Handlers run without writing bytecode, so the top-level modules are compiled now.
        python = str(scratch / "bin" / "python")
        start = str(scratch / "confined_start.pyc")
        subprocess.run([python, "-I", "-c", _COMPILE, str(_START), start], capture_output=True, check=True)
        compiling = [python, "-I", "-m", "compileall", "-q", "-l", str(packages)]
        subprocess.run(compiling, capture_output=True, check=False)
        try:
            scratch.rename(folder)
        except OSError:
            if not (folder / "bin" / "python").exists():
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _install(found: _Found, packages: Path, version: str) -> None:
    """Install the runtime's client into `packages` with the pip of the interpreter that will use it."""
    what = ["--requirement", str(_REQUIREMENTS)] if _REQUIREMENTS.is_file() else [f"awslambdaric=={version}"]
    command = [str(found.executable), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--no-input", "--retries", "1", "--timeout", "10", "--only-binary", ":all:"]
    command += ["--target", str(packages), *what]
    try:
        subprocess.run(command, capture_output=True, timeout=_INSTALL_SECONDS, check=True, cwd=packages)
    except (OSError, subprocess.SubprocessError) as error:
        raise _CannotInstall from error


def _distribution(name: str) -> importlib.metadata.Distribution:
    try:
        return importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError as error:
        raise InputError(f"{name} is not installed", fix="Run: pip install 'rft-graders[deploy]'") from error


def _top_level(name: str) -> Iterator[tuple[str, Path]]:
    """Yield the top-level files and folders that a distribution puts into site-packages."""
    distribution = _distribution(name)
    for file in distribution.files or ():
        top = file.parts[0]
        if top not in ("..", "__pycache__"):
            yield top, Path(str(distribution.locate_file(top)))
