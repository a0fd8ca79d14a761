"""Measures rehearsal time, the emulator's steps per second, and memory while following 100,000 events.

A rehearsal is the whole command on the shipped samples. It is compared with a bare loop, a script that calls
the same functions in one process and prints the same figures. Both times include starting the interpreter.
The emulator's job uses the shipped records in batches of 4 records with 8 completions each, and a grader in
process, through the official client. The events are pages of an invented job, so that only the client that
follows them is measured. Each number of events gets a separate process.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from openai import OpenAI

from harness.samples import RECORDS, ROLLOUTS

ARN = "arn:aws:lambda:us-west-2:123456789012:function:word-problem:1"
FEW, MANY = 1_000, 100_000

ROUNDS = 7
GRADER = "graders.examples.word_problems:word_problem"

LOOP = f"""
from harness.clock import SystemClock
from harness.conclusions.conclude import JobRewards, conclude
from harness.rehearsal.split import split
from harness.samples import ROLLOUTS
from harness.simulator.examples import Examples
from harness.simulator.grader_calls import GraderCalls
from harness.simulator.learned import learned
from harness.simulator.policy import initial
from harness.simulator.training import Schedule, grade_all, take_step
from harness.targets.in_process import InProcessTarget

parts = split(ROLLOUTS, 0.1, 0)
target = InProcessTarget({GRADER!r})
calls = GraderCalls(target, "open-weight", 64, SystemClock(), print)
schedule, policy, draws, known = Schedule(0, 1, 4, 1.0, 8), initial(), [], {{}}
for number in range(schedule.total_steps(len(parts.training))):
    step = take_step(policy, number, schedule, parts.training, calls)
    policy = step.learned.policy
    draws += [(number + 1, row) for row in step.rows]
    known.update((row.completion, row.reward) for row in step.rows)
known.update(grade_all([*parts.training, *parts.held_out], known, calls))
examples = Examples(parts.training, parts.held_out, [])
report = learned(examples, draws, known, policy)
job = JobRewards(
    examples=examples, schedule=schedule, rewards=known, learned=report, goal=parts.goal, bounds=target.bounds
)
print(report, conclude(job, calls))
"""

FOLLOW = """
import resource, sys, tempfile
from pathlib import Path
from harness.follow.event_log import EventLog
from harness.follow.events import NewEvents

count = int(sys.argv[1])

def event(at):
    data = {"step": at, "total_steps": count}
    return {"id": f"ftevent-{at}", "object": "fine_tuning.job.event", "created_at": at, "level": "info",
        "message": f"Step {at}: training metrics", "type": "metrics", "data": data}

def page(after):
    first = count if after is None else int(after.rpartition("-")[2]) - 1
    ids = range(first, max(0, first - 100), -1)
    return {"object": "list", "data": [event(at) for at in ids], "has_more": ids[-1] > 1}

with tempfile.TemporaryDirectory() as folder, EventLog(Path(folder)) as log:
    log_seen = sum(1 for _ in log.recover())
    with NewEvents(page, log) as news:
        seen = sum(len(events) for events in news.poll())
assert seen == count, seen
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def rehearsing() -> tuple[float, float]:
    """Return the seconds that the command and the bare loop take, each in the fastest of several runs."""
    command = [sys.executable, "-m", "harness.cli.main", "rehearse", str(ROLLOUTS), "-g", GRADER]
    took: dict[str, list[float]] = {"command": [], "loop": []}
    for _ in range(ROUNDS):
        for name, words in (("command", command), ("loop", [sys.executable, "-c", LOOP])):
            with tempfile.TemporaryDirectory() as folder:
                started = time.perf_counter()
                subprocess.run(words, cwd=folder, check=True, capture_output=True)
                took[name].append(time.perf_counter() - started)
    return min(took["command"]), min(took["loop"])


@contextmanager
def emulator(folder: Path) -> Iterator[str]:
    """Run an emulator over the shipped rollouts, and yield its base URL."""
    words = ["emulate", "--rollouts", str(ROLLOUTS), "--bind", f"word-problem={GRADER}"]
    command = [sys.executable, "-m", "harness.cli.main", *words]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def steps_a_second(folder: Path) -> tuple[int, float]:
    with emulator(folder) as url, OpenAI(base_url=url, api_key="any") as client:
        with RECORDS.open("rb") as file:
            uploaded = client.files.create(file=file, purpose="fine-tune")
        grader = {"type": "lambda", "lambda": {"function": ARN}}
        numbers = {"n_epochs": 4, "batch_size": 4}
        method: dict[str, Any] = {"grader": grader, "hyperparameters": numbers}
        started = time.perf_counter()
        job = client.fine_tuning.jobs.create(
            model="openai.gpt-oss-20b",
            training_file=uploaded.id,
            extra_body={"method": {"type": "reinforcement", "reinforcement": method}},
        )
        while job.status not in ("succeeded", "failed", "cancelled"):
            time.sleep(0.01)
            job = client.fine_tuning.jobs.retrieve(job.id)
        took = time.perf_counter() - started
        assert job.status == "succeeded", job
        newest = client.fine_tuning.jobs.list_events(job.id, limit=20).data
        steps = max(event.data["total_steps"] for event in newest if event.type == "metrics")  # type: ignore[index]
    return int(steps), took


def peak(count: int) -> float:
    done = subprocess.run(
        [sys.executable, "-c", FOLLOW, str(count)], check=True, capture_output=True, text=True
    )
    return float(done.stdout)


def run() -> None:
    command, loop = rehearsing()
    print(f"  rft rehearse                  {command / loop:6.2f} x a bare loop ({loop:.2f} s); at most 1.5")
    with tempfile.TemporaryDirectory() as folder:
        steps, took = steps_a_second(Path(folder))
    print(f"  emulator                      {steps / took:6.0f} steps a second ({steps} steps)")
    few, many = peak(FEW), peak(MANY)
    print(f"  following {MANY:,} events      {many / few:6.2f} x the memory of {FEW:,} ({many:.0f} MB)")
