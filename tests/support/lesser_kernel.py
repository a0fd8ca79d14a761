"""Runs a command as on a kernel without Landlock, without seccomp filters, or without both.

A filter makes the system calls of the missing feature fail as they do on such a kernel.
"""

from __future__ import annotations

import ctypes
import os
import struct
import subprocess
import sys
from collections.abc import Mapping

_LANDLOCK = (444, 445, 446)
_PRCTL = {"x86_64": 157, "aarch64": 167}
_SET_SECCOMP, _FILTER, _NO_NEW_PRIVILEGES = 22, 2, 38
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _EINVAL, _ENOSYS = 0x7FFF0000, 0x00050016, 0x00050026


def lacking(
    command: list[str], variables: Mapping[str, str], *lacks: str
) -> subprocess.CompletedProcess[str]:
    """Run a command without `landlock`, `seccomp` or both."""
    start = [sys.executable, os.path.abspath(__file__), ",".join(lacks), *command]
    return subprocess.run(start, env={**os.environ, **variables}, capture_output=True, text=True)


def _steps(lacks: list[str]) -> bytes:
    steps = [(_LOAD, 0, 0, 0)]
    if "landlock" in lacks:
        for number in _LANDLOCK:
            steps += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ENOSYS)]
    if "seccomp" in lacks:
        steps += [(_EQUAL, 0, 3, _PRCTL[os.uname().machine]), (_LOAD, 0, 0, 16)]
        steps += [(_EQUAL, 0, 1, _SET_SECCOMP), (_RETURN, 0, 0, _EINVAL)]
    steps += [(_RETURN, 0, 0, _ALLOW)]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.c_char_p)]


def _main() -> None:
    lacks, *command = sys.argv[1:]
    steps = _steps(lacks.split(","))
    libc = ctypes.CDLL(None)
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    if libc.prctl(_SET_SECCOMP, _FILTER, ctypes.byref(_Program(len(steps) // 8, steps)), 0, 0) != 0:
        sys.exit("no filter could be put on")
    os.execv(command[0], command)


if __name__ == "__main__":
    _main()
