"""The fork server: a separate program that creates a process for each session that runs a model's code.

The server starts with a clean environment before any code runs. It contains only Python's library and the
packages that third-party functions list, so it has no credentials, references or data from earlier samples.
Each session is a fork of the server that confines itself before it receives any code. The grader sends one
request at a time over a single connection. When the connection closes, the server ends all sessions and
exits.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import sys

from . import _code_confinement as confinement
from ._code_child_run import CodeRunner
from ._code_frames import BROKEN, NOT_CONFINED, REPLY, REQUEST, START, WALLS
from ._code_library import Library

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

CONTROL = 3
_FILES = 4
_MOST_FILES = 65536
_PROBED = 16


def main(loaded: str) -> None:
    """Serve requests until the grader closes the connection.

    Args:
        loaded: Arguments of `Library.take_over`, as JSON.
    """
    control = socket.socket(fileno=CONTROL)
    Library().take_over(**json.loads(loaded))
    os.closerange(CONTROL + 1, _MOST_FILES)  # close files that packages may have left open
    os.environ.clear()
    confinement.prepare()
    own_memory = _address_space()
    gc.collect()
    gc.freeze()
    walls = _probe()
    control.sendall(REPLY.pack(sum(1 << at for at, name in enumerate(WALLS) if name in walls), 0))
    sessions: set[int] = set()
    while True:
        message, files, _, _ = socket.recv_fds(control, REQUEST.size, _FILES)
        if len(message) < REQUEST.size:
            for session in sessions:
                _kill(session)
            return
        what, process, seconds, memory, output = REQUEST.unpack(message)
        if what == START:
            reply = _start(files, walls, seconds, own_memory + memory, output)
            if reply > 0:
                sessions.add(reply)
            control.sendall(REPLY.pack(reply, 0))
        elif process in sessions:
            sessions.discard(process)
            _kill(process)
            control.sendall(REPLY.pack(process, os.waitpid(process, 0)[1]))


def _start(files: list[int], walls: tuple[str, ...], seconds: float, memory: int, output: int) -> int:
    """Fork a session and return its process ID or a negated error number."""
    server = os.getpid()
    try:
        session = os.fork()
    except OSError as error:
        session = -(error.errno or 1)
    if session == 0:
        _session(server, files, walls, seconds, memory, output)
    for file in files:
        os.close(file)
    return session


def _session(
    server: int, files: list[int], walls: tuple[str, ...], seconds: float, memory: int, output: int
) -> NoReturn:
    """Turn this forked process into a session in which only the given files are open."""
    try:
        connection, *standard = files
        os.setsid()
        for at, file in enumerate(standard):
            os.dup2(file, at)
        os.dup2(connection, CONTROL)
        os.closerange(CONTROL + 1, max(*files, CONTROL) + 1)
        confinement.end_with_parent()
        if os.getppid() != server:
            os._exit(NOT_CONFINED)
        confinement.limit(seconds, memory, output + 1)  # one extra byte shows that there is too much output
        if confinement.shut_in() != walls:
            os._exit(NOT_CONFINED)
        runner = CodeRunner(CONTROL, output)
    except BaseException:
        os._exit(NOT_CONFINED)
    try:
        runner.serve()
    except BaseException:
        os._exit(BROKEN)
    os._exit(0)


def _kill(session: int) -> None:
    """Kill a session, and its process group too in case the session was able to create processes."""
    for end in (os.kill, os.killpg):
        try:
            end(session, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue


def _probe() -> tuple[str, ...]:
    """Return the layers that this system supports, which are found by applying them in a child process."""
    child = os.fork()
    if child == 0:
        try:
            found = confinement.shut_in()
            bits = sum(1 << at for at, name in enumerate(WALLS) if name in found)
            os._exit(_PROBED + (0 if found and _opens("/") else bits))
        finally:
            os._exit(1)
    bits = max(0, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) - _PROBED)
    return tuple(name for at, name in enumerate(WALLS) if bits >> at & 1)


def _opens(path: str) -> bool:
    try:
        os.close(os.open(path, os.O_RDONLY))
    except OSError:
        return False
    return True


def _address_space() -> int:
    """Return the size of this process's address space in bytes, or 0 if unknown."""
    if sys.platform != "linux":
        return 0
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
