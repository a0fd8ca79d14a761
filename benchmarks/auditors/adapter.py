"""Wraps a Lambda handler for other auditors, with as little code as their documentation allows.

Other auditors do not call a handler with an event. Each auditor therefore gets a copy of the grader's file,
with functions at the end that build an event with one sample. If the auditor passes columns, the task's
number selects the record. Otherwise the first record is used with the auditor's reference.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

_EVENT = """

# What follows calls the handler above for auditors that know no events.
import json as _json
import pathlib as _pathlib

_LINES = _pathlib.Path(__file__).with_name("records.jsonl").read_text().splitlines()


def _record(task_id):
    return _json.loads(_LINES[int(task_id)])


def _paid(completion, record):
    turn = {{"role": "assistant", "content": completion}}
    rest = {{name: value for name, value in record.items() if name != "messages"}}
    item = {{"id": "s0", "messages": [*record["messages"], turn], "metadata": rest}}
    return float({name}([item], None)[0]["aggregate_reward_score"])


def paid_for_reference(completion, reference):
    return _paid(completion, {{**_record(0), "reference_answer": reference}})


def paid_for_answer(completion, answer, task_id):
    return _paid(completion, _record(task_id))


def paid_for_batch(completions, task_id, **columns):
    texts = [one if isinstance(one, str) or one is None else one[-1]["content"] for one in completions]
    return [_paid(text, _record(one)) for text, one in zip(texts, task_id)]


def score(task, response):
    known = isinstance(task, dict) and str(task.get("task_id")).isdigit()
    return _paid(response, _record(task["task_id"])) if known else 0.0
"""

_VERIFIERS = """

def _paid_for_chat(completion, task_id, **columns):
    text = completion if isinstance(completion, str) else completion[-1]["content"]
    return _paid(text, _record(task_id))


def load_environment(**options):
    import verifiers
    from datasets import Dataset

    lines = _pathlib.Path(__file__).with_name("tasks.jsonl").read_text().splitlines()
    rows = [_json.loads(line) for line in lines]
    asked = [{**row, "prompt": [{"role": "user", "content": row["prompt"]}]} for row in rows]
    rubric = verifiers.Rubric(funcs=[_paid_for_chat], weights=[1.0])
    return verifiers.SingleTurnEnv(dataset=Dataset.from_list(asked), rubric=rubric)
"""


def task_row(number: int, record: dict[str, Any], answer: str) -> dict[str, str]:
    """Convert a record to a data set row with its prompt and answer as text, and its number."""
    prompt = "\n\n".join(turn["content"] for turn in record["messages"])
    return {"task_id": str(number), "prompt": prompt, "question": prompt, "answer": answer}


def write_lines(path: Path, rows: Iterable[Any]) -> None:
    """Write objects to a JSONL file."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def lay_out(folder: Path, source: str, name: str, records: list[dict[str, Any]], answers: list[str]) -> None:
    """Write the wrapped grader and its tasks to a folder.

    Args:
        folder: The folder for `wrapped.py`, `records.jsonl` and `tasks.jsonl`.
        source: The contents of the grader's file.
        name: The handler's name in that file.
        records: Training records.
        answers: The right answers of the first records, as text. Each of these records is a task.
    """
    folder.joinpath("wrapped.py").write_text(source + _EVENT.format(name=name) + _VERIFIERS)
    write_lines(folder / "records.jsonl", records)
    rows = [task_row(at, *pair) for at, pair in enumerate(zip(records, answers, strict=False))]
    write_lines(folder / "tasks.jsonl", rows)
