"""Builds completions that name several answers, or all possible ones."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from harness.audit.answer_kinds import items, value
from harness.audit.answers import Answers, answers_in, drawn_evenly, fewer, formats_tried
from harness.audit.attempts import Attempt, AttemptTally, full, try_all
from harness.audit.case import Case
from harness.audit.echo import prompt_of
from harness.audit.merged_answers import merged

__all__ = ["LABELS", "every_answer", "naming"]

_RECORDS = 12
_JOINTS = (" or ", ", ", " and ", " ", "\n", "/")
_MOST = 30
_NEARLY_ALL = 0.9
LABELS: dict[str, tuple[str, ...]] = {"choice": ("A", "B", "C", "D", "E"), "yes-no": ("yes", "no")}
"""The possible answers of kinds that have only a few."""


def every_answer(case: Case) -> AttemptTally | None:
    """Return a text that names every possible answer and gets full reward, or None if there is none.

    The possible answers are known if they are labels or if the prompts name all of them.

    Args:
        case: The audit.
    """
    for one in formats_tried(case):
        answers = answers_in(case, one)
        named = _possible(case, answers)
        if len(named) < 2:
            continue
        records = drawn_evenly(case, answers, fewer(case, _RECORDS), "C09 every")
        attempts = [Attempt(way, at, text) for way, text in _all_of(answers, named) for at in records]
        tallies = try_all(case, attempts, lambda reward, at: full(case, reward, at)).values()
        paid = [
            tally
            for tally in tallies
            if len(tally.paid) >= _NEARLY_ALL * tally.tried
            and answers.distinct(each.record for each in tally.paid) >= 2
        ]
        if paid:
            return min(paid, key=lambda tally: len(str(tally.best.completion)))
    return None


def _possible(case: Case, answers: Answers) -> tuple[str, ...]:
    """Return every possible answer or list item. The result is empty if the possible answers are unknown."""
    by_value: dict[object, str] = {}
    for gold in answers.gold.values():
        for each in (items(gold) or [gold]) if answers.kind == "list" else [gold]:
            by_value.setdefault(value("text" if answers.kind == "list" else answers.kind, each), each)
    if answers.kind in LABELS:
        spoken = {str(each).casefold() for each in by_value}
        more = LABELS[answers.kind] if answers.kind == "choice" else ()
        return (*by_value.values(), *(label for label in more if label.casefold() not in spoken))
    if answers.kind not in ("text", "list") or not 2 <= len(by_value) <= _MOST:
        return ()
    drawn = case.some(_RECORDS, "C09 possible", among=answers.gold)
    prompts = [prompt_of(case, at).casefold() for at in drawn]
    said = [all(each.casefold() in prompt for each in by_value.values()) for prompt in prompts]
    return tuple(by_value.values()) if sum(said) >= _NEARLY_ALL * len(said) else ()


def _all_of(answers: Answers, named: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """Yield texts that name every answer. For lists, also yield one list of all items."""
    as_json = answers.kind == "list" and next(iter(answers.gold.values()))[:1] == "["
    if as_json:
        yield "as a list", answers.format.fill(json.dumps(list(named), ensure_ascii=False))
    yield from naming(answers, named)


def naming(answers: Answers, named: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """Return completions that name several answers, with the name of each completion's form.

    Args:
        answers: The right answers of the records and their format.
        named: The answers to name.
    """
    one = answers.format
    for way, answer in merged(answers.kind, named):
        yield way, one.fill(answer)
    if not one.template:
        return
    if answers.kind not in ("json", "tools"):
        for joint in (*_JOINTS, "") if answers.kind == "choice" else _JOINTS:
            yield f"in the slot {joint!r}", one.fill(joint.join(named))
        yield "in words", f"It is {' or '.join(named)}."
        yield "in quotes", "It is " + " or ".join(f'"{answer}"' for answer in named) + "."
        yield "in the working", f"We compare {', '.join(named)} with each other, one by one."
    for joint in ("\n", " "):
        yield f"formats {joint!r}", joint.join(one.fill(answer) for answer in named)
