"""Stores rewards next to a test, so that git shows how a change to the grader affects them.

A file has one line per sample. `rft replay --expect` accepts the same file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.data.sources import DataFile
from harness.disk import replaced
from harness.errors import InputError
from harness.replay.expect import StoredReward, differences, stored_rewards
from harness.replay.replayed import Replayed
from harness.runs.rows import failure_of
from harness.targets.grader_name import named

__all__ = ["snapshot_file", "snapshot_name", "update_snapshot"]

_ENDING = ".rewards.jsonl"
# A reward's last bits may depend on the platform, so rewards are rounded before they are stored.
_DIGITS = 10


def snapshot_name(rollouts: DataFile, grader: Callable[..., Any] | str) -> str:
    """Return the default name for stored rewards, made from the rollouts' and the grader's names.

    Args:
        rollouts: The rollouts: a source or its name.
        grader: The grader or its name.
    """
    stem = Path(str(rollouts)).name.removesuffix(".jsonl").removesuffix(".rollouts")
    if isinstance(grader, str):
        asked = named(grader)
        return f"{stem}.{asked.name or Path(asked.where).stem}"
    return f"{stem}.{getattr(grader, '__name__', 'grader')}"


def snapshot_file(folder: Path, name: str) -> Path:
    """Return the path of the file that stores rewards under a name."""
    return folder / (re.sub(r"[^\w.-]", "_", name) + _ENDING)


def update_snapshot(path: Path, run: Replayed) -> str:
    """Store the rewards of a replay, replacing the previous ones.

    Args:
        path: The file. It is replaced atomically, because several workers may write it.
        run: The replay.

    Returns:
        A summary of the changes.

    Raises:
        InputError: No rollout has a reward, or the file cannot be written.
    """
    if all(row["reward"] is None for row in run.rows):
        kind, message = failure_of(run.rows[0])
        raise InputError(f"no rollout got a reward, so none is stored: {kind}: {message}", place=str(path))
    now = [StoredReward(row["id"], row["reward"]) for row in run.rows]
    told = _changes(path, now)
    with replaced(path) as file:
        file.writelines(_line(one) for one in now)
    without = sum(one.reward is None for one in now)
    return f"{told}, {without:,} of {len(now):,} without a reward" if without else told


def _changes(path: Path, now: list[StoredReward]) -> str:
    """Summarize the differences between a file and the rewards that will replace it."""
    try:
        before = stored_rewards(path)
    except InputError:
        return f"{len(now):,} rewards written"
    changed = differences(before, now)
    new = sum(one.expected == "missing" for one in changed)
    gone = sum(one.found == "missing" for one in changed)
    counts = {"changed": len(changed) - new - gone, "new": new, "gone": gone}
    return ", ".join(f"{count:,} {what}" for what, count in counts.items() if count) or "nothing changed"


def _line(one: StoredReward) -> bytes:
    reward = None if one.reward is None else round(one.reward, _DIGITS)
    return json.dumps({"id": one.id, "reward": reward}).encode() + b"\n"
