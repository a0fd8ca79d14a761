"""Permanently confines the current process: no access to files, network or other processes.

Every layer that the system supports is applied. Seccomp is the main layer. Landlock, the second layer, denies
access to all files and, on newer kernels, to TCP and signals. Resource limits cover memory, processor time,
open files and file size.

Sources: seccomp(2), landlock(7), prctl(2), capabilities(7), getrlimit(2).
"""

from __future__ import annotations

import ctypes
import math
import os
import signal
import sys
from functools import cache

from ._code_filter import program

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

OPEN_FILES = 64
"""Maximum number of files, pipes and sockets that code may have open."""

_STACK = 64 * 2**20

# <linux/prctl.h>
_PARENT_DEATH, _DUMPABLE, _SECCOMP, _NO_NEW_PRIVILEGES = 1, 4, 22, 38
_FILTER = 2
# The numbers of the newer system calls are the same on every architecture.
_CREATE_RULESET, _RESTRICT_SELF = 444, 446
# Number of Landlock's file rights by version. REFER, TRUNCATE and IOCTL_DEV were added to the first 13.
# TCP rights came with version 4, and scopes with version 6.
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
_NEWEST_FILE_RIGHTS = 16
_TCP, _SCOPES = 0b11, 0b11


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.c_char_p)]


class _Ruleset(ctypes.Structure):
    _fields_ = [("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64)]


class _CapabilityHeader(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("process", ctypes.c_int)]


def prepare() -> None:
    """Create the objects that every forked process needs. Call this once, before the first fork."""
    import resource  # noqa: F401

    _libc()
    _filter()


def end_with_parent() -> None:
    """On Linux, have the kernel kill this process when its parent thread ends."""
    if sys.platform == "linux":
        _check(_libc().prctl(_PARENT_DEATH, signal.SIGKILL, 0, 0, 0), "PR_SET_PDEATHSIG")


def limit(seconds: float, memory_bytes: int, file_bytes: int) -> None:
    """Set this process's resource limits.

    Args:
        seconds: Processor time, rounded up. The exact limit is enforced by the process that waits for this
            one.
        memory_bytes: Size of the address space. macOS does not have this limit.
        file_bytes: Maximum size of a file that the process writes.
    """
    import resource

    processor = math.ceil(seconds) + 1
    wanted = {
        "RLIMIT_CPU": (processor, processor + 1),
        "RLIMIT_FSIZE": (file_bytes, file_bytes),
        "RLIMIT_NOFILE": (OPEN_FILES, OPEN_FILES),
        "RLIMIT_CORE": (0, 0),
        "RLIMIT_NPROC": (0, 0),
        "RLIMIT_STACK": (_STACK, _STACK),
    }
    if sys.platform == "linux":
        wanted["RLIMIT_AS"] = (memory_bytes, memory_bytes)
    for name, (soft, hard) in wanted.items():
        which = getattr(resource, name)
        most = resource.getrlimit(which)[1]
        if most != resource.RLIM_INFINITY:
            soft, hard = min(soft, most), min(hard, most)
        resource.setrlimit(which, (soft, hard))


def shut_in() -> tuple[str, ...]:
    """Apply the layers that this system supports and return their names: `landlock`, `seccomp`.

    Raises:
        OSError: A layer that the system supports could not be applied.
    """
    if sys.platform != "linux":
        return ()
    libc = _libc()
    _check(libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS")
    _check(libc.prctl(_DUMPABLE, 0, 0, 0, 0), "PR_SET_DUMPABLE")  # prevents core dumps
    if os.geteuid() == 0:
        header = _CapabilityHeader(0x20080522, 0)
        _check(libc.capset(ctypes.byref(header), (ctypes.c_uint32 * 6)()), "capset")
    walls = ["landlock"] if _landlock(libc) else []
    return (*walls, "seccomp") if _seccomp() else tuple(walls)


def _landlock(libc: Any) -> bool:
    """Deny access to files and, if supported, TCP and signals. Return False if Landlock is not available."""
    version = libc.syscall(_CREATE_RULESET, None, 0, 1)
    if version < 1:
        return False
    rights = (1 << _FILE_RIGHTS.get(version, _NEWEST_FILE_RIGHTS)) - 1
    ruleset = _Ruleset(rights, _TCP if version >= 4 else 0, _SCOPES if version >= 6 else 0)
    handle = libc.syscall(_CREATE_RULESET, ctypes.byref(ruleset), ctypes.sizeof(ruleset), 0)
    _check(handle, "landlock_create_ruleset")
    _check(libc.syscall(_RESTRICT_SELF, handle, 0), "landlock_restrict_self")
    os.close(handle)
    return True


def _seccomp() -> bool:
    """Install the filter. Return False if the kernel or processor is not supported."""
    filled = _filter()
    return filled is not None and _libc().prctl(_SECCOMP, _FILTER, ctypes.byref(filled), 0, 0) == 0


@cache
def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)


@cache
def _filter() -> _Program | None:
    """Return the filter for this machine, or None if its system call numbers are not known."""
    try:
        steps = program(os.uname().machine)
    except KeyError:
        return None
    return _Program(len(steps) // 8, steps)


def _check(result: int, what: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
