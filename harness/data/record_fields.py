"""Which fields of a rollouts file belong to the record, so that a grader sees them in training, too.

Training gives a grader the fields of the record. A rollouts file holds more: what the harness notes down
(`OWN_FIELDS`), and what somebody noted about one completion, such as a verdict. The latter is found by
comparison: a field whose value differs between two rollouts of one record cannot be the record's.
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
"""The field that says what a test expects of a rollout's reward."""

OWN_FIELDS = ("record", "model", "finish_reason", "service", EXPECTED)
"""Fields of a rollouts file that are the harness's own and never reach a grader."""

ALWAYS_SHOWN = frozenset({"id", "messages", "reference_answer"})
"""Fields that a grader sees in any case."""
_NEITHER = ALWAYS_SHOWN.union(OWN_FIELDS)
_RECORDS = 1_000
"""Records whose rollouts are compared before a run begins."""
_LINES = 8_000
"""Lines that are read for it at most."""


@dataclass(frozen=True, slots=True)
class FieldChoice:
    """What a grader sees of the rollouts, decided once for a whole file."""

    hidden: tuple[str, ...] = ()
    """Fields that differ within a record, so that training will not have them."""
    unproven: tuple[str, ...] = ()
    """Fields that the grader sees although no two rollouts of one record hold them."""
    kept: tuple[str, ...] = ()
    """Fields that the user says are the record's."""

    def notes(self) -> list[str]:
        """What the user should know of it, a sentence each."""
        found = []
        if self.hidden:
            found.append(f"hidden from the grader, since they differ within a record: {named(self.hidden)}")
        if self.unproven:
            names = named(self.unproven)
            found.append(f"not proven to be of the record (no two rollouts of one to compare): {names}")
        return found


class FieldComparison:
    """Compares the fields of rollouts within each record.

    Args:
        records: Compare the rollouts of so many records, the first that come; all when None.
    """

    def __init__(self, records: int | None = None) -> None:
        self._limit = records
        self._first: dict[str, dict[str, str | bytes]] = {}
        self._paired = False
        self._repeated: set[str] = set()
        self._names: set[str] = set()
        self.differing: set[str] = set()
        """Fields with two values within one record."""

    @property
    def full(self) -> bool:
        """Whether no more records are taken up, and one of them had two rollouts."""
        return self._limit is not None and len(self._first) >= self._limit and self._paired

    @property
    def unproven(self) -> set[str]:
        """Fields that no record with two rollouts holds."""
        return self._names - self._repeated - self.differing

    def add(self, key: str, fields: Mapping[str, Any]) -> None:
        """Compare one more rollout.

        Args:
            key: Its record key.
            fields: What `record_fields` says of it.

        Raises:
            LineError: A value is nested too deeply to be compared.
        """
        # One that differs in one record differs; nothing that another holds can change that.
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
    """Fields as what is equal where the values are: a text as it is, anything else as bytes of JSON.

    Raises:
        LineError: A value is nested too deeply.
    """
    return {
        name: value if type(value) is str else canonical(value).encode("utf-8", "surrogatepass")
        for name, value in fields.items()
    }


def unequal(one: Mapping[str, str | bytes], other: Mapping[str, str | bytes]) -> set[str]:
    """The names of fields that differ, or that one side lacks."""
    return set() if one == other else {name for name, _ in one.items() ^ other.items()}


def flattened(value: dict[str, Any]) -> dict[str, Any]:
    """A line with the fields of its `metadata`, where the wire keeps them, beside the others."""
    metadata = value.get("metadata")
    if not isinstance(metadata, dict):
        return value
    return {**metadata, **{name: item for name, item in value.items() if name != "metadata"}}


def record_fields(value: Mapping[str, Any], without: Iterable[str] = ()) -> dict[str, Any]:
    """The fields of a flattened line that may be the record's or about the completion.

    Args:
        value: The line.
        without: Further fields to leave out.
    """
    return {name: item for name, item in value.items() if name not in _NEITHER and name not in without}


def check_kept(keep: Iterable[str], labels: Iterable[str]) -> tuple[str, ...]:
    """The fields to keep, each once.

    Raises:
        InputError: One of them is never the grader's.
    """
    kept = tuple(sorted(set(keep)))
    for name in kept:
        if name in OWN_FIELDS or name in labels:
            raise InputError(
                f"the field {name} is never the grader's: training does not have it",
                place="--keep-field",
                fix="Name a field of the records.",
            )
    return kept


def choose_fields(file: DataFile, label: str | None = None, keep: Iterable[str] = ()) -> FieldChoice:
    """Look at the first thousand records of a rollouts file, and decide what a grader sees of it.

    Args:
        file: The rollouts.
        label: The field that holds a verdict, which is hidden anyway.
        keep: Fields that are the record's, whatever they look like.

    Raises:
        InputError: The file cannot be read, or a field to keep is never the grader's.
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
        except (LineError, AttributeError, TypeError, KeyError):  # an error of this line when it is graded
            continue
    return FieldChoice(tuple(sorted(comparison.differing)), tuple(sorted(comparison.unproven)), kept)
