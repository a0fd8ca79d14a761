"""Rows of the planted set: graders with one known fault, and good graders."""

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
"""The folder with the graders' files."""


@dataclass(frozen=True)
class Shows:
    """A completion that shows a fault.

    Args:
        completion: The completion. `{a}` is the record's answer, `{b}` the next record's answer, `{w}` a
            wrong one, `{prompt}` the prompt's text and `{name}` the name of the function to write.
        reward: The reward that the grader gives it.
        reference: A reference answer that replaces the record's own; None to keep the record's own.
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
        finds: Ids in the catalogue that name the fault; the first one is the most exact.
        severity: The severity that the finding should have: note, warning, error or critical.
        why: The unwanted answer that the grader pays for, or the right answer that it refuses.
        options: Options of the audit: `kind`, or `accepted`, a text with `{a}` in place of the answer.
        form: The format that the records' prompts ask for; empty for the kind's own.
        shows: A completion that is paid or refused because of the fault; None if one completion cannot show
            it.
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
        return self.grader.partition(":")[2]

    def records(self, n: int = 300, seed: int = 0) -> list[dict[str, Any]]:
        """Training records that ask for the format that this grader reads."""
        return records_of(self.kind, n, seed, self.form)

    def rollouts(self, n_records: int = 60, per_record: int = 8, seed: int = 0) -> list[dict[str, Any]]:
        """Recorded rollouts of the first training records."""
        return rollouts_of(self.kind, n_records, per_record, seed, self.form)


@dataclass(frozen=True)
class Good:
    """A grader in which an audit should find nothing with the severity warning or above.

    Args:
        grader: The file, relative to `FOLDER`, and the handler's name.
        kind: The kind of answer.
        why: The reason that it is good, and its difference from other good graders.
        options: Options of the audit, as for `Planted`.
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
        return self.grader.partition(":")[2]

    def records(self, n: int = 300, seed: int = 0) -> list[dict[str, Any]]:
        """Training records that ask for the format that this grader reads."""
        return records_of(self.kind, n, seed, self.form)

    def rollouts(self, n_records: int = 60, per_record: int = 8, seed: int = 0) -> list[dict[str, Any]]:
        """Recorded rollouts of the first training records."""
        return rollouts_of(self.kind, n_records, per_record, seed, self.form)


def rows_in(file: str, kind: str) -> Callable[..., Planted]:
    """Return a function that makes rows for the graders of one file.

    Args:
        file: The graders' file, relative to `FOLDER`.
        kind: The kind of answer of all its graders.
    """

    def row(
        name: str, finds: str, severity: str, why: str, shows: Shows | None = None, **more: Any
    ) -> Planted:
        return Planted(f"{file}:{name}", kind, tuple(finds.split()), severity, why, shows=shows, **more)

    return row


def path_of(grader: str) -> Path:
    return FOLDER / grader.partition(":")[0]


def load(grader: str) -> Callable[[Any, Any], Any]:
    """Return a row's handler from a newly loaded module, so that no state of earlier calls remains."""
    path = path_of(grader)
    spec = importlib.util.spec_from_file_location(f"planted_{path.parent.name}_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    handler: Callable[[Any, Any], Any] = getattr(module, grader.partition(":")[2])
    return handler
