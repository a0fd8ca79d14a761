"""Compares `rft signal` and `rft compare` on 1,000,000 rewards per run with just reading the rewards.

The runs look like those of a replay: 125,000 records with eight rollouts, each with two metrics and a length.
Everything runs in separate processes and in three alternating rounds, of which the lowest figure counts.
"""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

from benchmarks.replay import Taken, timed
from harness.data.sources import source_of
from harness.runs.facts import GraderFacts, InProcessFacts, InputFacts, RunFacts
from harness.runs.rows import Row, Totals, dump
from harness.runs.store import Run, create, sha256

RECORDS, ROLLOUTS, ROUNDS = 125_000, 8, 3

READING = """
import sys
from pathlib import Path
from harness.runs.rows import read_rows
for row in read_rows(Path(sys.argv[1])):
    pass
"""


def write_run(folder: Path, name: str, seed: int) -> Run:
    """Write a finished run in which each record's difficulty is drawn from a beta distribution."""
    source = folder / "rollouts.jsonl"
    if not source.exists():
        source.touch()
    run = create(
        folder / "runs",
        name,
        RunFacts(
            grader=GraderFacts("my_grader:right", "0", {"range": [0.0, 1.0]}),
            input=InputFacts(source_of(source).facts, sha256(source), derived=False),
            target=InProcessFacts("my_grader:right"),
            wire="open-weight",
        ),
    )
    draw, records, totals, at = random.Random(seed), random.Random(0), Totals(), 0
    with run.rewards.open("wb") as file:
        for record in range(RECORDS):
            chance = records.betavariate(0.5, 0.5)
            for rollout in range(ROLLOUTS):
                right = float(draw.random() < chance)
                row: Row = {
                    "at": at,
                    "repeat": 0,
                    "id": f"gsm8k-train-{record:06}/{rollout}",
                    "group": f"gsm8k-train-{record:06}",
                    "reward": right,
                    "metrics": {"right": right, "brief": draw.random()},
                    "error": None,
                    "ms": 0.05,
                    "length": draw.randrange(100, 2000),
                }
                at += 1000
                totals.add(row)
                file.write(dump(row))
    run.close(totals)
    return run


def rft(*words: str) -> list[str]:
    return [sys.executable, "-m", "harness.cli.main", *words, "--json"]


def run() -> None:
    with tempfile.TemporaryDirectory() as name:
        one, other = (write_run(Path(name), f"run-{seed}", seed) for seed in (1, 2))
        calls = {
            "reading": [sys.executable, "-c", READING, str(one.rewards)],
            "signal": rft("signal", str(one.folder)),
            "compare": rft("compare", str(one.folder), str(other.folder)),
        }
        taken = dict.fromkeys(calls, Taken())
        for _round in range(ROUNDS):
            for name, call in calls.items():
                taken[name] = taken[name].best(timed(call))
        base, memory = taken["reading"].seconds, {name: each.megabytes for name, each in taken.items()}
        print(f"  reading 1,000,000 rewards     {base:6.2f} s, {memory['reading']:.0f} MB")
        signal, compare = (taken[verb].seconds / base for verb in ("signal", "compare"))
        print(f"  rft signal                    {signal:6.2f} x   (bar 3)")
        print(f"  rft compare                   {compare / 2:6.2f} x   (bar 3; it reads both)")
        print(f"  their peak memory             {memory['signal']:6.0f} and {memory['compare']:.0f} MB")
