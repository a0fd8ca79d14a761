"""Runs a row's grader on completions for the row's records."""

from __future__ import annotations

import copy
from typing import Any

from support.planted.forms import answer_text
from support.planted.records import event_of, right_of, rollout, tasks_of, wrong_of
from support.planted.rows import Good, Planted, Shows, load

__all__ = ["graded", "poisoned", "rewards", "rollouts_for", "shown"]


def rollouts_for(row: Planted | Good, wrong: bool = False, count: int = 6) -> list[dict[str, Any]]:
    """Return rollouts of a row's records, with right or wrong answers in the declared format."""
    write = wrong_of if wrong else right_of
    texts = [write(row.kind, task, row.form) for task in tasks_of(row.kind, count)]
    pairs = zip(row.records(count), texts, strict=True)
    return [rollout(record, text, f"s{at:02d}") for at, (record, text) in enumerate(pairs)]


def shown(row: Planted, shows: Shows) -> dict[str, Any]:
    """Return the rollout that shows a row's fault."""
    record = row.records(1)[0]
    if shows.reference is not None:
        record = {**record, "reference_answer": shows.reference}
    task, other = tasks_of(row.kind, 2)
    slots = {
        "{a}": answer_text(task.answer),
        "{b}": answer_text(other.answer),
        "{w}": answer_text(task.wrong),
        "{prompt}": record["messages"][-1]["content"],
        "{name}": record.get("entry_point", ""),
    }
    completion = shows.completion
    for slot, text in slots.items():
        completion = completion.replace(slot, text)
    return rollout(record, completion)


def poisoned(row: Planted | Good) -> list[dict[str, Any]]:
    """Return an event with three samples, the second of which has no messages."""
    good, bad, other = event_of(rollouts_for(row, count=3))
    return [good, {"id": bad["id"], "metadata": bad["metadata"]}, other]


def graded(grader: str, rollouts: list[dict[str, Any]]) -> list[Any]:
    """Load a grader anew, and return its answer to one event."""
    return list(load(grader)(copy.deepcopy(event_of(rollouts)), None))


def rewards(grader: str, rollouts: list[dict[str, Any]]) -> list[Any]:
    """Load a grader anew, and return its rewards for one event."""
    return [entry["aggregate_reward_score"] for entry in graded(grader, rollouts)]
