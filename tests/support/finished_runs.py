"""Writes finished runs with any rollouts and rewards, without a replay."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.data.typed_json import as_json
from harness.disk import write_json
from harness.runs.rows import Row, Totals, dump
from harness.runs.store import Run, open_run
from support.run_records import facts_of, file_input


def finished_run(folder: Path, rollouts: Sequence[Any], rows: Sequence[Row], **facts: Any) -> Run:
    """Write a finished run. The `at` of each row is set to its rollout's position.

    Args:
        folder: The parent of the run's folder.
        rollouts: The rollouts in the file, or the file's lines as bytes.
        rows: The gradings in the order of the rollouts, with the number of repeats from `facts`.
        facts: Fields of `RunFacts`.
    """
    repeats = facts.get("repeats", 1)
    path, at, places, totals = folder / "rollouts.jsonl", 0, [], Totals()
    with path.open("wb") as file:
        for one in rollouts:
            line = one if isinstance(one, bytes) else json.dumps(one).encode()
            places.append(at)
            at += file.write(line + b"\n")
    run = folder / "runs" / "first"
    run.mkdir(parents=True)
    with (run / "rewards.jsonl").open("wb") as file:
        for place, row in zip((at for at in places for _ in range(repeats)), rows, strict=True):
            file.write(dump({**row, "at": place}))
            totals.add(row, 0.5)
    known = facts_of(id="first", state="done", input=file_input(path), totals=totals, **facts)
    write_json(run / "run.json", as_json(known))
    return open_run(run)
