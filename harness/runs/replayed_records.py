"""Finds the records of a training file that a replay graded, and compares the fields that the grader saw.

A record counts as graded if the run has a reward for one of its rollouts. Records are matched by the keys in
`harness.data.identity`: the same prompt and reference, or the same explicit `record` with the same prompt.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.data.identity import content_key, leak_key, record_key
from harness.data.json_lines import LineError, lines, parse
from harness.data.record_fields import flattened, record_fields
from harness.data.sources import DataFile, text_sha256
from harness.runs.lines_at import lines_at
from harness.runs.rows import Row
from harness.runs.store import Run

__all__ = ["RecordsSeen", "ReplayedRecords", "RunReading", "records_seen"]


@dataclass(slots=True)
class RunReading:
    """Facts about a run's gradings, collected in one pass over its rewards."""

    first: dict[str, int] = field(default_factory=dict)
    """Offset of the first rollout with a reward, by record."""
    _total_ms: float = 0.0
    _timed: int = 0

    @property
    def seconds(self) -> float | None:
        """Mean duration of a grading, or None if the run measured no durations."""
        return self._total_ms / self._timed / 1000 if self._timed else None

    def noting(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield rows unchanged while collecting these facts."""
        for row in rows:
            if row["ms"] > 0:
                self._total_ms += row["ms"]
                self._timed += 1
            if row["reward"] is not None and row["group"] is not None:
                self.first.setdefault(row["group"], row["at"])
            yield row


@dataclass(frozen=True, slots=True)
class RecordsSeen:
    """Comparison of a training file with a run's records."""

    records: int
    """Number of records in the training file."""
    seen: int | None
    """Number of the training file's records that the run graded, or None if unknown."""
    why: str | None = None
    """The reason why the number is unknown."""
    lacking: tuple[str, ...] = ()
    """Fields that the run's grader saw but the training records lack."""
    added: tuple[str, ...] = ()
    """Fields of the training records that the run's grader did not see."""
    fields_from: str | None = None
    """The file whose fields the run's grader saw, if it is not the training file."""


def records_seen(run: Run, reading: RunReading, training: DataFile) -> RecordsSeen:
    """Compare a training file with the records that a run graded.

    Args:
        run: A finished run.
        reading: The facts collected from the run's rewards.
        training: The training file.

    Raises:
        InputError: The training file cannot be read.
    """
    replayed = ReplayedRecords(run, reading.first)
    source = run.facts.records
    fields = _Fields(run) if source is None else None
    other = source.path if source is not None and source.sha256 != text_sha256(training) else None
    records = seen = 0
    for record in _values(training):
        records += 1
        seen += replayed.group_of(record) is not None
        rollout = replayed.rollout_of(record)
        if rollout is not None and fields is not None:
            fields.compare(rollout, record)
    if replayed.why and not seen and reading.first:
        return RecordsSeen(records, None, replayed.why)
    lacking, added = ((), ()) if fields is None else (fields.lacking, fields.added)
    return RecordsSeen(records, seen, None, tuple(sorted(lacking)), tuple(sorted(added)), other)


class ReplayedRecords:
    """Index of the records that a run graded, for lookups by a training record.

    Args:
        run: A finished run.
        first: Offset of each group's first rollout, from `RunReading`.
    """

    def __init__(self, run: Run, first: Mapping[str, int]) -> None:
        self.why = run.why_unreadable()
        """The reason why the run's rollouts cannot be read again, or None if they can be read."""
        self._first = first
        self._named: dict[tuple[str, str], Mapping[str, Any]] = {}
        self._by_content: dict[str, Mapping[str, Any]] = {}
        for value in {} if self.why else _first_rollouts(run, first.values()).values():
            self._named.setdefault((record_key(value), leak_key(value)), value)
            self._by_content.setdefault(content_key(value), value)

    def rollout_of(self, record: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return a training record's first rollout, or None if no rollout of the record can be found."""
        content, key = content_key(record), record_key(record)
        rollout = self._named.get((key, leak_key(record)))
        if rollout is None and (content == key or content in self._first):
            # Match by content only if the record or the rollout has no name, because different names mean
            # different records.
            rollout = self._by_content.get(content)
        return rollout

    def group_of(self, record: Mapping[str, Any]) -> str | None:
        """Return the group of a training record's rollouts, or None if none certainly belongs to it.

        If the rollouts cannot be read again, a record without a name can still be found by its group's name.
        """
        rollout = self.rollout_of(record)
        if rollout is not None:
            return record_key(rollout)
        content = content_key(record)
        return content if content in self._first else None


class _Fields:
    """Compares the fields that a run's grader saw with the fields that it will see in training."""

    def __init__(self, run: Run) -> None:
        label = () if run.facts.label is None else (run.facts.label,)
        self._hidden = (*run.facts.fields.hidden, *label)
        self.lacking: set[str] = set()
        self.added: set[str] = set()

    def compare(self, rollout: Mapping[str, Any], record: Mapping[str, Any]) -> None:
        there = record_fields(rollout, self._hidden).keys()
        here = record_fields(record).keys()
        self.lacking |= there - here
        self.added |= here - there


def _first_rollouts(run: Run, places: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Return the rollouts at these offsets of the run's input, skipping other lines."""
    found = {}
    for at, line in lines_at(run.rollouts, places):
        value = _usable(line)
        if value is not None:
            found[at] = value
    return found


def _values(training: DataFile) -> Iterator[dict[str, Any]]:
    for _, line in lines(training):
        value = _usable(line)
        if value is not None:
            yield value


def _usable(line: bytes) -> dict[str, Any] | None:
    """Parse a line, or return None if its keys cannot be computed, which `rft validate` reports."""
    try:
        value = flattened(parse(line))
        record_key(value), content_key(value)
    except (LineError, AttributeError, TypeError, KeyError):
        return None
    return value
