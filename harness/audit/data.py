"""Reads the data of an audit: records and their recorded rollouts."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, TypeAlias

from harness.audit.case import Recorded, Subject
from harness.data import records as record_lines
from harness.data.identity import content_key, record_key
from harness.data.json_lines import numbered_lines
from harness.data.record_fields import OWN_FIELDS
from harness.data.records import ends_with_assistant
from harness.data.sources import DataFile
from harness.errors import InputError
from harness.findings import Place
from harness.rollouts.read import holds_rollouts, read_rollouts

__all__ = ["RECORDS", "read_subject"]

_Placed: TypeAlias = tuple[dict[str, Any], Place]
"""A record and where it is in the file."""

RECORDS = 300
"""Default number of records to audit."""


def read_subject(
    file: DataFile, rollouts: DataFile | None = None, limit: int = RECORDS, seed: int = 0, **given: Any
) -> Subject:
    """Read the data of an audit.

    Args:
        file: File of records, or of rollouts whose records are to be audited.
        rollouts: Recorded rollouts of these records.
        limit: Maximum number of records. If the file has more, a random sample is drawn.
        seed: Seed of the random sample.
        **given: Other fields of `Subject`.

    Raises:
        InputError: A file cannot be read or has no records, or none of the rollouts belongs to the records.
    """
    if holds_rollouts(file):
        if rollouts is not None:
            raise InputError("both files hold rollouts", place=str(file), fix="Give the records first.")
        found, rollouts = _records_of_rollouts(file), file
    else:
        found = _records(file)
    if not found:
        raise InputError("the file has no records", place=str(file))
    chosen = found
    if len(found) > limit:
        names = random.Random(seed).sample(list(found), limit)
        order = {name: place for place, name in enumerate(found)}
        chosen = {name: found[name] for name in sorted(names, key=order.__getitem__)}
    recorded = _recorded(rollouts, chosen) if rollouts is not None else ()
    return Subject(
        tuple(record for record, _ in chosen.values()),
        str(file),
        tuple(place.line or 0 for _, place in chosen.values()),
        recorded,
        files=tuple(place.file or "" for _, place in chosen.values()),
        **given,
    )


def _records(file: DataFile) -> dict[str, _Placed]:
    """Return the records in a file by record key, each with its line number."""
    found: dict[str, _Placed] = {}
    for record in record_lines.read(file):
        messages = record.fields.get("messages")
        if not isinstance(messages, list) or not messages or ends_with_assistant(record.fields):
            fix = f"Run `rft validate {file}`."
            raise InputError("this line is not a record", place=record.place, fix=fix)
        place = Place(record.file, record.line)
        found.setdefault(record_key(record.fields), (_fields(record.fields), place))
    return found


def _records_of_rollouts(file: DataFile) -> dict[str, _Placed]:
    """Return the records of the rollouts by group name, each with the line number of its first rollout."""
    first: dict[str, tuple[dict[str, Any], int]] = {}
    for rollout in read_rollouts(file):
        if rollout.sent is not None and rollout.group is not None and rollout.group not in first:
            fields = {**rollout.sent, "messages": rollout.sent["messages"][:-1]}
            first[rollout.group] = _fields(fields), rollout.at
    wanted = {at for _, at in first.values()}
    places = {line.at: Place(line.source, line.number) for line in numbered_lines(file) if line.at in wanted}
    return {name: (fields, places[at]) for name, (fields, at) in first.items()}


def _fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in ("id", *OWN_FIELDS)}


def _recorded(file: DataFile, chosen: Mapping[str, _Placed]) -> tuple[Recorded, ...]:
    """Return the rollouts of the given records, matched by record name or by prompt and reference.

    Raises:
        InputError: None of the rollouts belongs to these records.
    """
    at = {content_key(fields): place for place, (fields, _) in enumerate(chosen.values())}
    at |= {name: place for place, name in enumerate(chosen)}
    found = []
    for one in read_rollouts(file):
        if one.sent is None:
            continue
        place = at.get(one.group or "", at.get(content_key(one.sent)))
        if place is not None:
            found.append(Recorded(place, one.sent["messages"][-1], one.length, one.finish))
    if not found:
        raise InputError("no rollout belongs to the audited records", place=str(file))
    return tuple(found)
