"""Records and rollouts of the user's for an imported grader, in the place of made-up ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.data.json_lines import lines, parse
from harness.data.validate import validate
from harness.errors import InputError
from harness.findings import Severity
from harness.projects.imported import ImportedGrader, ImportNote
from harness.rollouts.read import read_rollout

__all__ = ["with_samples"]


@dataclass(frozen=True, slots=True)
class _Taken:
    """The usable lines of a file."""

    values: tuple[Mapping[str, Any], ...]
    note: ImportNote


def with_samples(imported: ImportedGrader, records: Path | None, rollouts: Path | None) -> ImportedGrader:
    """Give an imported grader samples of the user's; lines that cannot be used are left out and counted.

    Where only one of the two files is given, the other has no made-up lines, which would belong to other
    records.

    Args:
        imported: The grader.
        records: A file of training records.
        rollouts: A file of rollouts.

    Raises:
        InputError: A file cannot be read, or has no line that can be used.
    """
    if records is None and rollouts is None:
        return imported
    own = [_records(records) if records else None, _rollouts(rollouts) if rollouts else None]
    made = [() if each is None else each.values for each in own]
    notes = tuple(each.note for each in own if each is not None)
    return replace(imported, records=made[0], rollouts=made[1], sample_notes=notes, own_samples=True)


def _records(path: Path) -> _Taken:
    """The records of a file that training would take."""
    report = validate(path)
    wrong = {
        each.place.line if each.place else None: each.message
        for each in report.findings
        if each.severity >= Severity.ERROR
    }
    if None in wrong:
        raise InputError(wrong[None], place=str(path), fix=f"rft validate {path} says more.")
    numbered = [
        (number, line) for number, (_, line) in enumerate(lines(path), 1) if line and not line.isspace()
    ]
    kept = tuple(parse(line) for number, line in numbered if number not in wrong)
    first = next(((at, wrong[at]) for at, _ in numbered if at in wrong), None)
    return _taken(path, "records.jsonl", kept, len(numbered), first)


def _rollouts(path: Path) -> _Taken:
    """The rollouts of a file that a grader can be given."""
    kept, total = [], 0
    first: tuple[int, str] | None = None
    for number, (at, line) in enumerate(lines(path), 1):
        rollout = read_rollout(at, line)
        if rollout is None:
            continue
        total += 1
        if rollout.problem is None:
            kept.append(parse(line))
        else:
            first = first or (number, rollout.problem)
    return _taken(path, "rollouts.jsonl", tuple(kept), total, first)


def _taken(path: Path, name: str, kept: tuple[Any, ...], total: int, first: tuple[int, str] | None) -> _Taken:
    if not kept:
        place = str(path) if first is None else f"{path}:{first[0]}"
        why = "it is empty" if first is None else first[1]
        raise InputError(f"no line can be used: {why}", place=place, fix="See docs/contract.md for its form.")
    what = f"{len(kept)} of {total} lines are in {name}"
    if first is not None:
        what += f"; line {first[0]} is the first that cannot be used: {first[1]}"
    return _Taken(kept, ImportNote(path.name, "mapped", what))
