"""Training records of the planted set in Bedrock's format, and completions for them."""

from __future__ import annotations

from random import Random
from typing import Any

from support.planted.code_tasks import code_task
from support.planted.forms import answer_text, form_of
from support.planted.label_tasks import choice_task, yes_no_task
from support.planted.number_tasks import number_task
from support.planted.object_tasks import json_task, tools_task
from support.planted.reply_tasks import judge_task
from support.planted.tasks import Task
from support.planted.text_tasks import list_task, text_task

__all__ = ["event_of", "records_of", "right_of", "rollout", "tasks_of", "wrong_of"]

_MAKERS = {
    "number": number_task,
    "choice": choice_task,
    "yes-no": yes_no_task,
    "text": text_task,
    "list": list_task,
    "json": json_task,
    "tools": tools_task,
    "code": code_task,
    "judge": judge_task,
    "format": text_task,
}


def tasks_of(kind: str, n: int = 300, seed: int = 0) -> list[Task]:
    """Return different tasks with one kind of answer. The same seed gives the same tasks.

    Args:
        kind: The kind of answer: number, choice, yes-no, text, list, json, tools, code, judge or format.
        n: The number of tasks.
        seed: Seeds the random choices.
    """
    chance = Random(f"{kind}/{seed}")
    found: dict[str, Task] = {}
    while len(found) < n:
        task = _MAKERS[kind](chance)
        found.setdefault(task.prompt, task)
    return list(found.values())


def records_of(kind: str, n: int = 300, seed: int = 0, form: str = "") -> list[dict[str, Any]]:
    """Return training records whose prompts declare the answer's format.

    Args:
        kind: The kind of answer, as for `tasks_of`.
        n: The number of records.
        seed: Seeds the random choices.
        form: The format that the prompts ask for; empty for the kind's default. `forms.FORMS` has all
            formats.
    """
    examples = _examples(kind, form)
    return [_record(task, kind, form, examples, at) for at, task in enumerate(tasks_of(kind, n, seed))]


def _examples(kind: str, form: str) -> list[dict[str, Any]]:
    """Return the turns with the examples. No record has the same tasks."""
    shape = form_of(kind, form)
    turns = []
    for task in tasks_of(kind, shape.shots, seed=10_000):
        turns.append({"role": "user", "content": f"{task.prompt}\n\n{shape.declared[0]}"})
        turns.append({"role": "assistant", "content": right_of(kind, task, form)})
    return turns


def _record(task: Task, kind: str, form: str, examples: list[dict[str, Any]], at: int) -> dict[str, Any]:
    shape = form_of(kind, form)
    said = shape.declared[at % len(shape.declared)]
    system = [{"role": "system", "content": shape.system}] if shape.system else []
    reference = task.answer
    if shape.worked:
        reference = f"{task.working}\n#### {task.answer}"
    elif isinstance(reference, list):
        reference = ", ".join(reference)
    return {
        "messages": [*system, *examples, {"role": "user", "content": f"{task.prompt}\n\n{said}"}],
        "reference_answer": reference,
        **task.fields,
        "task_id": f"{kind}-{at:05d}",
    }


def right_of(kind: str, task: Task, form: str = "") -> str:
    """Return the right answer to a task in the declared format, after the reasoning."""
    return form_of(kind, form).write(answer_text(task.answer), task.working)


def wrong_of(kind: str, task: Task, form: str = "") -> str:
    """Return a wrong answer to a task in the declared format, after the reasoning."""
    return form_of(kind, form).write(answer_text(task.wrong), task.working)


def rollout(record: dict[str, Any], completion: Any, id: str = "s0") -> dict[str, Any]:
    """Return a record with a completion as the assistant's last turn."""
    turn = {"role": "assistant", "content": completion}
    return {**record, "id": id, "messages": [*record["messages"], turn]}


def event_of(rollouts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the event that Bedrock documents: all fields but id and messages are in `metadata`."""
    return [
        {
            "id": each["id"],
            "messages": each["messages"],
            "metadata": {name: value for name, value in each.items() if name not in ("id", "messages")},
        }
        for each in rollouts
    ]
