"""Stores the results of GRPO runs and rehearsals for the comparison, each in one JSON file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from harness.data.typed_json import as_json, read_typed
from harness.disk import write_json

LIKE_BUDGET: Final = 20
"""Number of GRPO steps that draw about as many completions as the rehearsal."""

Result = TypeVar("Result")
_SCHEMA: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Measurements of a model's answers to problems that it was not trained on."""

    reward: float | None
    """Mean reward; None if no answer got a reward."""
    unrewarded: int
    """Number of answers without a reward."""
    right: float
    length: float
    """Mean length in characters."""
    beyond: float
    """Share of answers that are longer or contain more numbers than any recorded answer."""
    styles: dict[str, float]
    """Share of answers in each style."""


@dataclass(frozen=True, slots=True)
class RealRun:
    """One run of GRPO."""

    world: int
    grader: str
    seed: int
    steps: int
    seconds: float
    points: dict[str, Point]
    """Measurements by step, with the step as text."""


@dataclass(frozen=True, slots=True)
class Change:
    """A figure for the base model and for the learned policy."""

    before: float
    after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """The rehearsal's result for a grader."""

    world: int
    grader: str
    reward: Change | None
    """Change on records left out of training, like that of `right`; None if it was not measured."""
    right: Change | None
    length: Change | None
    """Expected length in characters on the training records."""
    styles: dict[str, Change]
    """Expected share of each recorded style."""
    advantages: dict[str, float]
    """Mean advantage of each style's recorded completions, independent of any policy."""
    warnings: list[str]
    """Ids of the findings."""
    unchecked: list[str]
    verdicts: list[str]


def real_file(folder: Path, grader: str, seed: int, steps: int) -> Path:
    """Return the file of a GRPO run in its world's folder."""
    return folder / f"grpo-{grader}-{seed}-{steps}.json"


def rehearsal_file(folder: Path, grader: str) -> Path:
    """Return the file of a rehearsal in its world's folder."""
    return folder / f"rehearsal-{grader}.json"


def read_result(path: Path, kind: type[Result]) -> Result | None:
    """Read a result, or return None if it does not exist yet."""
    return read_typed(path, kind, "result of the benchmark", schema=_SCHEMA)


def write_result(path: Path, result: RealRun | Rehearsed) -> None:
    """Write a result atomically."""
    write_json(path, {"schema": _SCHEMA, **as_json(result)})
