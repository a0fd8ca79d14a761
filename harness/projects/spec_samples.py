"""Makes up records and rollouts for an OpenAI grader's JSON, and keeps those that it can grade here.

The types of the record's values are unknown, so several are tried: sentences, numbers in strings, numbers,
lists. The type is kept with which the grader best distinguishes an answer that matches the reference from one
that does not.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.clock import Clock
from harness.errors import InputError
from harness.projects.grading_here import OUT_OF_TIME, GradingHere, grading_here
from harness.projects.made_up_samples import MadeUp
from harness.projects.spec_values import ReadPath, SpecValues, part_of, value_at, written

__all__ = ["make_up_for_spec"]

_SENTENCES = (
    "The red boat reaches the harbor long before noon.",
    "Seven old clocks in the tower strike at midnight.",
    "Her blue letter arrived from Lisbon on a Tuesday.",
)
_NUMBERS = (42, 17, 5)
_KINDS: tuple[Callable[[int], Any], ...] = (
    lambda at: _SENTENCES[at % 3],
    lambda at: str(_NUMBERS[at % 3]),
    lambda at: _NUMBERS[at % 3],
    lambda at: [_SENTENCES[at % 3]],
    lambda at: at % 2 == 0,
)


def make_up_for_spec(values: SpecValues, write: Callable[[Path], Path], clock: Clock | None = None) -> MadeUp:
    """Make up samples, and keep those that a grader can grade. Keep all if grading would call a service.

    Args:
        values: The values that the grader uses.
        write: Writes the grader into a folder under the name `reward`, and returns its file.
        clock: The clock for the time limit.
    """
    if values.asks:
        records = [_record(values, _KINDS[0], at) for at in range(len(_SENTENCES))]
        wording = next(iter(_answers(values, records[0])), (0, ""))[0]
        rollouts = [each for at in range(len(records)) for each in _rollouts(values, records, at, wording)]
        return MadeUp(tuple(records), tuple(rollouts))
    try:
        with grading_here(write, clock) as here:
            return _tried(values, here)
    except InputError as error:
        return MadeUp(problem=error.message)


def _tried(values: SpecValues, here: GradingHere) -> MadeUp:
    """Return the samples whose answers the grader distinguishes best, or else the most gradable ones."""
    best, best_worth, problem = MadeUp(), (0.0, 0), None
    for kind in _KINDS if values.fields else _KINDS[:1]:
        records = [_record(values, kind, at) for at in range(len(_SENTENCES))]
        for wording, _ in _answers(values, records[0]):
            made = [_rollouts(values, records, at, wording) for at in range(len(records))]
            rewards, why = _graded(here, [rollout for group in made for rollout in group])
            problem = problem or why
            kept = [[each for each in group if rewards.get(each["id"]) is not None] for group in made]
            first = [rewards.get(each["id"]) for each in made[0]]
            apart = first[0] - first[1] if first[0] is not None and first[1] is not None else 0.0
            worth = (max(apart, 0.0), sum(map(len, kept)))  # 0 if wrong answers get more
            if worth > best_worth:
                best_worth = worth
                best = MadeUp(
                    tuple(record for record, group in zip(records, kept, strict=True) if group),
                    tuple(rollout for group in kept for rollout in group),
                    told_apart=apart > 0,
                    rewards=tuple(paid for paid in rewards.values() if paid is not None),
                    problem=why,
                    left_out=sum(map(len, made)) - sum(map(len, kept)),
                )
        if best_worth[0] > 0:
            break
    if not best.rollouts:
        return MadeUp(tuple(records), (), problem or (None if here.goes_on() else OUT_OF_TIME))
    return replace(best, ended_early=not best.told_apart and not here.goes_on())


def _graded(here: GradingHere, rollouts: list[dict[str, Any]]) -> tuple[dict[str, float | None], str | None]:
    """Return the rewards of rollouts by ID, and the message of the first failure."""
    rewards: dict[str, float | None] = {}
    problem = None
    for rollout in rollouts:
        if not here.goes_on():
            break
        rewards[rollout["id"]], why = here.grade(rollout)
        problem = problem or why
    return rewards, problem


def _record(values: SpecValues, kind: Callable[[int], Any], at: int) -> dict[str, Any]:
    """Return a record with the fields that a grader uses."""
    fields: dict[str, Any] = {}
    for number, path in enumerate(sorted(values.fields, key=len, reverse=True)):
        _put(fields, path, kind(at + number))
    question = f"Made-up question {at + 1}."
    return {"messages": [{"role": "user", "content": question}], **fields}


def _answers(values: SpecValues, record: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    """Yield completions that may equal a record's reference, each with a number."""
    found: list[str] = []
    if values.reads_json:
        found.append(_json_answer(values, record))
    references = [
        written(reference, record) for given, reference in values.compared if part_of(given) is None
    ]
    found += references
    if len(references) > 1:
        found.append("\n".join(dict.fromkeys(references)))
    found += [str(value_at(record, path)) for path in values.fields]
    yield from enumerate(found or ["A made-up answer."])


def _json_answer(values: SpecValues, record: Mapping[str, Any]) -> str:
    """Return a JSON completion with the parts that a grader uses."""
    answer: dict[str, Any] = {}
    fallback = next((value_at(record, path) for path in values.fields), "made up")
    for path in values.parts:
        like = [each for each in values.fields if path and each[-1] == path[-1]]
        _put(answer, path, value_at(record, like[0]) if like else fallback)
    for given, reference in values.compared:
        part = part_of(given)
        if part:
            _put(answer, part, written(reference, record))
    return json.dumps(answer or {"answer": fallback}, ensure_ascii=False)


def _rollouts(
    values: SpecValues, records: list[dict[str, Any]], at: int, wording: int
) -> list[dict[str, Any]]:
    """Return a record's rollouts: one with a right, one with a wrong and one with an empty completion."""
    right = dict(_answers(values, records[at]))[wording]
    other = dict(_answers(values, records[(at + 1) % len(records)]))[wording]
    texts = dict.fromkeys([right, other if other != right else "Something else.", ""])
    name = f"made-up-{at + 1}"
    return [
        {
            "id": f"{name}/{number}",
            "record": name,
            **records[at],
            "messages": [*records[at]["messages"], {"role": "assistant", "content": text}],
        }
        for number, text in enumerate(texts)
    ]


def _put(fields: dict[str, Any], path: ReadPath, value: Any) -> None:
    """Set the value at a place in nested objects and lists, unless an incompatible value is already there."""
    here: Any = fields
    step: Any
    for step, following in zip(path, [*path[1:], None], strict=True):
        if isinstance(here, list) and isinstance(step, int):
            here.extend(None for _ in range(min(step, 100) + 1 - len(here)))
            if step >= len(here):
                return
        elif not (isinstance(here, dict) and isinstance(step, str)):
            return
        there = here[step] if not isinstance(here, dict) else here.get(step)
        if following is None:
            if there is None or not isinstance(there, dict | list):
                here[step] = value
            return
        if not isinstance(there, dict | list):
            here[step] = [] if isinstance(following, int) else {}
        here = here[step]
