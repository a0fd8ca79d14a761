"""The emulator's steps a second, and the memory of following a job with 100,000 events.

A job on the shipped records, batches of 4 records with 8 completions each, a grader in process, asked for
through the official client. The events are pages of a made-up job, so that only following them is measured;
each number of events in a process of its own.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from openai import OpenAI

from harness.emulator.config import EmulatorConfig
from harness.emulator.emulator_process import EmulatorProcess
from harness.samples import RECORDS, ROLLOUTS

ARN = "arn:aws:lambda:us-west-2:123456789012:function:word-problem:1"
FEW, MANY = 1_000, 100_000

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


def steps_a_second(folder: Path) -> tuple[int, float]:
    function = "graders.examples.word_problems:word_problem"
    config = EmulatorConfig(
        rollouts=(ROLLOUTS,), state=folder / "emulator", functions={"word-problem": function}
    )
    with EmulatorProcess(config) as emulator, OpenAI(base_url=emulator.base_url, api_key="any") as client:
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
    with tempfile.TemporaryDirectory() as folder:
        steps, took = steps_a_second(Path(folder))
    print(f"  emulator                      {steps / took:6.0f} steps a second ({steps} steps)")
    few, many = peak(FEW), peak(MANY)
    print(f"  following {MANY:,} events      {many / few:6.2f} x the memory of {FEW:,} ({many:.0f} MB)")
