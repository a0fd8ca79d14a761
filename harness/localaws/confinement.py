"""Restricts a function's processes to the files that they can see and write in Lambda.

There are three protections, and the first that this machine supports is used. A mount namespace hides files
that do not exist in Lambda, and a write outside /tmp fails with Lambda's own error. Landlock refuses such a
write with a different error. With a disposable copy of the artifact, such a write succeeds and is detected
after the call. `docs/local-lambda.md` describes the gaps of each protection.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from harness.localaws.function import FunctionSpec
from harness.localaws.interpreter import Interpreter

__all__ = ["Confinement", "Protection"]

_TASK_ROOT = "/var/task"
_PROBE_SECONDS = 20
# These imports have C code behind them, so they fail if the interpreter cannot see its libraries.
_PROBE = "import ctypes, ssl, awslambdaric.bootstrap"

# The parts of the system that a Lambda function sees. The rest of this machine is hidden.
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/proc")
# Some systems store the name server's address, or all their packages, in these folders.
_SYSTEM_IF_PRESENT = ("/run/systemd/resolve", "/run/resolvconf", "/nix/store", "/gnu/store")
_PROGRAM_FOLDERS = (
    "/usr/bin",
    "/usr/sbin",
    "/usr/local/bin",
    "/usr/local/sbin",
    "/usr/games",
    "/bin",
    "/sbin",
)
# The programs of the minimal Amazon Linux 2023, on which functions run.
_TOOLS = """
    [ arch awk b2sum base32 base64 basename bash cat chgrp chmod chown cksum comm cp curl cut date dd df
    dir dircolors dirname du echo egrep env expand expr factor false fgrep fmt fold gawk grep groups head
    id install join kill ldd link ln ls md5sum mkdir mkfifo mktemp mv nice nl nohup nproc numfmt od paste
    pathchk pr printenv printf ptx pwd readlink realpath rm rmdir sed seq sh sha1sum sha224sum sha256sum
    sha384sum sha512sum shred shuf sleep sort split stat stdbuf stty sum sync tac tail tee test timeout
    touch tr true truncate tsort tty uname unexpand uniq unlink users vdir wc who whoami yes
""".split()
_WRITABLE = ("/tmp", "/dev/null", "/dev/zero", "/dev/full")


class Protection(StrEnum):
    """A means of keeping a function from writes that Lambda forbids."""

    NAMESPACE = "namespace"
    LANDLOCK = "Landlock"
    COPY = "copy"

    @property
    def sentence(self) -> str:
        """A description of the protection for a line of output."""
        return _SENTENCES[self]


_SENTENCES = {
    Protection.NAMESPACE: "read-only file system, own /tmp, as in Lambda",
    Protection.LANDLOCK: "writes outside /tmp are refused, with a different error than Lambda's (Errno 13)",
    Protection.COPY: "a copy of the artifact: a write outside /tmp is detected after the call",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfinementPlan:
    """The arguments of `confined_start`."""

    protection: Protection
    artifact: str
    """The artifact's folder on this machine."""
    root: str
    """The artifact's folder as the function sees it, which is also its working directory."""
    tmp_mb: int
    """Size of the fresh /tmp, in MB."""
    visible: tuple[str, ...] = ()
    """Paths outside the system's folders that the interpreter needs."""
    writable: tuple[str, ...] = ()
    """Paths that stay writable under Landlock."""
    system: tuple[str, ...] = SYSTEM
    hidden: tuple[str, ...] = _PROGRAM_FOLDERS
    tools: tuple[str, ...] = tuple(_TOOLS)


class Confinement:
    """Confines the processes of one function, and protects its artifact.

    Args:
        spec: The function.
        interpreter: The interpreter that runs the function.
        protection: The required protection; None for the best that this machine supports.
        shown: Other files and folders that the function may read.
    """

    def __init__(
        self,
        spec: FunctionSpec,
        interpreter: Interpreter,
        *,
        protection: Protection | None = None,
        shown: Iterable[str] = (),
    ) -> None:
        self._interpreter = interpreter
        self._spec = spec
        self.protection = protection or _best(interpreter, spec.artifact)
        self._copy: Path | None = None
        if self.protection is Protection.COPY:
            self._copy = Path(tempfile.mkdtemp(prefix="rft-lambda-task-"))
            shutil.copytree(spec.artifact, self._copy, symlinks=True, dirs_exist_ok=True)
            self._before = _state(self._copy)
        self._shown = tuple(shown)

    @property
    def root(self) -> str:
        """The artifact's folder as the function sees it: `LAMBDA_TASK_ROOT`."""
        if self.protection is Protection.NAMESPACE:
            return _TASK_ROOT
        return str(self._copy or self._spec.artifact)

    def command(self, *arguments: str, scratch: Path | None = None) -> list[str]:
        """Return the command line that runs a module or a program confined.

        Args:
            arguments: Either `-m`, a module and its arguments, or a program's source code and its arguments.
            scratch: A writable folder, if /tmp is shared with the rest of the machine.
        """
        plan = ConfinementPlan(
            protection=self.protection,
            artifact=str(self._spec.artifact),
            root=self.root,
            tmp_mb=self._spec.ephemeral_mb,
            visible=tuple(_needed(self._interpreter.executable, self._shown)),
            writable=(*_WRITABLE, str(scratch)) if scratch is not None else _WRITABLE,
        )
        # No bytecode: Lambda's /var/task is read-only, and the artifact's digest must not change.
        python = [str(self._interpreter.executable), "-B", str(self._interpreter.start)]
        return [*python, json.dumps(asdict(plan)), *arguments]

    @property
    def copy(self) -> Path | None:
        """The disposable copy of the artifact; None if another protection is used."""
        return self._copy

    def changed(self) -> list[str]:
        """Return the files of the copy that were written, added or removed; empty if there is no copy."""
        if self._copy is None:
            return []
        after = _state(self._copy)
        return sorted({name for name, _ in self._before ^ after})

    def close(self) -> None:
        """Remove the disposable copy, if there is one."""
        if self._copy is not None:
            shutil.rmtree(self._copy, ignore_errors=True)


def _best(interpreter: Interpreter, artifact: Path) -> Protection:
    """Return the first protection that works on this machine."""
    if sys.platform != "linux":
        return Protection.COPY
    if _works(Protection.NAMESPACE, interpreter):
        return Protection.NAMESPACE
    # Landlock permits writes to all of /tmp, so an artifact there needs the copy.
    inside = artifact.resolve().is_relative_to(Path("/tmp").resolve())
    return Protection.LANDLOCK if not inside and _works(Protection.LANDLOCK, interpreter) else Protection.COPY


def _state(folder: Path) -> set[tuple[str, tuple[int, int]]]:
    """Return the relative path, size and modification time of every file in a folder."""
    found = set()
    for parent, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(parent, name)
            seen = os.lstat(path)
            found.add((os.path.relpath(path, folder), (seen.st_size, seen.st_mtime_ns)))
    return found


@lru_cache
def _works(protection: Protection, interpreter: Interpreter) -> bool:
    """Return True if a process confined in this way can still run Lambda's client."""
    with tempfile.TemporaryDirectory(prefix="rft-lambda-probe-") as folder:
        spec = FunctionSpec(name="probe", artifact=Path(folder), handler="none.none")
        command = Confinement(spec, interpreter, protection=protection).command(_PROBE)
        try:
            done = subprocess.run(command, env={}, capture_output=True, timeout=_PROBE_SECONDS, cwd="/")
        except (OSError, subprocess.SubprocessError):
            return False
    return done.returncode == 0


def _needed(executable: Path, shown: Iterable[str]) -> Iterator[str]:
    """Return the paths outside the system's folders that the interpreter needs, parents before children."""
    found = {path for path in _SYSTEM_IF_PRESENT if os.path.exists(path)}
    found |= {path for path in shown if os.path.isabs(path) and os.path.exists(path)}
    folder = executable.parents[1]
    found.add(str(folder))
    for entry in (folder / "lib").glob("python*/site-packages/*"):
        if entry.is_symlink():
            found.add(str(entry.readlink()))
    # Python follows each link on the way to the real interpreter by name.
    link = executable
    while link.is_symlink():
        link = link.parent / link.readlink()
        found |= {str(link.parents[1]), str(link)}
    return iter(sorted(found - {"/", *SYSTEM}))
