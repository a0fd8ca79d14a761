"""The lines of a run: how one grading is written down, and how many add up to totals.

A row is `{"at", "repeat", "id", "group", "reward", "metrics", "error", "ms"}`; where asked for, also `label`
(the rollout's own verdict) and `wires` (the rewards of wires that disagreed). A run's key is (input, at,
repeat).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

import orjson

from harness.data.json_lines import parse

Row = dict[str, Any]


def dump(row: Row) -> bytes:
    """One row as a line of JSONL."""
    try:
        return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # a lone surrogate or an integer beyond 64 bits, in an id or a metric's name
        return json.dumps(row).encode() + b"\n"


def read_rows(path: Path, start: int = 0, end: int | None = None) -> Iterator[Row]:
    """Stream the rows of a rewards file."""
    with path.open("rb", buffering=1 << 20) as file:
        file.seek(start)
        for line in file:
            yield parse(line)
            if end is not None and file.tell() >= end:
                return


@dataclass(slots=True)
class Totals:
    """What many rows add up to."""

    gradings: int = 0
    """Rows, whatever became of them."""
    rewards: int = 0
    """Rows with a reward."""
    total: float = 0.0
    """Sum of the rewards."""
    lowest: float | None = None
    highest: float | None = None
    errors: dict[str, int] = field(default_factory=dict)
    """Rows without a reward, by kind."""
    wires: int = 0
    """Rows on which the wires disagreed."""
    agreed: int = 0
    """Rows whose reward agrees with their label."""
    disagreed: int = 0
    unlabelled: int = 0
    """Rows whose label or reward is missing."""

    @property
    def mean(self) -> float | None:
        """The mean reward; None where there is none."""
        return self.total / self.rewards if self.rewards else None

    def add(self, row: Row, middle: float | None = None) -> None:
        """Count one row.

        Args:
            row: The row.
            middle: The middle of the grader's range, above which a reward says yes; None for no labels.
        """
        self.gradings += 1
        reward = row["reward"]
        if reward is None:
            kind = row["error"]["kind"]
            self.errors[kind] = self.errors.get(kind, 0) + 1
        else:
            self.rewards += 1
            self.total += reward
            if self.lowest is None or reward < self.lowest:
                self.lowest = reward
            if self.highest is None or reward > self.highest:
                self.highest = reward
        if "wires" in row:
            self.wires += 1
        if middle is not None:
            verdict = agreement(reward, row.get("label"), middle)
            if verdict is None:
                self.unlabelled += 1
            elif verdict:
                self.agreed += 1
            else:
                self.disagreed += 1

    def merge(self, other: Totals) -> None:
        """Count everything that another counted."""
        for name in ("gradings", "rewards", "total", "wires", "agreed", "disagreed", "unlabelled"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        lows = [low for low in (self.lowest, other.lowest) if low is not None]
        highs = [high for high in (self.highest, other.highest) if high is not None]
        self.lowest, self.highest = min(lows, default=None), max(highs, default=None)
        self.errors = dict(Counter(self.errors) + Counter(other.errors))

    def to_json(self) -> dict[str, Any]:
        """The totals as JSON, with the mean."""
        return {**asdict(self), "mean": self.mean}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Totals:
        """The totals that `to_json` wrote."""
        return cls(**{name: value[name] for name in cls.__slots__})


def agreement(reward: float | None, label: Any, middle: float) -> bool | None:
    """Whether a reward says what a label says; None where one of them says nothing.

    A boolean label agrees with a reward above the middle of the range when it is true, and with one at or
    below it when it is false; a number agrees with an equal number.
    """
    if reward is None or not isinstance(label, bool | int | float):
        return None
    if isinstance(label, bool):
        return (reward > middle) == label
    try:
        number = float(label)
    except OverflowError:  # an integer that no float holds, so no reward equals it
        return False
    return abs(reward - number) <= 1e-9 if isfinite(number) else None
