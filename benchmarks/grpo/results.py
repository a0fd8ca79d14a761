"""What a run of GRPO and a rehearsal leave for the comparison, as JSON files of their own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from harness.data.typed_json import as_json, read_typed
from harness.disk import write_json

LIKE_BUDGET: Final = 20
"""Steps of GRPO that draw about as many completions as the rehearsal does."""

Result = TypeVar("Result")
_SCHEMA: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What a model answers to problems that it was not trained on."""

    reward: float | None
    """Mean reward; None where no answer got one."""
    unrewarded: int
    """Answers without a reward."""
    right: float
    length: float
    """Mean characters."""
    beyond: float
    """Share of answers that are longer, or hold more numbers, than any recorded one."""
    styles: dict[str, float]
    """Share of each style."""


@dataclass(frozen=True, slots=True)
class RealRun:
    """One run of GRPO."""

    world: int
    grader: str
    seed: int
    steps: int
    seconds: float
    points: dict[str, Point]
    """By step, as text."""


@dataclass(frozen=True, slots=True)
class Change:
    """A figure under the base model, and under what was learned."""

    before: float
    after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """What the rehearsal says of a grader."""

    world: int
    grader: str
    reward: Change | None
    """On records left out of training, as is `right`; None where it was not measured."""
    right: Change | None
    length: Change | None
    """In characters, on the training records."""
    styles: dict[str, Change]
    """Expected share of each recorded style."""
    advantages: dict[str, float]
    """Mean advantage of each style's recorded completions, which needs no policy."""
    warnings: list[str]
    """Ids of the findings."""
    unchecked: list[str]
    verdicts: list[str]


def real_file(folder: Path, grader: str, seed: int, steps: int) -> Path:
    """The file of a run of GRPO in its world's folder."""
    return folder / f"grpo-{grader}-{seed}-{steps}.json"


def rehearsal_file(folder: Path, grader: str) -> Path:
    """The file of a rehearsal in its world's folder."""
    return folder / f"rehearsal-{grader}.json"


def read_result(path: Path, kind: type[Result]) -> Result | None:
    """Read a result; None where there is none yet."""
    return read_typed(path, kind, "result of the benchmark", schema=_SCHEMA)


def write_result(path: Path, result: RealRun | Rehearsed) -> None:
    """Write a result in one step."""
    write_json(path, {"schema": _SCHEMA, **as_json(result)})
