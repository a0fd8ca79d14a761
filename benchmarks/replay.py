"""Compares a replay of many rollouts with a minimal loop that reads, grades and writes the same lines.

The input is made from the shipped rollouts, each with a unique ID and record: 160,000 that are as long as
those of reasoning models (about 2,800 bytes per line), and 1,000,000 shorter ones (about 1,100), with which
the work per line matters more. Everything runs in separate processes, so that peak memory can be attributed,
and in three alternating rounds, of which the lowest figure counts. The processor time of all processes is
also compared, because other work on the machine affects it less.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from harness.samples import ROLLOUTS

ROUNDS = 3
KINDS = ((160_000, 40), (1_000_000, 8))
"""Number of lines, and number of lines of text before each completion."""
FEW = 20_000
GRADER = "graders.examples.word_problems:word_problem"

MINIMAL = """
import sys, orjson
from graders.extract import same_number
out = open(sys.argv[2], "wb")
at = 0
for line in open(sys.argv[1], "rb"):
    value = orjson.loads(line)
    right = same_number(value["messages"][-1]["content"], value["reference_answer"], marker="####")
    out.write(orjson.dumps({"at": at, "repeat": 0, "id": value["id"], "group": value["record"],
        "reward": float(right), "metrics": {}, "error": None, "ms": 0.0}) + b"\\n")
    at += len(line)
"""


class Taken(NamedTuple):
    """Resources that a command used, summed over its processes except for memory."""

    seconds: float = float("inf")
    processor: float = float("inf")
    megabytes: float = float("inf")
    """Memory use of the largest process."""

    def best(self, other: Taken) -> Taken:
        return Taken(*map(min, self, other))


def write_input(path: Path, count: int, padding: int) -> None:
    """Write rollouts with unique IDs, padded to the length of real ones."""
    shipped = [json.loads(line) for line in ROLLOUTS.open(encoding="utf-8")]
    with path.open("w", encoding="utf-8") as file:
        for at in range(count):
            rollout = dict(shipped[at % len(shipped)])
            copy = at // len(shipped)
            rollout["id"], rollout["record"] = f"{rollout['id']}#{copy}", f"{rollout['record']}#{copy}"
            *before, last = rollout["messages"]
            text = "Let me think about what is asked here, step by step.\n" * padding + last["content"]
            rollout["messages"] = [*before, {**last, "content": text}]
            file.write(json.dumps(rollout) + "\n")


def timed(command: list[str]) -> Taken:
    """Measure a command, whose exit code may be 1 for findings."""
    code = f"import subprocess; done = subprocess.run({command!r}, stdout=subprocess.DEVNULL)"
    code += "\nassert done.returncode in (0, 1), done"
    # With bytecode, like installed packages; a first round writes the missing bytecode.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    words = [sys.executable, "-c", code + TOLD]
    started = time.perf_counter()
    told = subprocess.run(words, check=True, capture_output=True, text=True, env=environment)
    seconds = time.perf_counter() - started
    processor, megabytes = map(float, told.stdout.split())
    return Taken(seconds, processor, megabytes)


TOLD = """
import resource
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
"""


def replay(source: Path, runs: Path, cores: int) -> list[str]:
    words = [
        "replay",
        str(source),
        "--grader",
        GRADER,
        "--runs-dir",
        str(runs),
        "--fresh",
        "--cores",
        str(cores),
    ]
    return [sys.executable, "-m", "harness.cli.main", *words, "--json"]


def run() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for count, padding in KINDS:
            source, few = folder / "many.jsonl", folder / "few.jsonl"
            write_input(source, count, padding)
            write_input(few, FEW, padding)
            print(f"  {count:,} lines of {source.stat().st_size / count / 1e3:.1f} kB")
            calls = {
                "minimal": [sys.executable, "-c", MINIMAL, str(source), str(folder / "out.jsonl")],
                "one": replay(source, folder / "runs", 1),
                "two": replay(source, folder / "runs", 2),
            }
            taken = dict.fromkeys(calls, Taken())
            for _round in range(ROUNDS):
                for called, call in calls.items():
                    taken[called] = taken[called].best(timed(call))
                    shutil.rmtree(folder / "runs", ignore_errors=True)
            base = taken["minimal"]
            print(f"    minimal loop                {base.seconds:6.2f} s, {base.megabytes:.0f} MB")
            for called, words, bar in (("one", "one process", 1.5), ("two", "two processes", 0.85)):
                ratio = taken[called].seconds / base.seconds
                processor = taken[called].processor / base.processor
                print(f"    {words:<28}{ratio:6.2f} x   (bar {bar}; processor time {processor:.2f} x)")
            print(f"    peak memory of a process    {taken['one'].megabytes:6.0f} MB   (bar 40)")
            small = timed(replay(few, folder / "runs", 1)).megabytes
            print(f"    the same with {FEW:,} lines  {small:6.0f} MB")
