"""Decides which fields of a rollouts file a grader sees, so that they match those seen in training.

In training, a grader receives the record's fields. A rollouts file contains additional fields: those that the
harness adds (`OWN_FIELDS`) and those that describe one completion, such as a label. The latter are found by
comparing the rollouts of a record, because a field whose value differs between two rollouts cannot belong to
the record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.data.identity import canonical, record_key
from harness.data.json_lines import LineError, lines, parse
from harness.data.sources import DataFile
from harness.errors import InputError
from harness.printable import named

__all__ = [
    "ALWAYS_SHOWN",
    "EXPECTED",
    "OWN_FIELDS",
    "FieldChoice",
    "FieldComparison",
    "check_kept",
    "choose_fields",
    "comparable",
    "flattened",
    "record_fields",
    "unequal",
]

EXPECTED = "expected_reward"
"""The field that holds the reward expected by a test."""

OWN_FIELDS = ("record", "model", "finish_reason", "service", EXPECTED)
"""Fields that the harness adds to a rollouts file. They never reach a grader."""

ALWAYS_SHOWN = frozenset({"id", "messages", "reference_answer"})
"""Fields that are always visible to a grader."""
_NEITHER = ALWAYS_SHOWN.union(OWN_FIELDS)
_RECORDS = 1_000
"""Number of records whose rollouts are compared before a run starts."""
_LINES = 8_000
"""Maximum number of lines to read when comparing rollouts."""


@dataclass(frozen=True, slots=True)
class FieldChoice:
    """The rollout fields that are visible to a grader, decided once for a whole file."""

    hidden: tuple[str, ...] = ()
    """Fields whose values differ between rollouts of one record and therefore cannot exist in training."""
    unproven: tuple[str, ...] = ()
    """Fields that are visible although their values could not be compared within a record."""
    kept: tuple[str, ...] = ()
    """Fields that belong to the record according to the user."""

    def notes(self) -> list[str]:
        """Return notes for the user, one sentence each."""
        found = []
        if self.hidden:
            found.append(f"hidden from the grader, because they differ within a record: {named(self.hidden)}")
        if self.unproven:
            names = named(self.unproven)
            why = "no record has two rollouts to compare"
            found.append(f"not proven to belong to the record ({why}): {names}")
        return found


class FieldComparison:
    """Compares fields between the rollouts of each record.

    Args:
        records: Number of records whose rollouts are compared, or None for all.
    """

    def __init__(self, records: int | None = None) -> None:
        self._limit = records
        self._first: dict[str, dict[str, str | bytes]] = {}
        self._paired = False
        self._repeated: set[str] = set()
        self._names: set[str] = set()
        self.differing: set[str] = set()
        """Fields that have different values in two rollouts of one record."""

    @property
    def full(self) -> bool:
        """True if the record limit has been reached and at least one record had two rollouts."""
        return self._limit is not None and len(self._first) >= self._limit and self._paired

    @property
    def unproven(self) -> set[str]:
        """Fields that could not be compared because no record with two rollouts has them."""
        return self._names - self._repeated - self.differing

    def add(self, key: str, fields: Mapping[str, Any]) -> None:
        """Compare another rollout.

        Args:
            key: Record key of the rollout.
            fields: Fields of the rollout, as returned by `record_fields`.

        Raises:
            LineError: A value is nested too deeply to compare.
        """
        # A field that differs in one record needs no further comparison.
        values = comparable({name: item for name, item in fields.items() if name not in self.differing})
        first = self._first.get(key)
        if first is not None:
            self._paired = True
            self._repeated |= first.keys() | values.keys()
            self.differing |= unequal(first, values)
        elif self._limit is None or len(self._first) < self._limit:
            self._first[key] = values
        self._names |= values.keys()


def comparable(fields: Mapping[str, Any]) -> dict[str, str | bytes]:
    """Make fields comparable. Strings are unchanged, and other values become canonical JSON bytes.

    Raises:
        LineError: A value is nested too deeply.
    """
    return {
        name: value if type(value) is str else canonical(value).encode("utf-8", "surrogatepass")
        for name, value in fields.items()
    }


def unequal(one: Mapping[str, str | bytes], other: Mapping[str, str | bytes]) -> set[str]:
    """Return the names of fields that differ between two rollouts or that only one of them has."""
    return set() if one == other else {name for name, _ in one.items() ^ other.items()}


def flattened(value: dict[str, Any]) -> dict[str, Any]:
    """Move the fields of a line's `metadata` to the root. Fields already at the root take precedence."""
    metadata = value.get("metadata")
    if not isinstance(metadata, dict):
        return value
    return {**metadata, **{name: item for name, item in value.items() if name != "metadata"}}


def record_fields(value: Mapping[str, Any], without: Iterable[str] = ()) -> dict[str, Any]:
    """Return the fields of a flattened line that may belong to the record or describe the completion.

    Args:
        value: The flattened line.
        without: Additional fields to omit.
    """
    return {name: item for name, item in value.items() if name not in _NEITHER and name not in without}


def check_kept(keep: Iterable[str], labels: Iterable[str]) -> tuple[str, ...]:
    """Return the fields to keep, without duplicates.

    Raises:
        InputError: One of the fields can never be visible to the grader.
    """
    kept = tuple(sorted(set(keep)))
    for name in kept:
        if name in OWN_FIELDS or name in labels:
            raise InputError(
                f"the field {name} never reaches the grader: training does not have it",
                place="--keep-field",
                fix="Choose a field of the records.",
            )
    return kept


def choose_fields(file: DataFile, label: str | None = None, keep: Iterable[str] = ()) -> FieldChoice:
    """Decide which fields a grader sees by comparing rollouts of the first thousand records in a file.

    Args:
        file: The rollouts.
        label: The label field, which is always hidden.
        keep: Fields that belong to the record even if their values differ.

    Raises:
        InputError: The file cannot be read, or a field to keep can never be visible to the grader.
    """
    kept = check_kept(keep, () if label is None else (label,))
    known = {*kept, label} - {None}
    comparison = FieldComparison(_RECORDS)
    for number, (_, line) in enumerate(lines(file)):
        if number >= _LINES or comparison.full:
            break
        if not line:
            continue
        try:
            value = flattened(parse(line))
            comparison.add(record_key(value), record_fields(value, known))  # type: ignore[arg-type]
        except (LineError, AttributeError, TypeError, KeyError):  # grading will report this line's error
            continue
    return FieldChoice(tuple(sorted(comparison.differing)), tuple(sorted(comparison.unproven)), kept)
