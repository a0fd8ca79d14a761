"""Compares the rewards of a run with stored rewards.

Stored rewards are the `rewards.jsonl` of an earlier run, or a handwritten file whose lines have an `id` and a
`reward`. Lines are matched by id and repeat, and lines with the same id by their order, so stored rewards
stay valid when other lines of the rollouts file change. Repeats that only one side has are not compared.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from harness.data.json_lines import LineError, numbered_lines, parse
from harness.data.sources import DataFile
from harness.errors import InputError

TOLERANCE = 1e-9
"""Maximum difference between equal rewards, because rounding changes sums of components."""


class StoredReward(NamedTuple):
    """One reward to compare. Tuples save memory, because there may be millions of rewards."""

    id: Any
    reward: float | None
    repeat: int | None = None
    """Number of the repeat, or None if a handwritten file does not specify it."""


@dataclass(frozen=True, slots=True)
class RewardDifference:
    """A reward that differs from the stored one."""

    id: Any
    expected: float | str | None
    """The stored reward, None for a failure, or `missing` if no reward was stored."""
    found: float | str | None
    """The reward in the run, None for a failure, or `missing` if the rollout is not in the run."""

    def to_json(self) -> dict[str, Any]:
        """Return the difference as JSON."""
        return {"id": self.id, "expected": self.expected, "found": self.found}


def same_reward(one: float | None, other: float | None) -> bool:
    """Return True if two rewards are equal except for rounding. None equals only None."""
    if one is None or other is None:
        return one is other
    return abs(one - other) <= TOLERANCE


def stored_rewards(file: DataFile) -> list[StoredReward]:
    """Read stored rewards from a file, an S3 object or a run's folder.

    Raises:
        InputError: The file cannot be read, a line has no id or no reward, or a line's `repeat` is not a
            number from 0.
    """
    if isinstance(file, str | os.PathLike) and os.path.isdir(file):
        file = os.path.join(file, "rewards.jsonl")
    found = []
    for line in numbered_lines(file):
        if not line.text.strip():
            continue
        try:
            value = parse(line.text)
            reward = value["reward"]
            if reward is not None:
                reward = float(reward)
            repeat = value.get("repeat")
            if repeat is not None and (type(repeat) is not int or repeat < 0):
                raise ValueError
            found.append(StoredReward(value["id"], reward, repeat))
        except (LineError, TypeError, KeyError, ValueError, OverflowError):
            raise InputError(
                "this is not a stored reward",
                place=line.place,
                fix='Write lines like {"id": "...", "reward": 1.0}, or use a run\'s rewards.jsonl.',
            ) from None
    return found


def differences(expected: Iterable[StoredReward], found: Iterable[StoredReward]) -> list[RewardDifference]:
    """Return the differences between stored rewards and a run's rewards.

    Args:
        expected: The stored rewards.
        found: The run's rewards, in its order.
    """
    stored, now = list(expected), list(found)
    if len(stored) == len(now) and all(one.repeat is None for one in stored):
        # Both have the same number of gradings, so the order gives the repeats.
        now = [one._replace(repeat=None) for one in now]
    both = min((max(one.repeat or 0 for one in side) for side in (stored, now) if side), default=0)
    left: defaultdict[tuple[str, int], deque[StoredReward]] = defaultdict(deque)
    for one in stored:
        if (one.repeat or 0) <= both:
            left[json.dumps(one.id), one.repeat or 0].append(one)
    out = []
    for key, reward, repeat in now:
        if (repeat or 0) > both:
            continue
        waiting = left.get((json.dumps(key), repeat or 0))
        if not waiting:
            out.append(RewardDifference(key, "missing", reward))
            continue
        was = waiting.popleft().reward
        if not same_reward(was, reward):
            out.append(RewardDifference(key, was, reward))
    return out + [RewardDifference(one.id, one.reward, "missing") for some in left.values() for one in some]
