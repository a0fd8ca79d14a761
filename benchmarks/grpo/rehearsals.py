"""Rehearses each grader on recorded rollouts as a user would."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

from benchmarks.grpo import graders_compared
from benchmarks.grpo.results import Change, Rehearsed
from harness.cli.rehearse import Screen
from harness.conclusions.folds import PolicyChange
from harness.rehearsal.run import RehearsalRequest, rehearse
from harness.simulator.learned import LengthChange

_CHARACTERS_PER_TOKEN: Final = 4.0


def rehearsed(world: int, rollouts: Path, grader: str) -> Rehearsed:
    """Rehearse a grader with the defaults of `rft rehearse`.

    Args:
        world: Number of the world.
        rollouts: The world's recorded completions, with labels.
        grader: Name of the grader.
    """
    named = f"{graders_compared.__file__}:{grader}"
    with tempfile.TemporaryDirectory() as folder:
        found = rehearse(
            RehearsalRequest(rollouts=rollouts, grader=named, out=Path(folder) / "rehearsal"), Screen()
        )
    folds, by_model = found.folds, found.learned.by_model
    return Rehearsed(
        world=world,
        grader=grader,
        reward=_change(None if folds is None else folds.reward),
        right=_change(None if folds is None else folds.right),
        length=_in_characters(found.learned.length),
        styles={name: Change(one.before, one.after) for name, one in by_model.items()},
        advantages={name: one.advantage_mean or 0.0 for name, one in by_model.items()},
        warnings=sorted({finding.id for finding in found.findings}),
        unchecked=found.unchecked,
        verdicts=[verdict.kind for verdict in found.verdicts],
    )


def _change(moved: PolicyChange | None) -> Change | None:
    return None if moved is None else Change(moved.before, moved.after)


def _in_characters(length: LengthChange | None) -> Change | None:
    if length is None:
        return None
    return Change(_CHARACTERS_PER_TOKEN * length.before, _CHARACTERS_PER_TOKEN * length.after)
