"""Reads human labels from a run, its rollouts file, or a separate file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from harness.data.json_lines import LineError, numbered_lines, parse
from harness.data.record_fields import OWN_FIELDS
from harness.data.sources import DataFile
from harness.errors import InputError
from harness.rollouts.read import read_rollouts
from harness.runs.rows import Row, sample_name
from harness.runs.store import Run

__all__ = ["FileLabels", "LabelSource", "RunLabels"]


class LabelSource(Protocol):
    """The labels of rollouts, by field."""

    names: tuple[str, ...]
    """The label fields, one per rater."""

    def of(self, row: Row) -> list[Any]:
        """Return a rollout's label in each field, or None where it has none."""
        ...

    def was_seen(self, name: str) -> bool:
        """Return True if the grader could see a label field."""
        ...

    @property
    def unmatched(self) -> int:
        """Number of labels whose rollout was never passed to `of`."""
        ...


class RunLabels:
    """Labels from a run or from its rollouts file.

    Args:
        run: The run.
        names: The label fields.

    Raises:
        InputError: The rollouts file has changed since the replay, or no line has a label field.
    """

    unmatched = 0

    def __init__(self, run: Run, names: tuple[str, ...]) -> None:
        self.names = names
        self._facts = run.facts
        self._in_file = {name: _in_rollouts(run, name) for name in names if name != run.facts.label}

    def of(self, row: Row) -> list[Any]:
        """Return a rollout's value in each field."""
        return [
            row.get("label") if name == self._facts.label else self._in_file[name].get(row["at"])
            for name in self.names
        ]

    def was_seen(self, name: str) -> bool:
        """Return True if the grader could see a field of the rollouts."""
        facts = self._facts
        return name not in (facts.label, *facts.fields.hidden, *OWN_FIELDS) and facts.records is None


def _in_rollouts(run: Run, name: str) -> dict[int, Any]:
    """Return the values of a field in a run's rollouts file, by line offset."""
    if why := run.why_unreadable():
        fix = "Pass a file of labels by id with --label-file, or replay again with --label."
        raise InputError(f"labels cannot be read: {why}", place=str(run.folder), fix=fix)
    found = {one.at: one.label for one in read_rollouts(run.rollouts, label=name) if one.label is not None}
    if not found:
        fix = "Add it, or pass a file of labels by id with --label-file."
        raise InputError(f"no rollout has the field {name!r}", place=run.rollouts_name, fix=fix)
    return found


class FileLabels:
    """Labels in a separate JSON lines file, each with the `id` of a rollout.

    Args:
        path: The file.
        names: The label fields.

    Raises:
        InputError: The file cannot be read, an ID is missing or duplicated, or no line has a label field.
    """

    def __init__(self, path: DataFile, names: tuple[str, ...]) -> None:
        if not names:
            raise InputError("no label field is named", place=str(path), fix="Add --label FIELD.")
        self.names = names
        self._path = path
        self._by_id = _by_id(path)
        self._at: dict[str, int] = {}
        for name in names:
            if all(line.get(name) is None for line in self._by_id.values()):
                raise InputError(f"no line has the field {name!r}", place=str(path))

    def of(self, row: Row) -> list[Any]:
        """Return a rollout's value in each field.

        Raises:
            InputError: Two rollouts have the same ID, so the label could belong to either.
        """
        key = sample_name(row)
        line = self._by_id.get(key)
        if line is None:
            return [None] * len(self.names)
        if self._at.setdefault(key, row["at"]) != row["at"]:
            what = f"two rollouts have the id {key!r}, so its label may belong to either"
            raise InputError(what, place=str(self._path), fix="Give each rollout its own id.")
        return [line.get(name) for name in self.names]

    def was_seen(self, _name: str) -> bool:
        """Return False, because graders do not see this file."""
        return False

    @property
    def unmatched(self) -> int:
        """Number of lines whose ID is not that of a rollout with a reward."""
        return len(self._by_id) - len(self._at)


def _by_id(file: DataFile) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for line in numbered_lines(file):
        if not line.text or line.text.isspace():
            continue
        place = line.place
        try:
            value = parse(line.text)
        except LineError as error:
            raise InputError(str(error), place=place) from None
        key = value.get("id") if isinstance(value, dict) else None
        if isinstance(key, bool) or not isinstance(key, str | int):
            fix = 'Write one object per line, as in {"id": "p1/0", "human": true}.'
            raise InputError("this line has no rollout id", place=place, fix=fix)
        if str(key) in found:
            raise InputError(f"another line has the same id {str(key)!r}", place=place, fix="Keep one.")
        found[str(key)] = value
    return found
