"""Measures the memory of a process and its descendants from another process.

The memory of a single process is its resident set. If it has children, a shared page is divided among the
processes that share it, because Lambda also counts a page once. Lambda measures a cgroup, so its figures
differ by a few megabytes.
"""

from __future__ import annotations

import contextlib

import psutil

from harness.processes import descendants

__all__ = ["peak_bytes", "resident_bytes"]


def resident_bytes(pid: int) -> int:
    """Return the memory of the process and its descendants now, in bytes; 0 if the process is gone."""
    found = descendants(pid)
    return sum(_held(each, shared_out=len(found) > 1) for each in found)


def peak_bytes(pid: int) -> int:
    """Return the peak memory of the process without its children, in bytes; 0 if unknown."""
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
