"""Rehearsals compared with real training: 55 recorded cases, 11 graders in each of 5 worlds.

A world is a small transformer (112 thousand parameters) that was trained to answer sums in ten styles. Each
style has its own share and its own rate of right answers. In worlds 1 to 4, both are random. The model wrote
8 completions for each of 200 prompts. Each grader was then rehearsed on these completions (features and
defaults of version 0.1, one epoch, five seeds) and used in real training: 100 steps of GRPO with 8 prompts x
8 completions, with two or three seeds. `docs/rehearsal.md` has the results of the comparison.

| Column | Content |
|---|---|
| `reward_before`, `reward_after` | expected reward of the rehearsed policy on its training records |
| `right_before`, `right_after` | its expected share of right answers |
| `grpo_right_change` | change of the right answers by the real training, mean of its seeds |
| `made_kind`, `made_more` | the made completion with the highest reward, and its lead over the policy |
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

__all__ = ["RehearsedCase", "rehearsed_worlds"]


class RehearsedCase(NamedTuple):
    """A grader in a world. The fields are columns of `rehearsed_worlds.csv`."""

    world: str
    grader: str
    reward_before: float
    reward_after: float
    right_before: float
    right_after: float
    grpo_right_change: float
    made_kind: str
    made_more: float

    @property
    def lost(self) -> bool:
        """True if real training on this reward lost right answers."""
        return self.grpo_right_change <= -0.02


def rehearsed_worlds() -> list[RehearsedCase]:
    path = Path(__file__).with_suffix(".csv")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    texts = ("world", "grader", "made_kind")
    return [
        RehearsedCase(**{name: value if name in texts else float(value) for name, value in row.items()})  # type: ignore[arg-type]
        for row in rows
    ]
