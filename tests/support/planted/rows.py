"""Rows of the planted set: graders with one known fault, and good ones."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.planted.recorded import rollouts_of
from support.planted.records import records_of

__all__ = ["FOLDER", "Good", "Planted", "Shows", "load", "path_of", "rows_in"]

FOLDER = Path(__file__).resolve().parents[2] / "harness/audit/planted"
"""The folder that the graders' files are in."""


@dataclass(frozen=True)
class Shows:
    """A completion that shows a fault.

    Args:
        completion: The completion. `{a}` is the record's answer, `{b}` the next record's, `{w}` a wrong one,
            `{prompt}` the prompt's text and `{name}` the name of the function to be written.
        reward: What the grader pays for it.
        reference: The reference answer that the record has instead of its own; None to keep its own.
    """

    completion: str
    reward: float
    reference: Any = None


@dataclass(frozen=True)
class Planted:
    """A grader with one planted fault.

    Args:
        grader: The file, relative to `FOLDER`, and the handler's name: `first/number.py:constant_one`.
        kind: The kind of answer: number, choice, yes-no, text, list, json, tools, code, judge or format.
        finds: Ids of the catalogue, any of which names the fault; the first is the most exact.
        severity: The severity that the finding should have: note, warning, error or critical.
        why: What the grader pays or refuses that nobody wants.
        options: What the audit is told: `kind`, or `accepted`, a text with `{a}` where the answer stands.
        form: The format that the records' prompts ask for; empty for the kind's own.
        shows: A completion that is paid, or refused, because of the fault; None where it takes more than one.
        reply: For a judge, the reply of the judge's model that means full marks.
        poor: For a judge, the reply that means no marks.
    """

    grader: str
    kind: str
    finds: tuple[str, ...]
    severity: str
    why: str
    options: dict[str, Any] = field(default_factory=dict)
    form: str = ""
    shows: Shows | None = None
    reply: str = ""
    poor: str = ""

    @property
    def name(self) -> str:
        """The handler's name in its file."""
        return self.grader.partition(":")[2]

    def records(self, n: int = 300, seed: int = 0) -> list[dict[str, Any]]:
        """Training records that ask for the format which this grader takes."""
        return records_of(self.kind, n, seed, self.form)

    def rollouts(self, n_records: int = 60, per_record: int = 8, seed: int = 0) -> list[dict[str, Any]]:
        """Recorded rollouts of the first of these records."""
        return rollouts_of(self.kind, n_records, per_record, seed, self.form)


@dataclass(frozen=True)
class Good:
    """A grader in which an audit should find nothing of the severity warning or above.

    Args:
        grader: The file, relative to `FOLDER`, and the handler's name.
        kind: The kind of answer.
        why: What makes it good, and how it differs from other good ones.
        options: What the audit is told, as for `Planted`.
        form: The format that the records' prompts ask for; empty for the kind's own.
        reply: For a judge, the reply of the judge's model that means full marks.
        poor: For a judge, the reply that means no marks.
    """

    grader: str
    kind: str
    why: str
    options: dict[str, Any] = field(default_factory=dict)
    form: str = ""
    reply: str = ""
    poor: str = ""

    @property
    def name(self) -> str:
        """The handler's name in its file."""
        return self.grader.partition(":")[2]

    def records(self, n: int = 300, seed: int = 0) -> list[dict[str, Any]]:
        """Training records that ask for the format which this grader takes."""
        return records_of(self.kind, n, seed, self.form)

    def rollouts(self, n_records: int = 60, per_record: int = 8, seed: int = 0) -> list[dict[str, Any]]:
        """Recorded rollouts of the first of these records."""
        return rollouts_of(self.kind, n_records, per_record, seed, self.form)


def rows_in(file: str, kind: str) -> Callable[..., Planted]:
    """A shorter way to write the rows of one file.

    Args:
        file: The file, relative to `FOLDER`.
        kind: The kind of answer of all its graders.
    """

    def row(
        name: str, finds: str, severity: str, why: str, shows: Shows | None = None, **more: Any
    ) -> Planted:
        return Planted(f"{file}:{name}", kind, tuple(finds.split()), severity, why, shows=shows, **more)

    return row


def path_of(grader: str) -> Path:
    """The file of a row's grader."""
    return FOLDER / grader.partition(":")[0]


def load(grader: str) -> Callable[[Any, Any], Any]:
    """A row's handler, from a module of its own, so that no state is left from before."""
    path = path_of(grader)
    spec = importlib.util.spec_from_file_location(f"planted_{path.parent.name}_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    handler: Callable[[Any, Any], Any] = getattr(module, grader.partition(":")[2])
    return handler
