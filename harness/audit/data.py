"""Reads what a grader is audited on: records, and rollouts of them where some are recorded."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.audit.case import Recorded, Subject
from harness.data import records as record_lines
from harness.data.identity import content_key, record_key
from harness.data.record_fields import OWN_FIELDS
from harness.data.records import ends_with_assistant
from harness.errors import InputError
from harness.rollouts.read import holds_rollouts, line_number, read_rollouts

__all__ = ["RECORDS", "read_subject"]

RECORDS = 300
"""How many records an audit takes when it is not told."""


def read_subject(
    path: Path, rollouts: Path | None = None, limit: int = RECORDS, seed: int = 0, **given: Any
) -> Subject:
    """Read the data of an audit.

    Args:
        path: A file of records, or of rollouts, whose records are then audited.
        rollouts: Recorded rollouts of these records.
        limit: How many records to take; some at random where there are more.
        seed: Decides which.
        **given: Other fields of `Subject`, as the user said them.

    Raises:
        InputError: A file cannot be read, holds nothing to audit, or no rollout is of these records.
    """
    if holds_rollouts(path):
        if rollouts is not None:
            raise InputError("both files hold rollouts", place=str(path), fix="Name the records first.")
        found, rollouts = _records_of_rollouts(path), path
    else:
        found = _records(path)
    if not found:
        raise InputError("the file holds no records", place=str(path))
    chosen = found
    if len(found) > limit:
        names = random.Random(seed).sample(list(found), limit)
        chosen = {name: found[name] for name in sorted(names, key=lambda name: found[name][0])}
    recorded = _recorded(rollouts, chosen) if rollouts is not None else ()
    lines = tuple(line for line, _ in chosen.values())
    return Subject(tuple(fields for _, fields in chosen.values()), str(path), lines, recorded, **given)


def _records(path: Path) -> dict[str, tuple[int, dict[str, Any]]]:
    """The records of a file, by record key, each with its line."""
    found: dict[str, tuple[int, dict[str, Any]]] = {}
    for record in record_lines.read(path):
        messages = record.fields.get("messages")
        if not isinstance(messages, list) or not messages or ends_with_assistant(record.fields):
            fix = f"Run `rft validate {path}`."
            raise InputError("this line is no record", place=f"{path}:{record.line}", fix=fix)
        found.setdefault(record_key(record.fields), (record.line, _fields(record.fields)))
    return found


def _records_of_rollouts(path: Path) -> dict[str, tuple[int, dict[str, Any]]]:
    """The records that rollouts are of, by what the rollouts call them, each with its first line."""
    found: dict[str, tuple[int, dict[str, Any]]] = {}
    for rollout in read_rollouts(path):
        if rollout.sent is not None and rollout.group is not None and rollout.group not in found:
            fields = {**rollout.sent, "messages": rollout.sent["messages"][:-1]}
            found[rollout.group] = (line_number(path, rollout.at), _fields(fields))
    return found


def _fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in ("id", *OWN_FIELDS)}


def _recorded(path: Path, chosen: Mapping[str, tuple[int, dict[str, Any]]]) -> tuple[Recorded, ...]:
    """The rollouts of some records: those that name them, or have their prompt and reference.

    Raises:
        InputError: There are none.
    """
    at = {content_key(fields): place for place, (_, fields) in enumerate(chosen.values())}
    at |= {name: place for place, name in enumerate(chosen)}
    found = []
    for one in read_rollouts(path):
        if one.sent is None:
            continue
        place = at.get(one.group or "", at.get(content_key(one.sent)))
        if place is not None:
            found.append(Recorded(place, one.sent["messages"][-1], one.length, one.finish))
    if not found:
        raise InputError("no rollout here is of the records that are audited", place=str(path))
    return tuple(found)
