"""Ending processes: our own children, everything they started, and our own orphans of an earlier run.

A process that this one did not start itself is ended only when it is known to be ours: its id, its start time
and its command line all have to fit, and it belongs to this user. A process id alone says nothing, since the
system gives ids out again.

psutil and subprocess are imported where they are needed: they would be a tenth of a small replay.
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

# Both sides compute a start time from the system's boot time, which a corrected clock moves a little.
_SAME_START_S = 1.0
_HAS_CHILDREN = Path(f"/proc/self/task/{threading.get_native_id()}/children").exists()


def cores() -> int:
    """How many processors this process may use: `taskset` or a container allows fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def mark() -> str:
    """This process, as `end_marked` finds it again: its id and its start time."""
    return f"{os.getpid()} {_own_start():.2f}"


def _own_start() -> float:
    """When this process started, as psutil says it."""
    try:
        ticks = int(Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()[19])
        boot = Path("/proc/stat").read_bytes().partition(b"\nbtime ")[2]
        return int(boot.split(maxsplit=1)[0]) + ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):  # not Linux
        import psutil

        return float(psutil.Process().create_time())


def end_marked(mark: str, words: Sequence[str]) -> bool:
    """End an orphan with SIGKILL, if it is certainly one of ours.

    Args:
        mark: What the process wrote down about itself with `mark`. Anything else ends nothing.
        words: Words of its command line.

    Returns:
        Whether a process was ended.
    """
    import psutil

    try:
        word, start = mark.split()
        pid, started = int(word), float(start)
        # 1 is the system's first process; 0 and less mean whole groups to `kill`.
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
    """End a child of this process, and close its pipes.

    Args:
        process: The child; one that has ended already is fine.
        grace_s: How long it may take to end on SIGTERM; without it, it is killed at once.
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
    """Kill a child that leads a process group, everything in its group, and everything it started.

    Args:
        pid: A child of this process that was not waited for yet, so that its id is still its own.
    """
    found = reversed(descendants(pid))
    # What has ended already needs no signal.
    for each in found:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(each, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def descendants(pid: int) -> list[int]:
    """A process and everything that it started and that still runs, parents first."""
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
    # psutil reads the table of all processes for this: too slow for a look every 10 ms.
    found: list[int] = []
    with contextlib.suppress(OSError):  # it went away
        for task in os.listdir(f"/proc/{pid}/task"):
            found.extend(map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split()))
    return found
