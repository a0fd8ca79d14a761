"""Replaces an imported grader's made-up records and rollouts with the user's own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from harness.data.json_lines import Line, numbered_lines, parse
from harness.data.record_file import RecordFile
from harness.data.sources import DataFile
from harness.data.validate import validate
from harness.errors import InputError
from harness.findings import Severity
from harness.projects.imported import ImportedGrader, ImportNote
from harness.projects.made_up_samples import shortfall_notes
from harness.projects.other_half import records_of, rollouts_of
from harness.rollouts.read import read_rollout

__all__ = ["with_samples"]

_OTHERS = (
    "Add the records that the rollouts were sampled from, or leave out --records: then they are made from "
    "the rollouts."
)


@dataclass(frozen=True, slots=True)
class _Taken:
    """The usable lines of a file."""

    values: tuple[Mapping[str, Any], ...]
    note: ImportNote


def with_samples(
    imported: ImportedGrader, records: DataFile | None, rollouts: DataFile | None
) -> ImportedGrader:
    """Give an imported grader the user's samples. Unusable lines are left out and counted.

    If only one of the two files is given, the other is made from it.

    Args:
        imported: The grader, with made-up samples.
        records: A file of training records.
        rollouts: A file of rollouts.

    Raises:
        InputError: A file cannot be read, or has no usable line.
    """
    if records is not None and rollouts is not None:
        return _with_both(imported, records, rollouts)
    if rollouts is not None:
        return _with_rollouts(imported, rollouts)
    if records is not None:
        taken = _records(records)
        return _completed(replace(imported, own_records=True), taken.values, (taken.note,))
    if imported.asks_judge and not imported.rollouts:
        return replace(imported, rollouts=rollouts_of(imported.records, imported).rollouts)
    return imported


def _with_both(imported: ImportedGrader, records: DataFile, rollouts: DataFile) -> ImportedGrader:
    of_records = _records(records)
    with TemporaryDirectory() as folder:
        path = Path(folder, "records.jsonl")
        path.write_text("".join(json.dumps(each) + "\n" for each in of_records.values), "utf-8")
        of_rollouts = _rollouts(rollouts, RecordFile(path))
    return replace(
        imported,
        records=of_records.values,
        rollouts=of_rollouts.values,
        sample_notes=(of_records.note, of_rollouts.note),
        own_records=True,
        own_rollouts=True,
    )


def _with_rollouts(imported: ImportedGrader, rollouts: DataFile) -> ImportedGrader:
    taken = _rollouts(rollouts)
    made = records_of(taken.values)
    what = f"records.jsonl has one record for the rollouts of each, {len(made.values)} in all"
    if made.left_out:
        what += f", without fields that differ among the rollouts of a record: {', '.join(made.left_out)}"
    notes = [taken.note, ImportNote(_short(rollouts), "mapped", what)]
    if made.unproven:
        what = (
            f"these fields may describe a completion, because no two rollouts of a record show otherwise: "
            f"{', '.join(made.unproven)}. Remove such a field from records.jsonl, or training shows it"
        )
        notes.append(ImportNote(_short(rollouts), "approximated", what))
    return replace(
        imported, records=made.values, rollouts=taken.values, sample_notes=tuple(notes), own_rollouts=True
    )


def _completed(
    imported: ImportedGrader, records: tuple[Mapping[str, Any], ...], notes: tuple[ImportNote, ...]
) -> ImportedGrader:
    """Return the grader with the user's records and made-up completions for them."""
    made = rollouts_of(records, imported)
    if made.rollouts and imported.asks_judge:
        what = "rollouts.jsonl has made-up completions of your records, not graded here: that calls a service"
    elif made.rollouts:
        what = f"rollouts.jsonl has {len(made.rollouts)} made-up completions of your records, all graded here"
    else:
        what = "no made-up completion of your records could be graded, so there is no rollouts.jsonl"
        what += f": {made.problem}" if made.problem else ""
    place = notes[0].place
    notes = (*notes, ImportNote(place, "approximated", what), *shortfall_notes(place, made))
    return replace(imported, records=records, rollouts=made.rollouts, sample_notes=notes)


def _records(file: DataFile) -> _Taken:
    """Return the records in a file that training would accept."""
    report = validate(file)
    wrong: dict[str, str] = {}
    for each in report.findings:
        if each.severity >= Severity.ERROR:
            if each.place is None or each.place.line is None:
                raise InputError(each.message, place=str(file), fix=f"rft validate {file} gives details.")
            wrong[str(each.place)] = each.message
    filled = [line for line in numbered_lines(file) if line.text.strip()]
    kept = tuple(parse(line.text) for line in filled if line.place not in wrong)
    first = next(((line, wrong[line.place]) for line in filled if line.place in wrong), None)
    return _taken(file, "records.jsonl", kept, len(filled), first)


def _rollouts(file: DataFile, records: RecordFile | None = None) -> _Taken:
    """Return the usable rollouts in a file that belong to these records."""
    kept, total = [], 0
    first: tuple[Line, str] | None = None
    for line in numbered_lines(file):
        rollout = read_rollout(line.at, line.text, records=records)
        if rollout is None:
            continue
        total += 1
        if rollout.problem is None:
            kept.append(parse(line.text))
        else:
            problem = rollout.problem if records is None else _shown(rollout.problem, records)
            first = first or (line, problem)
    return _taken(file, "rollouts.jsonl", tuple(kept), total, first)


def _shown(problem: str, records: RecordFile) -> str:
    """Describe a rollout's problem, using the records file's name in the project."""
    return problem.partition(". ")[0].replace(str(records.path), "records.jsonl")


def _taken(
    file: DataFile, name: str, kept: tuple[Any, ...], total: int, first: tuple[Line, str] | None
) -> _Taken:
    if not kept:
        place = str(file) if first is None else first[0].place
        why = "it is empty" if first is None else first[1]
        fix = _OTHERS if "records.jsonl" in why else "See docs/contract.md for the format."
        raise InputError(f"no line is usable: {why}", place=place, fix=fix)
    what = f"{len(kept)} of {total} lines are in {name}"
    if first is not None:
        what += f"; line {first[0].number} is the first unusable one: {first[1]}"
    return _Taken(kept, ImportNote(_short(file), "mapped", what))


def _short(file: DataFile) -> str:
    return str(file).rpartition("/")[2] or str(file)
