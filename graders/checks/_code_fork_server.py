"""The grader's end of the fork server: started once a process, asked to begin and to end sessions."""

from __future__ import annotations

import atexit
import os
import socket
import subprocess
import sys
import tempfile
from threading import Lock

from ..errors import ConfigurationError
from ._code_child_main import END, REPLY, REQUEST, START, WALLS
from ._code_session import SessionLost

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import IO

    from ._code_session import Limits

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# The package itself is not imported there: its modules find each other without it.
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
main()
"""
_START_SECONDS, _REPLY_SECONDS = 60.0, 30.0
_MB = 2**20


def memory_file() -> IO[bytes]:
    """Open a file of no name, in memory where the system has such.

    Raises:
        ConfigurationError: The system has none, and no folder for temporary files can be written.
    """
    if hasattr(os, "memfd_create"):
        return open(os.memfd_create("code", os.MFD_CLOEXEC), "w+b", buffering=0)
    try:
        return tempfile.TemporaryFile(buffering=0)
    except OSError as problem:
        raise ConfigurationError(
            f"running code takes a temporary file, which cannot be made: {problem}. Set the environment "
            "variable TMPDIR to a folder that can be written"
        ) from None


class ForkServer:
    """A process that makes sessions; see `_code_child_main`.

    Raises:
        ConfigurationError: It does not start here.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._control, theirs = socket.socketpair()
        self._control.settimeout(_START_SECONDS)
        with theirs, memory_file() as errors:
            command = [sys.executable, "-s", "-P", "-S", "-B", "-X", "utf8", "-c", _BOOT]
            try:
                self._process = subprocess.Popen(
                    [*command, _PACKAGE, str(theirs.fileno())],
                    # Lambda's Python finds its own library by this variable alone. The seed is fixed so that
                    # the order of a set, and with it a reward, is the same each time.
                    env={"LD_LIBRARY_PATH": os.path.join(sys.base_prefix, "lib"), "PYTHONHASHSEED": "0"},
                    stdin=subprocess.DEVNULL,
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
                raise ConfigurationError(f"the process that runs code did not start: {said[-1]}") from None
            except BaseException:
                self.close()
                raise
        self._control.settimeout(_REPLY_SECONDS)
        self.walls = tuple(name for at, name in enumerate(WALLS) if walls >> at & 1)

    @property
    def alive(self) -> bool:
        """Whether it can still be asked."""
        return self._process.poll() is None and self._control.fileno() >= 0

    def start(self, limits: Limits, files: Sequence[int]) -> int:
        """Begin a session on its connection, input, output and errors; return its process's id.

        Each file has to be the session's own: sessions that share one could talk to each other through it.

        Raises:
            SessionLost: The system makes no further process, or the server has ended.
        """
        memory = limits.memory_mb * _MB
        process = self._ask(REQUEST.pack(START, 0, limits.seconds, memory, limits.output_bytes), files)[0]
        if process < 0:
            raise SessionLost(f"no further process can be started to run code: {os.strerror(-process)}")
        return process

    def end(self, process: int) -> int:
        """Kill a session that has not ended, and return its exit code or the signal's number below zero.

        Raises:
            SessionLost: The server has ended, and every session with it.
        """
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
        """In a fork of the grader's process: leave the server to the process that started it."""
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
            except BaseException:  # the next reply would be to this request
                self.close()
                raise
        return process, status


_started: list[ForkServer] = []
_starting = Lock()


def fork_server() -> ForkServer:
    """This process's server, started when there is none.

    Raises:
        ConfigurationError: It does not start here.
    """
    with _starting:
        if _started and not _started[0].alive:
            _started.pop().close()
        if not _started:
            _started.append(ForkServer())
        return _started[0]


def end_processes() -> None:
    """End the server and every session, as the end of the process does; the next session starts another."""
    while _started:
        _started.pop().close()


def _forget() -> None:
    """In a fork of the grader's process, which another thread may have left while it held the lock."""
    global _starting
    _starting = Lock()
    while _started:
        _started.pop().forget()


atexit.register(end_processes)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
