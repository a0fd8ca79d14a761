"""Shows the known faults of a public reward function by calling it, before any audit.

`python -m benchmarks.public.reproduce NAME FOLDER` reads the function's file and the records from FOLDER, and
prints the mean reward of the right answers and of each fault's text as one JSON object.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
from collections.abc import Callable
from typing import Any

from benchmarks.public.cases import CASES, Public

Handler = Callable[[list[dict[str, Any]], None], list[dict[str, Any]]]


def handler_of(case: Public, folder: str) -> Handler:
    sys.path.insert(0, folder)
    module, _, name = case.grader.replace(".py:", ".").partition(".")
    handler: Handler = getattr(importlib.import_module(module), name)
    return handler


def gold_of(record: dict[str, Any]) -> str:
    """Return the record's answer as text. In a worked reference, this is the part after the last mark."""
    reference = record["reference_answer"]
    text = next(iter(reference.values())) if isinstance(reference, dict) else reference
    return str(text).rpartition("#### ")[2]


def mean_reward(handler: Handler, records: list[dict[str, Any]], text: str, reference: str | None) -> float:
    """Return a text's mean reward over the records, with each record's own answer filled in."""
    event = []
    for number, record in enumerate(records):
        reply = {"role": "assistant", "content": text.format(gold=gold_of(record))}
        item = {**record, "id": str(number), "messages": [*record["messages"], reply]}
        event.append(item if reference is None else {**item, "reference_answer": reference})
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        answers = handler(event, None)
    return float(sum(answer["aggregate_reward_score"] for answer in answers) / len(answers))


def main(name: str, folder: str) -> None:
    case = next(case for case in CASES if case.name == name)
    with open(os.path.join(folder, "records.jsonl")) as file:
        records = [json.loads(line) for line in file]
    if case.right is None:  # the module creates its client on import
        print(json.dumps({"right": None, "paid": [None] * len(case.faults)}))
        return
    handler = handler_of(case, folder)
    paid = [
        mean_reward(handler, records, fault.text, fault.reference) if fault.text is not None else None
        for fault in case.faults
    ]
    print(json.dumps({"right": mean_reward(handler, records, case.right, None), "paid": paid}))


if __name__ == "__main__":
    main(*sys.argv[1:])
