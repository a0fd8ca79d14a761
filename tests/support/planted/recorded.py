"""Recorded rollouts for the planted set's records: right, wrong and unfinished ones in varied wording."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from support.planted.forms import answer_text, form_of
from support.planted.records import records_of, rollout, tasks_of
from support.planted.tasks import Task

__all__ = ["rollouts_of"]

_OPENINGS = (
    "",
    "",
    "Let me think. ",
    "First, I read the question carefully. ",
    "Okay. ",
    "Here is how I see it: ",
)
_LOOSE = ("**{}**", "{}.", "{}\nI hope this helps.", "`{}`")
_CHECKS = ("", "", " That seems right.", " I checked this twice.", " No other value fits.")


def rollouts_of(
    kind: str, n_records: int = 40, per_record: int = 8, seed: int = 0, form: str = "", loose: float = 0.0
) -> list[dict[str, Any]]:
    """Return rollouts like a model's recorded answers, with the record's id in `record`.

    Records differ in difficulty, so some groups are all right, some are all wrong, and most are mixed. About
    one rollout in fifteen ends before its answer. `label` says whether a rollout is right.

    Args:
        kind: The kind of answer, as for `records_of`.
        n_records: The number of records.
        per_record: The number of rollouts for each record.
        seed: Seeds the random choices.
        form: The format that the prompts ask for.
        loose: The share of answers that are in bold, or followed by a period or a sentence.
    """
    chance = Random(f"{kind}/{seed}/{per_record}")
    found = []
    pairs = zip(records_of(kind, n_records, seed, form), tasks_of(kind, n_records, seed), strict=True)
    for at, (record, task) in enumerate(pairs):
        ease = chance.choice((0.0, 0.15, 0.35, 0.5, 0.7, 0.9, 1.0))
        for number in range(per_record):
            right, text = _written(chance, kind, form, task, ease, loose)
            made = rollout(record, text, f"{kind}-{at:05d}/{number}")
            found.append({**made, "record": f"{kind}-{at:05d}", "label": right})
    return found


def _written(chance: Random, kind: str, form: str, task: Task, ease: float, loose: float) -> tuple[bool, str]:
    """Write a completion, and return whether it is right."""
    right = chance.random() < ease
    answer = answer_text(task.answer if right else task.wrong)
    working = f"{chance.choice(_OPENINGS)}{task.working}{chance.choice(_CHECKS)}"
    if kind == "json":
        answer = json.dumps(json.loads(answer), indent=chance.choice((None, None, 1, 2, 4)))
    if kind == "judge":
        answer += chance.choice(("", "", " Kind regards, the shop team", " Thank you for your patience."))
    if loose and chance.random() < loose:
        answer = chance.choice(_LOOSE).format(answer)
    text = form_of(kind, form).write(answer, working)
    if chance.random() < 1 / 15:
        return False, text[: int(len(text) * chance.uniform(0.2, 0.6))]
    return right, text
