"""The grader's side of the fork server, which creates and ends this process's sessions."""

from __future__ import annotations

import atexit
import importlib.util
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
from threading import Lock

from ..errors import ConfigurationError
from ._code_frames import CANNOT_IMPORT, END, REPLY, REQUEST, START, WALLS
from ._code_session import SessionLost

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import IO

    from ._code_session import Limits

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# The server imports its modules without running `graders/__init__.py`.
_BOOT = """
import os, sys, types
folder, control = sys.argv[1:]
for name, path in (("graders", folder), ("graders.checks", os.path.join(folder, "checks"))):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [path]
if control != "3":
    os.dup2(int(control), 3)
    os.close(int(control))
from graders.checks._code_child_main import main
main(sys.stdin.read())
"""
# Lambda's Python needs LD_LIBRARY_PATH to find its own library. With a fixed seed, sets have the same order
# and code earns the same reward each time. A server with threads could not be forked safely.
_ENVIRONMENT = {"LD_LIBRARY_PATH": os.path.join(sys.base_prefix, "lib"), "PYTHONHASHSEED": "0"}
_ENVIRONMENT |= dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"
)
_START_SECONDS, _REPLY_SECONDS = 60.0, 30.0
_MB = 2**20


def memory_file() -> IO[bytes]:
    """Open an unnamed file, in memory if the system supports it.

    Raises:
        ConfigurationError: The system has no in-memory files and no writable temporary folder.
    """
    if hasattr(os, "memfd_create"):
        return open(os.memfd_create("code", os.MFD_CLOEXEC), "w+b", buffering=0)
    try:
        return tempfile.TemporaryFile(buffering=0)
    except OSError as problem:
        raise ConfigurationError(
            f"running code needs a temporary file, which cannot be created: {problem}. Set the environment "
            "variable TMPDIR to a writable folder"
        ) from None


class CannotImport(ConfigurationError):
    """Raised when the server cannot load a module.

    Args:
        module: Dotted name of the module.
        why: Python's error message.
    """

    def __init__(self, module: str, why: str) -> None:
        super().__init__(module, why)
        self.module, self.why = module, why

    def __str__(self) -> str:
        return f"{self.module} cannot be imported to run code: {self.why}"


class ForkServer:
    """A process that creates sessions. See `_code_child_main`.

    Args:
        imports: Dotted names of modules to load before the first session, from the folders that this process
            uses. A module whose name starts with `?` is optional. In `module:name`, both the module and the
            name are optional.

    Raises:
        CannotImport: A required module cannot be imported.
        ConfigurationError: The server cannot be started here.
    """

    def __init__(self, imports: frozenset[str] = frozenset()) -> None:
        self.imports = imports
        self._open: set[int] = set()
        self._lock = Lock()
        self._control, theirs = socket.socketpair()
        self._control.settimeout(_START_SECONDS)
        with theirs, memory_file() as errors, memory_file() as loaded:
            loaded.write(_loaded(imports))
            loaded.seek(0)
            command = [sys.executable, "-s", "-P", "-S", "-B", "-X", "utf8", "-c", _BOOT]
            try:
                self._process = subprocess.Popen(
                    [*command, _PACKAGE, str(theirs.fileno())],
                    env=_ENVIRONMENT,
                    stdin=loaded,
                    stdout=subprocess.DEVNULL,
                    stderr=errors,
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,
                    cwd="/",
                )
            except (OSError, ValueError) as problem:
                self._control.close()
                raise ConfigurationError(f"Python cannot be started to run code: {problem}") from None
            theirs.close()
            try:
                walls = REPLY.unpack(self._control.recv(REPLY.size))[0]
            except Exception:
                self.close()
                errors.seek(0)
                said = errors.read().decode(errors="replace").strip().splitlines() or ["nothing is known"]
                if said[-1].startswith(CANNOT_IMPORT):
                    raise CannotImport(*said[-1].removeprefix(CANNOT_IMPORT).split(": ", 1)) from None
                raise ConfigurationError(f"the process that runs code did not start: {said[-1]}") from None
            except BaseException:
                self.close()
                raise
        self._control.settimeout(_REPLY_SECONDS)
        self.walls = tuple(name for at, name in enumerate(WALLS) if walls >> at & 1)

    @property
    def alive(self) -> bool:
        """Whether the server still accepts requests."""
        return self._process.poll() is None and self._control.fileno() >= 0

    @property
    def is_idle(self) -> bool:
        """Whether every session has ended."""
        return not self._open

    def start(self, limits: Limits, files: Sequence[int]) -> int:
        """Start a session and return its process ID.

        Args:
            limits: The session's limits.
            files: Descriptors of the session's connection, input, output and error files. Each file must
                belong to this session only, because sessions could communicate through a shared file.

        Raises:
            SessionLost: The system cannot create another process or the server has ended.
        """
        memory = limits.memory_mb * _MB
        process = self._ask(REQUEST.pack(START, 0, limits.seconds, memory, limits.output_bytes), files)[0]
        if process < 0:
            raise SessionLost(f"no more processes can be started to run code: {os.strerror(-process)}")
        self._open.add(process)
        return process

    def end(self, process: int) -> int:
        """Kill a session and return its exit code or the negated number of the signal that ended it.

        Raises:
            SessionLost: The server has ended, along with every session.
        """
        self._open.discard(process)
        return os.waitstatus_to_exitcode(self._ask(REQUEST.pack(END, process, 0, 0, 0))[1])

    def close(self) -> None:
        """End the server and every session."""
        self._control.close()
        try:
            self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def forget(self) -> None:
        """Forget the server in a forked process without ending it, because it belongs to the parent."""
        self._control.close()
        self._process.returncode = 0

    def _ask(self, request: bytes, files: Sequence[int] = ()) -> tuple[int, int]:
        with self._lock:
            try:
                socket.send_fds(self._control, [request], files)
                reply = self._control.recv(REPLY.size)
                process, status = REPLY.unpack(reply)
            except Exception as error:
                self.close()
                raise SessionLost("the process that runs code has ended") from error
            except BaseException:  # otherwise the next request would receive this request's reply
                self.close()
                raise
        return process, status


def _loaded(imports: frozenset[str]) -> bytes:
    """Return the arguments of `Library.take_over` as JSON: modules and the folders that contain packages."""
    folders = [os.path.abspath(folder) for folder in sys.path] if imports else []
    for package in {re.split("[.:]", name)[0] for name in imports if name[0] != "?"}:
        found = importlib.util.find_spec(package)  # also finds packages outside of `sys.path`
        inside = found.submodule_search_locations if found is not None else None
        folders += [os.path.dirname(folder) for folder in inside or ()]
    named = {"imports": sorted(imports, reverse=True), "folders": [*dict.fromkeys(folders)]}
    return json.dumps(named).encode()


# This process has up to two servers: all code checks share one without additional modules (False), and all
# functions of `graders.adapters` share one that has loaded their imports (True).
_started: dict[bool, ForkServer] = {}
_replaced: list[ForkServer] = []
_expected: set[str] = set()
_failing: dict[str, str] = {}
_starting = Lock()


def expect_imports(imports: frozenset[str]) -> None:
    """Make the next server load these modules as well, so that all functions can share it."""
    _expected.update(imports)


def fork_server(imports: frozenset[str] = frozenset()) -> ForkServer:
    """Return this process's server with the given modules loaded, starting it if none is running.

    Raises:
        ConfigurationError: The server cannot be started here or cannot load one of the modules.
    """
    loads = bool(imports)
    with _starting:
        for name in imports & _failing.keys():
            raise CannotImport(name, _failing[name])
        server = _started.get(loads)
        if server is not None and server.alive and imports <= server.imports:
            return server
        begun = _start(imports)
        while _replaced and (_replaced[0].is_idle or not _replaced[0].alive):
            _replaced.pop(0).close()
        if server is not None:
            _replaced.append(server)
        _started[loads] = begun
        return begun


def _start(imports: frozenset[str]) -> ForkServer:
    """Start a server with these modules and, if possible, the modules of other functions."""
    if not imports:
        return ForkServer()
    _expected.update(imports)
    while True:
        wanted = frozenset(_expected - _failing.keys())
        try:
            return ForkServer(wanted)
        except CannotImport as problem:
            _failing[problem.module] = problem.why
            if problem.module in imports:
                raise
        except ConfigurationError:
            _expected.clear()
            if wanted == imports:
                raise
            _expected.update(imports)


def end_processes() -> None:
    """End the servers and all sessions. The next session starts a new server."""
    for server in _of_all():
        server.close()
    _expected.clear()
    _failing.clear()


def _forget() -> None:
    """Forget the servers in a forked process. The lock is replaced because a thread may have held it."""
    global _starting
    _starting = Lock()
    for server in _of_all():
        server.forget()


def _of_all() -> list[ForkServer]:
    """Return all of this process's servers and stop tracking them."""
    servers = [*_started.values(), *_replaced]
    _started.clear()
    _replaced.clear()
    return servers


atexit.register(end_processes)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
