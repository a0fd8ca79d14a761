"""Ends child processes, their descendants, and orphans of an earlier run.

A process that this one did not start is ended only if its ID, start time, command line and user all match. A
process ID alone is not enough, because the system reuses IDs.

psutil and subprocess are imported only when needed, because the imports take a tenth of the time of a small
replay.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess

__all__ = ["cores", "descendants", "end", "end_group", "end_marked", "mark"]

# Start times are computed from the system's boot time, which shifts slightly when the clock is corrected.
_SAME_START_S = 1.0
_HAS_CHILDREN = Path(f"/proc/self/task/{threading.get_native_id()}/children").exists()


def cores() -> int:
    """Return the number of processors that this process may use, which may be fewer than exist."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def mark() -> str:
    """Return this process's ID and start time as a string, by which `end_marked` recognizes it."""
    return f"{os.getpid()} {_own_start():.2f}"


def _own_start() -> float:
    """Return the start time of this process, as psutil computes it."""
    try:
        ticks = int(Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()[19])
        boot = Path("/proc/stat").read_bytes().partition(b"\nbtime ")[2]
        return int(boot.split(maxsplit=1)[0]) + ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):  # not Linux
        import psutil

        return float(psutil.Process().create_time())


def end_marked(mark: str, words: Sequence[str]) -> bool:
    """End an orphan with SIGKILL, but only if it is certainly ours.

    Args:
        mark: The string that the function `mark` returned in that process. Any other string ends no process.
        words: Words that the process's command line must contain.

    Returns:
        True if a process was ended.
    """
    import psutil

    try:
        word, start = mark.split()
        pid, started = int(word), float(start)
        # 1 is the init process; `kill` treats 0 and negative ids as whole groups.
        if pid <= 1 or pid == os.getpid() or not math.isfinite(started):
            return False
        process = psutil.Process(pid)
        ours = (
            abs(process.create_time() - started) < _SAME_START_S
            and process.uids().real == os.getuid()
            and set(words) <= set(process.cmdline())
        )
        if ours:
            process.kill()
        return ours
    except (ValueError, OverflowError, psutil.Error, OSError):
        return False


def end(process: subprocess.Popen[bytes], grace_s: float = 0.0) -> None:
    """End a child process, and close its pipes.

    Args:
        process: The child, which may already have ended.
        grace_s: Seconds to wait after SIGTERM; 0 to kill the child immediately.
    """
    if grace_s:
        import subprocess

        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace_s)
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


def end_group(pid: int) -> None:
    """Kill a child that leads a process group, its whole group, and all its descendants.

    Args:
        pid: The ID of a child that was not waited for yet, so the ID cannot have been reused.
    """
    found = reversed(descendants(pid))
    # The processes may have ended in the meantime.
    for each in found:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(each, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def descendants(pid: int) -> list[int]:
    """Return a process and its running descendants, parents first."""
    found = [pid]
    if _HAS_CHILDREN:
        for each in found:
            found.extend(_children(each))
    else:
        import psutil

        with contextlib.suppress(psutil.Error):
            found.extend(child.pid for child in psutil.Process(pid).children(recursive=True))
    return found


def _children(pid: int) -> list[int]:
    # psutil reads the table of all processes for this, which is too slow every 10 ms.
    found: list[int] = []
    with contextlib.suppress(OSError):  # the process ended
        for task in os.listdir(f"/proc/{pid}/task"):
            found.extend(map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split()))
    return found
