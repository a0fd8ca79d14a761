"""A grader that was written for another platform, with everything that its project needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

__all__ = ["How", "ImportNote", "ImportedGrader"]

How: TypeAlias = Literal["mapped", "approximated", "unsupported"]


@dataclass(frozen=True, slots=True)
class ImportNote:
    """The result of importing one part of a source."""

    place: str
    """Where the part is: file and line, or file and JSON pointer."""
    how: How
    what: str
    """What the part became in the project, with the reason for any difference."""
    step: str | None = None
    """The remaining step for the user, as a sentence; None if nothing is left to do."""


@dataclass(frozen=True, slots=True)
class ImportedGrader:
    """A grader from another platform, with everything that its project needs."""

    kind: str
    """The platform that the grader was written for."""
    module: str
    """The module with the grader. Its file is in `files`."""
    function: str
    """The grader's name in the module."""
    files: Mapping[str, bytes]
    """The grader's files, by path in the project."""
    sources: tuple[str, ...]
    """Top-level files and folders that the Lambda artifact contains, including the module."""
    packages: Mapping[str, str | None] = field(default_factory=dict)
    """Imported packages, each with its installed distribution and version, or None."""
    judge_models: tuple[str, ...] = ()
    """The Bedrock models that the grader calls."""
    asks_judge: bool = False
    """True if grading calls a model or another service."""
    runs_code: bool = False
    """True if grading runs Python code in confined processes."""
    range: tuple[float, float] = (0.0, 1.0)
    timeout_s: float = 10
    records: tuple[Mapping[str, Any], ...] = ()
    """Records that the grader can grade."""
    rollouts: tuple[Mapping[str, Any], ...] = ()
    """Rollouts of the records; empty if no made-up rollout could be graded."""
    notes: tuple[ImportNote, ...] = ()
    sample_notes: tuple[ImportNote, ...] = ()
    """Notes on the records and rollouts."""
    own_records: bool = False
    """True if the user provided the records."""
    own_rollouts: bool = False
    """True if the user provided the rollouts. Missing records are then made from them."""
    secrets: tuple[str, ...] = ()
    """Environment variables that replace keys in the source."""

    @property
    def all_notes(self) -> tuple[ImportNote, ...]:
        """All notes on the source and the samples."""
        return (*self.notes, *self.sample_notes)
