"""How much memory a process and its descendants hold, seen from outside.

A process counts with its resident set; when it has children, shared pages are divided among those that share
them, since Lambda too counts a page once. Lambda counts a cgroup, so figures differ by a few megabytes.
"""

from __future__ import annotations

import contextlib

import psutil

from harness.processes import descendants

__all__ = ["peak_bytes", "resident_bytes"]


def resident_bytes(pid: int) -> int:
    """Memory that the process and its descendants hold now, bytes; 0 when it is gone."""
    found = descendants(pid)
    return sum(_held(each, shared_out=len(found) > 1) for each in found)


def peak_bytes(pid: int) -> int:
    """The most that the process itself (not its children) ever held, bytes; 0 when that is not known."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/status", "rb") as file:
        for line in file:
            if line.startswith(b"VmHWM:"):
                return 1024 * int(line.split()[1])
    return 0


def _held(pid: int, *, shared_out: bool) -> int:
    try:
        process = psutil.Process(pid)
        if shared_out:
            with contextlib.suppress(AttributeError, psutil.AccessDenied):
                return int(process.memory_full_info().pss)
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0
