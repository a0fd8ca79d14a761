"""Makes records from recorded rollouts, and holds out some of them to test the rehearsal's policy.

Records are identified by record key and split by leak key, so the policy is not trained on any held-out
prompt. If the rollouts of one record disagree on a field, the field describes the completion (a label), not
the record, and is removed from all records.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from harness.conclusions.goal import Goal, GoalValues
from harness.data.formats.recognized import other_format
from harness.data.identity import leak_sets, record_key
from harness.data.json_lines import LineError, numbered_lines, parse
from harness.data.record_fields import OWN_FIELDS, FieldComparison, check_kept, flattened, record_fields
from harness.data.record_file import RecordFile
from harness.data.records import ends_with_assistant
from harness.data.sources import DataFile
from harness.errors import InputError
from harness.simulator.examples import MAX_SHORT, MIN_COMPLETIONS, Example
from harness.simulator.pool import Group, Pool

__all__ = ["Split", "split"]


@dataclass(frozen=True, slots=True)
class Split:
    """The records of a rollouts file, split into training and held-out records."""

    training: list[Example]
    held_out: list[Example]
    completions: int
    fewest: int
    """Smallest number of completions that any record has."""
    single: int
    """Number of records with only one completion, which belong to neither part."""
    left_out: list[str]
    """Fields that describe completions."""
    kept: list[str]
    """Fields that the user chose to keep although they differ between the rollouts of one record."""
    goal: Goal | None
    """Correctness of the completions; None if unknown."""
    remarks: list[str]
    """Notes for the user about the goal."""


def split(
    rollouts: DataFile,
    share: float,
    seed: int,
    labels: tuple[str, ...] = (),
    keep: tuple[str, ...] = (),
    records: RecordFile | None = None,
    goal: str | None = None,
) -> Split:
    """Make records from the rollouts, and hold some of them out.

    Args:
        rollouts: The rollouts file.
        share: Share of records to hold out, at least 0 and below 1. At least one record is held out if the
            share is above 0. Records that share a prompt count as one.
        seed: Seed for choosing the held-out records.
        labels: Additional fields to remove.
        keep: Fields to keep even though they differ between the rollouts of one record.
        records: The training records, whose fields replace those of the rollouts.
        goal: The field that states if a completion is right; None to detect the field.

    Raises:
        InputError: The file cannot be read, or has too few records, prompts or completions.
    """
    labels = labels if goal is None else (*labels, goal)
    keep = check_kept(keep, labels)
    values = GoalValues(goal, labels, keep)
    found: dict[str, dict[str, Any]] = {}
    comparison = FieldComparison()
    pool = Pool(_noting_fields(rollouts, found, comparison, records, values))
    groups = list(pool.groups.values())
    _check(rollouts, groups)
    sets = leak_sets([group.leaks for group in groups])
    if share > 0 and len(sets) < 2:
        raise InputError(
            "all rollouts have the same prompt: none can be held out",
            place=str(rollouts),
            fix="Add rollouts with other prompts, or hold none out (--holdout 0).",
        )
    count = min(max(1, round(share * len(sets))), len(sets) - 1) if share > 0 else 0
    held = {index for chosen in random.Random(seed).sample(sets, count) for index in chosen}
    known, remarks = values.goal(groups, rollouts)
    hidden = {*labels} if known is None else {*labels, known.field}
    left_out = sorted(comparison.differing.difference(keep).union(hidden))
    sides: tuple[list[Example], list[Example]] = [], []
    single = 0
    for number, group in enumerate(groups):
        if len(group.candidates) < MIN_COMPLETIONS:
            single += 1
            continue
        kept = {name: value for name, value in found[group.key].items() if name not in left_out}
        sides[number in held].append(Example(kept, group))
    return Split(
        *sides,
        completions=sum(len(group.candidates) for group in groups),
        fewest=min(len(group.candidates) for group in groups),
        single=single,
        left_out=left_out,
        kept=sorted(comparison.differing.intersection(keep)),
        goal=known,
        remarks=remarks,
    )


def _noting_fields(
    file: DataFile,
    found: dict[str, dict[str, Any]],
    comparison: FieldComparison,
    records: RecordFile | None,
    values: GoalValues,
) -> Iterator[dict[str, Any]]:
    """Yield the rollouts of a file, and meanwhile collect and compare their fields by record."""
    for line in numbered_lines(file):
        if not line.text.strip():
            continue
        place = line.place
        try:
            value = parse(line.text)
            if not isinstance(value, dict) or not ends_with_assistant(value) or len(value["messages"]) < 2:
                raise other_format(value, place, line.source) or InputError(
                    "this is not a rollout: its messages do not end with a user's and the assistant's turn",
                    place=place,
                    fix="`rft rollout` makes rollouts from records by asking a model.",
                )
            key = record_key(value)
            value = flattened(value)
            seen = value if records is None else records.seen(value)
            comparison.add(key, record_fields(seen))
            values.add(key, value, place)
        except InputError as error:
            raise error if error.place else InputError(error.message, place=place, fix=error.fix) from None
        except LineError as error:
            raise InputError(str(error), place=place, fix="Write one rollout per line.") from None
        if not all(isinstance(message, dict) for message in value["messages"]):
            raise InputError("a message is not an object", place=place, fix="Write role and content.")
        own = OWN_FIELDS if records is None else ()
        fields = {name: item for name, item in seen.items() if name not in ("id", *own)}
        found.setdefault(key, {**fields, "messages": value["messages"][:-1]})
        yield value
    if not found:
        raise InputError("the file is empty", place=str(file), fix="Pass a file of rollouts.")


def _check(file: DataFile, groups: list[Group]) -> None:
    single = sum(len(group.candidates) < MIN_COMPLETIONS for group in groups)
    if len(groups) < 2:
        raise InputError(
            "all rollouts belong to one record", place=str(file), fix="Add rollouts of other records."
        )
    if single > MAX_SHORT * len(groups):
        raise InputError(
            f"{single:,} of {len(groups):,} records have one completion, and a group of one teaches nothing",
            place=str(file),
            fix="`rft rollout RECORDS --model M -n 8 --out FILE` makes eight for each record.",
        )
