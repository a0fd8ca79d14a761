"""Locks a run's shards, and ends workers that outlived the process that started them.

Workers need only this module. Importing `harness.runs.store` as well would take 5 ms more.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from harness.disk import HeldLock, lock, no_link, refuse_link
from harness.processes import end_marked, mark

__all__ = ["end_orphans", "lock_shard"]


def lock_shard(path: Path, patience: float) -> HeldLock:
    """Lock a shard for writing, so that `end_orphans` can find this process if its parent dies.

    Args:
        path: The shard's file.
        patience: Seconds to wait for a worker that is about to end.

    Raises:
        InputError: Another process is still writing the shard, or its folder is a link.
    """
    refuse_link(path.parent)
    return lock(path.with_suffix(".lock"), f"shard {path.stem}", patience=patience, mark=mark())


def end_orphans(folder: Path, worker: str) -> None:
    """End workers that outlived the process that started them.

    A stopped or hanging worker would otherwise write to its shard when it wakes up. The caller must hold the
    run's lock.

    Args:
        folder: The run's folder, which is an argument on its workers' command lines.
        worker: Name of the workers' module, which is another argument.
    """
    for path in (folder / "shards").glob("*.lock"):
        with contextlib.suppress(OSError):
            with open(path, errors="replace", opener=no_link) as file:
                end_marked(file.read(), [worker, str(folder.resolve())])
