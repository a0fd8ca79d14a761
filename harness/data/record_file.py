"""Looks up, in the rollouts' training file, the fields that a grader sees during training."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from harness.data.formats.recognized import other_format
from harness.data.identity import content_key, record_key
from harness.data.json_lines import LineError, numbered_lines, parse
from harness.data.record_fields import ALWAYS_SHOWN, FieldChoice, choose_fields, flattened
from harness.data.records import ends_with_assistant
from harness.data.sources import STANDARD_INPUT, DataFile, as_source, named_wholly, source_of, text_sha256
from harness.errors import InputError

__all__ = [
    "RecordFacts",
    "RecordFile",
    "check_either",
    "decide_fields",
    "look_at_records",
    "open_records",
    "read_record",
]


@dataclass(frozen=True, slots=True)
class RecordFacts:
    """Path and hash of the training file used by a run."""

    path: str
    """Absolute path or name of an S3 object."""
    sha256: str
    """SHA-256 of the decompressed content."""


class RecordFile:
    """The fields of the records in a file, by record key.

    Args:
        path: The training file.

    Raises:
        InputError: The file cannot be read, is empty or contains a line that is not a record.
    """

    def __init__(self, path: DataFile) -> None:
        self.path = path
        self._found: dict[str, dict[str, Any] | None] = {}
        for line in numbered_lines(path):
            if not line.text.strip():
                continue
            value = read_record(line.text, line.place)
            keys = {record_key(value), content_key(value)}
            fields = {
                name: item for name, item in value.items() if name not in ALWAYS_SHOWN and name != "record"
            }
            for key in keys:
                self._found[key] = fields if self._found.get(key, fields) == fields else None
        if not self._found:
            raise InputError("the file is empty", place=str(path), fix="Pass the training file.")

    def seen(self, value: dict[str, Any]) -> dict[str, Any]:
        """Return the fields of a rollout that a grader sees: the messages and the record's fields.

        Args:
            value: The rollout's flattened line.

        Raises:
            InputError: The file does not contain the record or contains it twice with different fields.
            LineError: The rollout is nested too deeply to compare.
        """
        key = record_key(value)
        if key not in self._found:  # the rollout names its record, but the file may not
            key = content_key(value)
        if key not in self._found:
            fix = (
                "Pass the file it was sampled from, or no records at all (--records, `records` in rft.toml)."
            )
            raise InputError(f"the rollout's record is not in {self.path}", fix=fix)
        fields = self._found[key]
        if fields is None:
            what = f"{self.path} has two records with this key but different fields"
            raise InputError(what, fix="Give each a name in the field `record`, in both files.")
        return {**{name: value[name] for name in ALWAYS_SHOWN if name in value}, **fields}


def read_record(line: bytes, place: str) -> dict[str, Any]:
    """Parse and flatten a line of a training file, checking that its record keys can be computed.

    Args:
        line: A line that is not blank.
        place: The file and line number, for error messages.

    Raises:
        InputError: The line is not a record.
    """
    fix = "`rft validate` checks every record."
    try:
        value = parse(line)
        if not isinstance(value, dict) or not isinstance(value.get("messages"), list):
            what = "the line is not a record: it has no list of messages"
            error = InputError(what, place=place, fix="Pass the training file.")
            raise other_format(value, place, place.rpartition(":")[0]) or error
        if ends_with_assistant(value):
            what = "the line is a rollout: its last message is the assistant's"
            raise InputError(what, place=place, fix="Pass the training file.")
        value = flattened(value)
        record_key(value), content_key(value)
    except LineError as error:
        raise InputError(str(error), place=place, fix=fix) from None
    return value


def look_at_records(file: DataFile) -> RecordFacts:
    """Check a training file before a run starts, and return its path and hash.

    Args:
        file: The training file. Each grading process reads it again.

    Raises:
        InputError: The file cannot be used (see `RecordFile`).
    """
    source = as_source(file)
    name = source.facts[0].name
    if len(source.facts) > 1 or name == STANDARD_INPUT:
        what = "the records must be in one file that can be read again"
        raise InputError(what, place=source.name, fix="Write them to a file first.")
    RecordFile(source)
    return RecordFacts(named_wholly(source), text_sha256(source))


def open_records(facts: RecordFacts) -> RecordFile:
    """Open the training file that a run started with.

    Raises:
        InputError: The file cannot be read or has changed since the run started.
    """
    source = source_of(facts.path)
    found = RecordFile(source)
    if text_sha256(source) != facts.sha256:
        what = "the records have changed since the run started"
        raise InputError(what, place=facts.path, fix="Start a new run.")
    return found


def check_either(keep: Iterable[str], records: DataFile | None) -> None:
    """Check that a records file and fields to keep are not both given, because both select the fields.

    Raises:
        InputError: Both a records file and fields to keep are given.
    """
    if records is not None and tuple(keep):
        what = "both a records file and fields to keep decide what the grader sees"
        raise InputError(what, fix="Leave out one of them.")


def decide_fields(
    rollouts: DataFile, label: str | None, keep: Iterable[str], records: DataFile | None
) -> tuple[FieldChoice, RecordFacts | None]:
    """Decide which fields a grader sees, using the training file or by comparing the rollouts.

    Args:
        rollouts: The rollouts.
        label: The label field.
        keep: Fields that belong to the record, according to the user.
        records: The training file. If None, the rollouts are compared with each other.

    Raises:
        InputError: A file cannot be used, a field to keep can never be visible to the grader, or records and
            fields to keep are both given.
    """
    check_either(keep, records)
    if records is None:
        return choose_fields(rollouts, label, keep), None
    return FieldChoice(), look_at_records(records)
