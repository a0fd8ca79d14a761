"""The half of a project's samples that the user did not give, made of the half that they gave.

Records are rollouts without their completions. Rollouts are records with made-up completions, written as
those that the grader told apart when it was tried on made-up records.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from graders.wire import PROFILES, write_events
from harness.clock import Clock, SystemClock
from harness.data.identity import record_key
from harness.data.record_fields import FieldComparison, flattened, record_fields
from harness.errors import InputError
from harness.projects.imported import ImportedGrader
from harness.targets.own_process import OwnProcessTarget

__all__ = ["MadeRecords", "MadeRollouts", "records_of", "rollouts_of"]

_MOST_RECORDS = 12
_LONGEST = 30.0


@dataclass(frozen=True, slots=True)
class MadeRecords:
    """Records made of rollouts."""

    values: tuple[Mapping[str, Any], ...]
    left_out: tuple[str, ...]
    """Fields that differ within a record, so that they are about a completion."""
    unproven: tuple[str, ...]
    """Fields that may be about a completion: no two rollouts of one record hold them."""


@dataclass(frozen=True, slots=True)
class MadeRollouts:
    """Rollouts made of records."""

    values: tuple[Mapping[str, Any], ...]
    problem: str | None = None
    """Why the first completion that is missing could not be graded."""


def records_of(rollouts: Sequence[Mapping[str, Any]]) -> MadeRecords:
    """Make a record of the rollouts of each record.

    Args:
        rollouts: Lines of a rollouts file that can be used.
    """
    comparison = FieldComparison()
    found: dict[str, dict[str, Any]] = {}
    for value in map(flattened, map(dict, rollouts)):
        key = record_key(value)
        comparison.add(key, record_fields(value))
        found.setdefault(key, value)
    values = []
    for value in found.values():
        kept = {name: value[name] for name in ("record", "reference_answer") if value.get(name) is not None}
        fields = record_fields(value, comparison.differing)
        values.append({"messages": value["messages"][:-1], **kept, **fields})
    return MadeRecords(tuple(values), tuple(sorted(comparison.differing)), tuple(sorted(comparison.unproven)))


def rollouts_of(
    records: Sequence[Mapping[str, Any]], imported: ImportedGrader, clock: Clock | None = None
) -> MadeRollouts:
    """Make completions of the first records, and keep those that the grader grades here.

    Args:
        records: The user's records.
        imported: The grader, with the samples that were made up for it. One that asks a service is not run:
            all of its completions are kept.
        clock: Tells when grading has taken long enough.
    """
    made = [*_completed(records, imported)]
    if imported.asks_judge:
        return MadeRollouts(tuple(made))
    clock = clock or SystemClock()
    ends = clock.monotonic() + _LONGEST
    kept, problem = [], None
    with TemporaryDirectory() as folder:
        for name, content in imported.files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        try:
            target = OwnProcessTarget(f"{Path(folder, imported.module)}.py:{imported.function}")
        except InputError as error:
            return MadeRollouts((), error.message)
        with closing(target):
            for rollout in made:
                if clock.monotonic() > ends:
                    break
                [event] = write_events([{**rollout}], PROFILES["open-weight"])
                answer = target.grade(event)
                if answer.fault is None and answer.items[0].reward is not None:
                    kept.append(rollout)
                elif answer.fault is not None:
                    problem = problem or answer.fault.message
                elif answer.items[0].error is not None:
                    problem = problem or answer.items[0].error["message"]
    return MadeRollouts(tuple(kept), problem)


def _completed(records: Sequence[Mapping[str, Any]], imported: ImportedGrader) -> Iterator[dict[str, Any]]:
    """Rollouts of the first records: a completion like the reference, one like another's, an empty one."""
    first = records[:_MOST_RECORDS]
    for number, record in enumerate(first, 1):
        other = first[number % len(first)]
        texts = [*_answers(record, imported), *_answers(other, imported), ""]
        for at, text in enumerate(dict.fromkeys(texts)):
            turns = [*record["messages"], {"role": "assistant", "content": text}]
            yield {**record, "id": f"made-up-{number}/{at}", "messages": turns}


def _answers(record: Mapping[str, Any], imported: ImportedGrader) -> Iterator[str]:
    """Completions that may be right for a record."""
    own = _values(record)
    if imported.records and imported.rollouts:
        pattern = str(imported.rollouts[0]["messages"][-1]["content"])
        yield _written_for(pattern, _values(imported.records[0]), own)
    yield from islice((str(value) for path, value in own.items() if path[0] == "reference_answer"), 1)


def _written_for(
    pattern: str, made_up: Mapping[tuple[Any, ...], Any], own: Mapping[tuple[Any, ...], Any]
) -> str:
    """A made-up completion with the values of its record replaced by those of another record."""
    instead = {str(value): own[path] for path, value in reversed([*made_up.items()]) if path in own}
    instead.pop("", None)
    if not instead:
        return pattern
    try:
        answer = json.loads(pattern)
    except ValueError:
        answer = None
    if isinstance(answer, dict | list):
        return json.dumps(_replaced(answer, instead), ensure_ascii=False)
    longest_first = sorted(instead, key=len, reverse=True)
    return re.sub("|".join(map(re.escape, longest_first)), lambda found: str(instead[found[0]]), pattern)


def _replaced(value: Any, instead: Mapping[str, Any]) -> Any:
    """A JSON value with some of the values in it replaced."""
    if isinstance(value, dict):
        return {key: _replaced(each, instead) for key, each in value.items()}
    if isinstance(value, list):
        return [_replaced(each, instead) for each in value]
    return instead.get(str(value), value)


def _values(record: Mapping[str, Any]) -> dict[tuple[Any, ...], Any]:
    """The texts and numbers in a record beside its messages, by where they are."""
    found: dict[tuple[Any, ...], Any] = {}
    flat = flattened(dict(record))
    waiting: list[tuple[tuple[Any, ...], Any]] = [
        ((name,), each) for name, each in flat.items() if name not in ("messages", "record", "id")
    ]
    while waiting:
        path, value = waiting.pop(0)
        if isinstance(value, str | int | float):
            found[path] = value
        else:
            waiting += [((*path, step), each) for step, each in _parts(value)]
    return found


def _parts(value: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()
