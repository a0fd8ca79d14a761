"""What a rehearsal is asked and what it answers: the request, who is told, and the result.

No behaviour but the identity of a request, and the result as JSON. The emulator is known here only as
something that can be started and has two addresses.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from harness.api.types import Hyperparameters
from harness.errors import InputError
from harness.evaluation.evaluate import Evaluation
from harness.follow.curves import Curves
from harness.follow.watch import Observer
from harness.jobs.plan import hyperparameters
from harness.rehearsal.split import Split
from harness.rehearsal.verdict import Controls, Verdict
from harness.rollouts.asking import Generated
from harness.targets.in_process import InProcessTarget

__all__ = ["Emulated", "BeforeAfter", "Progress", "Rehearsal", "RehearsalRequest", "Service"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Emulated:
    """What the emulator is to serve."""

    rollouts: Path
    state: Path
    function: str
    """Name of the function in the job's ARN."""
    grader: str
    """What it stands for."""
    group_size: int
    seed: int


class Service(Protocol):
    """An emulator that runs."""

    @property
    def base_url(self) -> str:
        """Base URL of the API."""

    @property
    def admin_url(self) -> str:
        """Base URL of the admin routes."""


class Progress(Observer, Protocol):
    """Who is told what happens; the job's own events come as to any `Observer`."""

    def stage(self, name: str) -> None:
        """The next part of the path begins."""

    def asked(self, label: str, state: Generated) -> None:
        """What there is of a model's completions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsalRequest:
    """What to rehearse."""

    rollouts: Path
    grader: str
    into: Path
    """Folder of everything that is made; one of an unfinished rehearsal of the same is gone on with."""
    emulate: Callable[[Emulated], AbstractContextManager[Service]]
    """Starts the emulator as a process of its own."""
    holdout: float = 0.1
    seed: int = 0
    hyperparameters: Hyperparameters = field(default_factory=hyperparameters)
    group_size: int = 8
    n: int = 8
    """Completions asked of each model for each held-out record."""
    labels: tuple[str, ...] = ()
    """Fields of the rollouts that no record has."""

    def identity(self) -> dict[str, Any]:
        """What makes two calls the same rehearsal."""
        try:
            with self.rollouts.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            raise InputError("no such file", place=str(self.rollouts), fix="Check the path.") from None
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", place=str(self.rollouts)) from error
        return {
            "rollouts_sha256": sha256,
            "grader": self.grader,
            "grader_sha256": InProcessTarget(self.grader).sha256,
            "holdout": self.holdout,
            "seed": self.seed,
            "hyperparameters": dict(self.hyperparameters),
            "group_size": self.group_size,
            "n": self.n,
            "labels": list(self.labels),
        }


@dataclass(frozen=True, slots=True)
class BeforeAfter:
    """One held-out record's answer before and after."""

    id: str
    prompt: str
    before: str
    after: str
    reward_before: float
    reward_after: float
    higher: int
    """Answers that got a higher reward after than before, of all that were asked for."""
    lower: int
    answers: int


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What came of it."""

    folder: Path
    split: Split
    job: dict[str, Any]
    remarks: list[str]
    """What the job's events warned of, each once; those of single steps are left out."""
    curves: Curves
    rewards: list[float]
    """Mean reward of each quarter of the steps; empty for fewer than four."""
    lengths: list[float]
    learned: dict[str, Any]
    """The emulator's report: expected rewards, what was amplified and suppressed, what never moved."""
    controls: Controls | None
    evaluation: Evaluation | None
    """None where no record was held out."""
    example: BeforeAfter | None
    verdicts: list[Verdict]

    def to_json(self) -> dict[str, Any]:
        """The rehearsal as one JSON object."""
        return {
            "folder": str(self.folder),
            "split": self.split.to_json(),
            "job": self.job,
            "remarks": self.remarks,
            "steps": self.curves.step,
            "reward_by_quarter": self.rewards,
            "length_by_quarter": self.lengths,
            "curves": {name: series.curve() for name, series in self.curves.series.items()},
            "learned": self.learned,
            "controls": self.controls.to_json() if self.controls else None,
            "evaluation": self.evaluation.to_json() if self.evaluation else None,
            "example": asdict(self.example) if self.example else None,
            "verdicts": [verdict.to_json() for verdict in self.verdicts],
        }
