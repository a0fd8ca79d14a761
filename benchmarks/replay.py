"""Replay of 160,000 rollouts against a minimal loop that reads, grades and writes the same line.

The input is made of the shipped rollouts, each with an id and a record of its own and as long as real ones
(about 2,800 bytes a line). Everything runs in a process of its own, so that peak memory can be told apart,
and in turn, three rounds; the lowest of each counts.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from harness.samples import ROLLOUTS

MANY, FEW, ROUNDS = 160_000, 20_000, 3
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


def write_input(path: Path, count: int) -> None:
    """Rollouts with ids of their own, padded to the length of real ones."""
    shipped = [json.loads(line) for line in ROLLOUTS.open(encoding="utf-8")]
    with path.open("w", encoding="utf-8") as file:
        for at in range(count):
            rollout = dict(shipped[at % len(shipped)])
            copy = at // len(shipped)
            rollout["id"], rollout["record"] = f"{rollout['id']}#{copy}", f"{rollout['record']}#{copy}"
            *before, last = rollout["messages"]
            text = "Let me think about what is asked here, step by step.\n" * 40 + last["content"]
            rollout["messages"] = [*before, {**last, "content": text}]
            file.write(json.dumps(rollout) + "\n")


def timed(command: list[str]) -> tuple[float, float]:
    """Seconds, and peak megabytes of the largest process; 1 is an exit code of findings."""
    code = f"import subprocess; done = subprocess.run({command!r}, stdout=subprocess.DEVNULL)"
    code += "\nassert done.returncode in (0, 1), done"
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code + MEMORY], check=True, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started, float(Path(MEMORY_FILE).read_text())


MEMORY_FILE = tempfile.gettempdir() + f"/rft-bench-memory-{os.getpid()}"
MEMORY = f"""
import resource
with open({MEMORY_FILE!r}, "w") as file:
    file.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024))
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
        many, few = folder / "many.jsonl", folder / "few.jsonl"
        write_input(many, MANY)
        write_input(few, FEW)
        calls = {
            "minimal": [sys.executable, "-c", MINIMAL, str(many), str(folder / "out.jsonl")],
            "one": replay(many, folder / "runs", 1),
            "two": replay(many, folder / "runs", 2),
        }
        times = {name: (float("inf"), 0.0) for name in calls}
        for _round in range(ROUNDS):
            for name, call in calls.items():
                times[name] = min(times[name], timed(call))
        base = times["minimal"][0]
        small = timed(replay(few, folder / "runs", 1))[1]
        Path(MEMORY_FILE).unlink()
        print(f"  minimal loop                  {base:6.2f} s, {times['minimal'][1]:.0f} MB")
        print(f"  one process                   {times['one'][0] / base:6.2f} x   (bar 1.6)")
        print(f"  two processes                 {times['two'][0] / base:6.2f} x   (bar 0.9)")
        print(f"  peak memory of a process      {times['one'][1]:6.0f} MB   (bar 60)")
        print(f"  the same with {FEW:,} rollouts {small:6.0f} MB")
