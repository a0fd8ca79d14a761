"""Compares the rewards of a run with rewards that were stored before.

Both are files of lines with `id` and `reward`: the `rewards.jsonl` of an earlier run, or one written by hand.
Lines are matched by id, repeated ids in their order, so that stored rewards outlive edits
elsewhere in the file.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.data.json_lines import LineError, lines, parse
from harness.errors import InputError

TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class RewardDifference:
    """One reward that is not as stored."""

    id: Any
    expected: float | str | None
    """The stored reward; None where it was a failure, `missing` where nothing was stored."""
    found: float | str | None
    """The reward now; None where it failed, `missing` where the rollout is not in the run."""

    def to_json(self) -> dict[str, Any]:
        """The difference as JSON."""
        return {"id": self.id, "expected": self.expected, "found": self.found}


def stored_rewards(path: str | Path) -> list[tuple[Any, float | None]]:
    """Read a file of stored rewards, a run's folder included.

    Raises:
        InputError: It cannot be read, or a line has no id and reward.
    """
    path = Path(path)
    if path.is_dir():
        path = path / "rewards.jsonl"
    found = []
    for number, (_, line) in enumerate(lines(path), 1):
        if not line.strip():
            continue
        try:
            value = parse(line)
            reward = value["reward"]
            if reward is not None:
                reward = float(reward)
            found.append((value["id"], reward))
        except (LineError, TypeError, KeyError, ValueError, OverflowError):
            raise InputError(
                "this is no stored reward",
                place=f"{path}:{number}",
                fix='A line reads {"id": "...", "reward": 1.0}; a run\'s rewards.jsonl will do.',
            ) from None
    return found


def differences(
    expected: Iterable[tuple[Any, float | None]], found: Iterable[tuple[Any, float | None]]
) -> list[RewardDifference]:
    """What differs between stored rewards and those of a run.

    Args:
        expected: Stored pairs of id and reward.
        found: The run's pairs, in its order.
    """
    left: dict[str, list[float | None]] = defaultdict(list)
    names: dict[str, Any] = {}
    for key, reward in expected:
        left[json.dumps(key)].append(reward)
        names[json.dumps(key)] = key
    out = []
    for key, reward in found:
        stored = left.get(json.dumps(key))
        if not stored:
            out.append(RewardDifference(key, "missing", reward))
            continue
        was = stored.pop(0)
        if was is None or reward is None:
            same = was is reward
        else:
            same = abs(was - reward) <= TOLERANCE
        if not same:
            out.append(RewardDifference(key, was, reward))
    for name, rewards in left.items():
        out += [RewardDifference(names[name], reward, "missing") for reward in rewards]
    return out
