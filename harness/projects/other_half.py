"""Makes records from the user's rollouts, or rollouts from the user's records, if only one file is given.

Records are rollouts without their completions. Rollouts are records with made-up completions, in the spelling
with which the grader distinguished completions of made-up records.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from harness.clock import Clock
from harness.data.identity import record_key
from harness.data.record_fields import FieldComparison, flattened, record_fields
from harness.errors import InputError
from harness.projects.grading_here import GradingHere, grading_here
from harness.projects.imported import ImportedGrader
from harness.projects.made_up_samples import MadeUp

__all__ = ["MadeRecords", "records_of", "rollouts_of"]

_MOST_RECORDS = 12


@dataclass(frozen=True, slots=True)
class MadeRecords:
    """Records made from rollouts."""

    values: tuple[Mapping[str, Any], ...]
    left_out: tuple[str, ...]
    """Fields that describe a completion, because they differ between rollouts of one record."""
    unproven: tuple[str, ...]
    """Fields that may describe a completion. No two rollouts of one record have them, so this is unknown."""


def records_of(rollouts: Sequence[Mapping[str, Any]]) -> MadeRecords:
    """Make one record from the rollouts of each record.

    Args:
        rollouts: The usable lines of a rollouts file.
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
) -> MadeUp:
    """Make up completions for the first records, and keep those that the grader can grade on this machine.

    Args:
        records: The user's records.
        imported: The grader, with the samples made up for it. If the grader calls a service, it is not run
            and all completions are kept.
        clock: The clock for the time limit.
    """
    made = [*_completed(records, imported)]
    if imported.asks_judge:
        return MadeUp(rollouts=tuple(each.rollout for each in made))

    def write(folder: Path) -> Path:
        for name, content in imported.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return folder / f"{imported.module}.py"

    try:
        with grading_here(write, clock, imported.function) as here:
            return _graded(made, here)
    except InputError as error:
        return MadeUp(problem=error.message)


class _Completed(NamedTuple):
    """A rollout with a made-up completion."""

    number: int
    """Index of the rollout's record."""
    rollout: dict[str, Any]
    is_like_reference: bool


def _graded(made: Sequence[_Completed], here: GradingHere) -> MadeUp:
    """Return the rollouts that the grader can grade, with their rewards."""
    kept: list[tuple[_Completed, float]] = []
    tried, problem = 0, None
    for each in made:
        if not here.goes_on():
            break
        tried += 1
        reward, why = here.grade(each.rollout)
        problem = problem or why
        if reward is not None:
            kept.append((each, reward))
    return MadeUp(
        rollouts=tuple(each.rollout for each, _ in kept),
        problem=problem,
        told_apart=any(_best(kept, number, True) > _best(kept, number, False) for number in _numbers(kept)),
        rewards=tuple(reward for _, reward in kept),
        left_out=tried - len(kept),
        ended_early=tried < len(made),
    )


def _numbers(kept: Sequence[tuple[_Completed, float]]) -> set[int]:
    """Return the records for which both a right and a wrong completion were graded."""
    right, wrong = (
        {each.number for each, _ in kept if each.is_like_reference is is_right} for is_right in (True, False)
    )
    return right & wrong


def _best(kept: Sequence[tuple[_Completed, float]], number: int, is_right: bool) -> float:
    return max(reward for each, reward in kept if (each.number, each.is_like_reference) == (number, is_right))


def _completed(records: Sequence[Mapping[str, Any]], imported: ImportedGrader) -> Iterator[_Completed]:
    """Yield rollouts of the first records with right, wrong and empty completions."""
    first = records[:_MOST_RECORDS]
    for number, record in enumerate(first, 1):
        other = first[number % len(first)]
        right = [*_answers(record, imported)]
        texts = [*right, *_answers(other, imported), ""]
        for at, text in enumerate(dict.fromkeys(texts)):
            turns = [*record["messages"], {"role": "assistant", "content": text}]
            rollout = {**record, "id": f"made-up-{number}/{at}", "messages": turns}
            yield _Completed(number, rollout, text in right)


def _answers(record: Mapping[str, Any], imported: ImportedGrader) -> Iterator[str]:
    """Yield completions that may be right for a record."""
    own = _values(record)
    if imported.records and imported.rollouts:
        pattern = str(imported.rollouts[0]["messages"][-1]["content"])
        yield _written_for(pattern, _values(imported.records[0]), own)
    yield from islice((str(value) for path, value in own.items() if path[0] == "reference_answer"), 1)


def _written_for(
    pattern: str, made_up: Mapping[tuple[Any, ...], Any], own: Mapping[tuple[Any, ...], Any]
) -> str:
    """Return a made-up completion in which the values of its record are replaced by another record's."""
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
    """Return a JSON value with the given values replaced."""
    if isinstance(value, dict):
        return {key: _replaced(each, instead) for key, each in value.items()}
    if isinstance(value, list):
        return [_replaced(each, instead) for each in value]
    return instead.get(str(value), value)


def _values(record: Mapping[str, Any]) -> dict[tuple[Any, ...], Any]:
    """Return a record's strings and numbers outside its messages, by place."""
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
