"""Records made of recorded rollouts, some of them held out: what a rehearsal trains on and is judged by.

Records are told apart by their record key and split by their leak key, so that no held-out prompt is trained
on. A field on which the rollouts of one record
disagree is about the completion (a label), not about the record, and is left out of all.
"""

from __future__ import annotations

import json
import random
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from harness.data.identity import leak_key, leak_sets, record_key
from harness.data.json_lines import LineError, lines, parse
from harness.data.records import ends_with_assistant
from harness.errors import InputError
from harness.rollouts.read import OWN_FIELDS

__all__ = ["Split", "split"]

_NOT_OF_THE_RECORD = frozenset({"id", "messages", *OWN_FIELDS})
_MOST_SINGLE = 0.2


@dataclass(frozen=True, slots=True)
class Split:
    """What became of a rollouts file."""

    training: Path
    held_out: Path
    training_records: int
    held_out_records: int
    completions: int
    fewest: int
    """Completions of the record that has the fewest."""
    left_out: list[str]
    """Fields that are about completions."""

    def to_json(self) -> dict[str, Any]:
        """The split as JSON."""
        return {**asdict(self), "training": str(self.training), "held_out": str(self.held_out)}


@dataclass(slots=True)
class _Record:
    fields: dict[str, Any]
    differing: set[str] = field(default_factory=set)
    leaks: set[str] = field(default_factory=set)
    completions: int = 0


def split(rollouts: Path, into: Path, share: float, seed: int, labels: tuple[str, ...] = ()) -> Split:
    """Make records of the rollouts, and hold some out.

    Args:
        rollouts: The rollouts file.
        into: Folder for `training.jsonl` and `held_out.jsonl`.
        share: How many records to hold out, 0 up to but not including 1; at least one when above 0.
        seed: Decides which.
        labels: Fields to leave out, too.

    Raises:
        InputError: The file cannot be read, or there are too few records or completions.
    """
    records = list(_records(rollouts).values())
    left_out = sorted({*labels}.union(*(record.differing for record in records)))
    fewest = min(record.completions for record in records)
    _check(rollouts, records)
    sets = leak_sets([record.leaks for record in records])
    if share > 0 and len(sets) < 2:
        raise InputError(
            "all rollouts are of one prompt: none can be held out",
            place=str(rollouts),
            fix="Add rollouts of other prompts, or hold none out (0).",
        )
    count = min(max(1, round(share * len(sets))), len(sets) - 1) if share > 0 else 0
    held = {index for chosen in random.Random(seed).sample(sets, count) for index in chosen}
    found = Split(
        into / "training.jsonl",
        into / "held_out.jsonl",
        len(records) - len(held),
        len(held),
        sum(record.completions for record in records),
        fewest,
        left_out,
    )
    for path, wanted in ((found.training, False), (found.held_out, True)):
        with path.open("w", encoding="ascii") as file:
            for number, record in enumerate(records):
                if (number in held) == wanted:
                    kept = {name: value for name, value in record.fields.items() if name not in left_out}
                    file.write(json.dumps(kept) + "\n")
    return found


def _records(path: Path) -> dict[str, _Record]:
    """The records in the order in which they first appear."""
    found: dict[str, _Record] = {}
    for number, (_, line) in enumerate(lines(path), 1):
        if not line.strip():
            continue
        place = f"{path}:{number}"
        try:
            value = parse(line)
        except LineError as error:
            raise _unreadable(error, place) from None
        if not isinstance(value, dict) or not ends_with_assistant(value) or len(value["messages"]) < 2:
            raise InputError(
                "this is no rollout: its messages do not end with a user's and the assistant's turn",
                place=place,
                fix="`rft rollout` makes rollouts of records by asking a model.",
            )
        fields = {name: item for name, item in value.items() if name not in _NOT_OF_THE_RECORD}
        fields = {"messages": value["messages"][:-1], **fields}
        try:
            record = found.setdefault(record_key(value), _Record(fields))
            record.leaks.add(leak_key(value))
        except LineError as error:
            raise _unreadable(error, place) from None
        record.completions += 1
        for name in record.fields.keys() | fields.keys():
            if name not in ("messages", "reference_answer") and record.fields.get(name) != fields.get(name):
                record.differing.add(name)
    if not found:
        raise InputError("the file is empty", place=str(path), fix="Give a file of rollouts.")
    return found


def _unreadable(error: LineError, place: str) -> InputError:
    return InputError(str(error), place=place, fix="Write one rollout a line.")


def _check(path: Path, records: list[_Record]) -> None:
    single = sum(record.completions < 2 for record in records)
    if len(records) < 2:
        raise InputError("all rollouts are of one record", place=str(path), fix="Add rollouts of others.")
    if single > _MOST_SINGLE * len(records):
        raise InputError(
            f"{single:,} of {len(records):,} records have one completion: nothing can be learned from a group"
            " of one",
            place=str(path),
            fix="`rft rollout RECORDS --model M -n 8 --out FILE` makes eight of each.",
        )
