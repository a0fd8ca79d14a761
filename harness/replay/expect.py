"""Compares the rewards of a run with rewards that were stored before.

Both are files of lines with `id` and `reward`: the `rewards.jsonl` of an earlier run, or one written by hand.
Lines are matched by id and repeat, equal ones in their order, so that stored rewards outlive edits
elsewhere in the file. Repeats that only one side has are not compared.
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
"""How far apart two rewards may be and still be equal: sums of parts differ by rounding."""


class StoredReward(NamedTuple):
    """One reward to compare; a tuple, since there are millions."""

    id: Any
    reward: float | None
    repeat: int | None = None
    """None where a file written by hand does not say."""


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


def same_reward(one: float | None, other: float | None) -> bool:
    """Whether two rewards are equal but for rounding; no reward equals no reward alone."""
    if one is None or other is None:
        return one is other
    return abs(one - other) <= TOLERANCE


def stored_rewards(file: DataFile) -> list[StoredReward]:
    """Read stored rewards: a file or S3 object of them, or a run's folder.

    Raises:
        InputError: It cannot be read, or a line has no id and reward, or no repeat that counts from 0.
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
                fix='A line reads {"id": "...", "reward": 1.0}; a run\'s rewards.jsonl will do.',
            ) from None
    return found


def differences(expected: Iterable[StoredReward], found: Iterable[StoredReward]) -> list[RewardDifference]:
    """What differs between stored rewards and those of a run.

    Args:
        expected: The stored rewards.
        found: The run's rewards, in its order.
    """
    stored, now = list(expected), list(found)
    if len(stored) == len(now) and all(one.repeat is None for one in stored):
        now = [one._replace(repeat=None) for one in now]  # as many lines as gradings: repeats are in order
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
