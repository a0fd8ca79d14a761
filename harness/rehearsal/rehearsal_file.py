"""A rehearsal's inputs and results, as stored in `rehearsal.json`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from harness.conclusions.conclude import Conclusions
from harness.data.typed_json import as_json, read_typed, typed
from harness.disk import write_json
from harness.errors import InputError
from harness.rehearsal.bred_text import BredText
from harness.simulator.learned import LearnedReport

__all__ = [
    "NOTE",
    "BeforeAfter",
    "RehearsalInputs",
    "Rehearsal",
    "Sizes",
    "check_identity",
    "read_rehearsal",
    "write_rehearsal",
]

NOTE: Final = "rehearsal.json"
_SCHEMA: Final = 3
_NEW_FOLDER: Final = "Name a new folder with --out."


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsalInputs:
    """The inputs that identify a rehearsal. Calls with equal inputs refer to the same rehearsal."""

    rollouts_sha256: str
    grader: str
    code_sha256: str
    """Hash of the grader's module and of the user's modules that it imports."""
    holdout: float
    seed: int
    n_epochs: int
    batch_size: int
    learning_rate_multiplier: float
    group_size: int
    labels: list[str]
    keep_field: list[str] = field(default_factory=list)
    records_sha256: str | None = None
    goal: str | None = None
    """Field that the user named as the goal, which marks right completions."""
    answers_sha256: str | None = None
    """SHA-256 of the recorded answers to the grader's requests to a service."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Numbers of records and completions in a rehearsal."""

    training_records: int
    held_out_records: int
    completions: int
    fewest: int
    """Smallest number of completions that any record has."""
    left_out: list[str]
    """Rollout fields that were left out of the records because they describe completions."""


@dataclass(frozen=True, slots=True)
class BeforeAfter:
    """The two completions of a held-out record whose probability fell and rose the most."""

    record: str
    prompt: str
    before: str
    after: str
    reward_before: float
    reward_after: float
    before_probability: tuple[float, float]
    """Probability of the completion `before`, before and after the job."""
    after_probability: tuple[float, float]
    """Probability of the completion `after`, before and after the job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal(Conclusions):
    """A finished rehearsal with its figures and conclusions."""

    folder: Path
    identity: RehearsalInputs
    sizes: Sizes
    remarks: list[str]
    steps: int
    curves: dict[str, list[float]]
    """Training metrics over the steps by API name, with at most 512 points each."""
    reward_by_quarter: list[float]
    """Mean reward in each quarter of the steps; empty if there are fewer than four steps."""
    length_by_quarter: list[float]
    learned: LearnedReport
    example: BeforeAfter | None
    questions: int = 0
    """Number of questions that judges answered since the rehearsal was last started or resumed."""
    questions_made: int = 0
    """Number of these questions that were about generated completions."""
    bred: list[BredText] = field(default_factory=list)
    """Completions that an audit found wrongly rewarded, with their probabilities."""

    def to_json(self) -> dict[str, Any]:
        """Return the rehearsal as one JSON object."""
        found: dict[str, Any] = as_json(self)
        return found


def write_rehearsal(found: Rehearsal) -> None:
    """Write a rehearsal's `rehearsal.json` atomically.

    Raises:
        InputError: The file cannot be written.
    """
    write_json(found.folder / NOTE, {"schema": _SCHEMA, **found.to_json()})


def read_rehearsal(folder: Path) -> Rehearsal | None:
    """Read a finished rehearsal.

    Args:
        folder: The rehearsal's folder.

    Returns:
        The rehearsal, or None if the folder has none.

    Raises:
        InputError: The file is damaged or was written by another version.
    """
    return read_typed(
        folder / NOTE, Rehearsal, "rehearsal", schema=_SCHEMA, older={2: _from_2}, fix=_NEW_FOLDER
    )


def _from_2(value: dict[str, Any]) -> dict[str, Any]:
    """Convert a rehearsal from schema 2, which has one held-out tenth instead of folds."""
    return {**value, "folds": None}


def check_identity(written: Any, identity: RehearsalInputs, folder: Path) -> None:
    """Check that a folder does not belong to another rehearsal.

    Args:
        written: The identity stored in the folder, as JSON or as an object.
        identity: The requested rehearsal.
        folder: The folder.

    Raises:
        InputError: The identities differ. The message names the inputs that do.
    """
    try:
        found = written if isinstance(written, RehearsalInputs) else typed(RehearsalInputs, written)
    except ValueError:
        raise InputError(
            "the folder contains something that is not a rehearsal", place=str(folder), fix=_NEW_FOLDER
        ) from None
    asked: Mapping[str, Any] = as_json(identity)
    there: Mapping[str, Any] = as_json(found)
    differing = [name for name in asked if asked[name] != there[name]]
    if differing:
        raise InputError(
            f"this folder contains another rehearsal (other {', '.join(differing)})",
            place=str(folder),
            fix=_NEW_FOLDER,
        )
