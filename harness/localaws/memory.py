"""How much memory a process and its descendants hold, seen from outside.

On Linux from /proc, elsewhere from `ps`. A process counts with its resident set; when it has children, shared
pages are divided among those that share them, since Lambda too counts a page once. Lambda counts a cgroup, so
figures differ by a few megabytes. Nothing here stops a process.
"""

from __future__ import annotations

import os
import subprocess
from collections import defaultdict
from pathlib import Path

__all__ = ["descendants", "peak_bytes", "resident_bytes"]

_PAGE = os.sysconf("SC_PAGE_SIZE")
_HAS_PROC = Path("/proc/self/statm").exists()


def descendants(pid: int) -> list[int]:
    """The process and everything that it started and that still runs, parents first."""
    if not _HAS_PROC:
        return [row[0] for row in _from_ps(pid)]
    found = [pid]
    for each in found:
        found.extend(_children(each))
    return found


def resident_bytes(pid: int) -> int:
    """Memory that the process and its descendants hold now, bytes; 0 when it is gone."""
    if not _HAS_PROC:
        return sum(row[1] for row in _from_ps(pid))
    found = descendants(pid)
    if len(found) == 1:
        return _resident(pid)
    return sum(_shared_out(each) for each in found)


def peak_bytes(pid: int) -> int:
    """The most that the process itself (not its children) ever held, bytes; 0 when that is not known."""
    return 1024 * _field(f"/proc/{pid}/status", b"VmHWM:")


def _children(pid: int) -> list[int]:
    found: list[int] = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children", "rb") as file:
                found.extend(map(int, file.read().split()))
    except OSError:
        pass  # it went away
    return found


def _resident(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:
            return int(file.read().split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0


def _shared_out(pid: int) -> int:
    return 1024 * _field(f"/proc/{pid}/smaps_rollup", b"Pss:") or _resident(pid)


def _field(path: str, name: bytes) -> int:
    """A number of kilobytes from one of /proc's tables."""
    try:
        with open(path, "rb") as file:
            for line in file:
                if line.startswith(name):
                    return int(line.split()[1])
    except OSError:
        pass  # it went away, or the system has no /proc
    return 0


def _from_ps(pid: int) -> list[tuple[int, int]]:
    """(pid, resident bytes) of the process and its descendants, by `ps`: for systems without /proc."""
    table = subprocess.run(["ps", "-axo", "pid=,ppid=,rss="], capture_output=True, text=True, check=False)
    below: dict[int, list[int]] = defaultdict(list)
    resident: dict[int, int] = {}
    for line in table.stdout.splitlines():
        child, parent, kilobytes = map(int, line.split())
        below[parent].append(child)
        resident[child] = 1024 * kilobytes
    found = [pid] if pid in resident else []
    for each in found:
        found.extend(below[each])
    return [(each, resident[each]) for each in found]
