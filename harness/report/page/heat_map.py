"""Builds the heat map, with one cell per group of a run, sorted by mean reward."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from harness.runs.rows import Row
from harness.signal.groups import TOLERANCE

__all__ = ["CELLS", "GroupCell", "GroupCells"]

CELLS = 5_000
"""Maximum number of groups that are drawn."""


@dataclass(slots=True)
class GroupCell:
    """One record, with a summary of its rollouts' rewards."""

    name: str
    count: int = 0
    total: float = 0.0
    lowest: float = math.inf
    highest: float = -math.inf
    missing: int = 0

    @property
    def mean(self) -> float | None:
        """Mean reward; None if no rollout has a reward."""
        return self.total / self.count if self.count else None

    @property
    def zero_std(self) -> bool:
        """True if all rewards are equal."""
        return self.count > 0 and self.highest - self.lowest <= TOLERANCE


@dataclass(slots=True)
class GroupCells:
    """Gathers the groups of a run."""

    cells: dict[str, GroupCell] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        """Count one grading. As in `harness.signal.groups`, only the first of several repeats counts."""
        name, reward = row["group"], row["reward"]
        if name is None or row["repeat"]:
            return
        cell = self.cells.get(name)
        if cell is None:
            cell = self.cells[name] = GroupCell(name)
        if reward is None:
            cell.missing += 1
            return
        cell.count += 1
        cell.total += reward
        cell.lowest, cell.highest = min(cell.lowest, reward), max(cell.highest, reward)

    def drawn(self) -> list[GroupCell]:
        """Return the groups, or an even sample of them, by mean reward. Groups without rewards come last."""
        ordered = sorted(self.cells.values(), key=lambda cell: math.inf if cell.mean is None else cell.mean)
        if len(ordered) <= CELLS:
            return ordered
        return [ordered[at * len(ordered) // CELLS] for at in range(CELLS)]
