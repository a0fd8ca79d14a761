"""A grader that was written for another platform, read and ready to become a project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

__all__ = ["How", "ImportNote", "ImportedGrader"]

How: TypeAlias = Literal["mapped", "approximated", "unsupported"]


@dataclass(frozen=True, slots=True)
class ImportNote:
    """What became of one part of a source."""

    place: str
    """Where it is: file and line, or file and JSON pointer."""
    how: How
    what: str
    """What it became, and why that differs where it does."""
    step: str | None = None
    """What the user has to do about it, in a sentence."""


@dataclass(frozen=True, slots=True)
class ImportedGrader:
    """A grader of another platform's, with what its project needs."""

    kind: str
    """What it was written for."""
    module: str
    """The module that has the grader, which is one of the files."""
    function: str
    """The grader's name in it."""
    files: Mapping[str, bytes]
    """The grader's own files, by path in the project."""
    sources: tuple[str, ...]
    """Files and folders at the top that go into Lambda, the module among them."""
    packages: Mapping[str, str | None] = field(default_factory=dict)
    """What it imports: the package, and the installed distribution with its version, if any."""
    judge_models: tuple[str, ...] = ()
    """The Bedrock models that it asks."""
    asks_judge: bool = False
    """Whether grading asks a model or another service."""
    runs_code: bool = False
    """Whether grading runs Python confined, in processes of its own."""
    range: tuple[float, float] = (0.0, 1.0)
    timeout_s: float = 10
    records: tuple[Mapping[str, Any], ...] = ()
    """Records that it can grade."""
    rollouts: tuple[Mapping[str, Any], ...] = ()
    """Rollouts of them; empty where none that were made up could be graded."""
    notes: tuple[ImportNote, ...] = ()
    sample_notes: tuple[ImportNote, ...] = ()
    """What to know of the records and rollouts."""
    own_records: bool = False
    """Whether the records are the user's."""
    own_rollouts: bool = False
    """Whether the rollouts are the user's; records that are not are then made of them."""
    secrets: tuple[str, ...] = ()
    """Environment variables that stand for keys which were taken out of the source."""

    @property
    def all_notes(self) -> tuple[ImportNote, ...]:
        """What became of everything."""
        return (*self.notes, *self.sample_notes)
