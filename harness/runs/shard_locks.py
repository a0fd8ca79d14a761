"""Locks of a run's shards, and the end of workers that outlived the process that started them.

A worker imports this alone of what `harness.runs.store` belongs to: that costs 5 ms more.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from harness.disk import HeldLock, lock, no_link, refuse_link
from harness.processes import end_marked, mark

__all__ = ["end_orphans", "lock_shard"]


def lock_shard(path: Path, patience: float) -> HeldLock:
    """Keep other processes from writing a shard, and let `end_orphans` find this one if its parent dies.

    Args:
        path: The shard's file.
        patience: How many seconds to wait for a worker that is on its way out.

    Raises:
        InputError: Another process still writes it, or a link stands in for its folder.
    """
    refuse_link(path.parent)
    return lock(path.with_suffix(".lock"), f"shard {path.stem}", patience=patience, mark=mark())


def end_orphans(folder: Path, worker: str) -> None:
    """End workers that outlived the process that started them; call it while holding the run's lock.

    A stopped or hanging worker would write to its shard once more when it wakes up.

    Args:
        folder: The run's folder, which is an argument of its workers' command line.
        worker: Another argument of that command line.
    """
    for path in (folder / "shards").glob("*.lock"):
        with contextlib.suppress(OSError):
            with open(path, errors="replace", opener=no_link) as file:
                end_marked(file.read(), [worker, str(folder.resolve())])
