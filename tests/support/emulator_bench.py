"""The emulator's components with one job, a clock that a test advances, and a grader function."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.api import types as api
from harness.clock import ManualClock
from harness.emulator.lifecycle import Lifecycle
from harness.emulator.operations import CREATE_JOB
from harness.emulator.request_fields import read_fields
from harness.emulator.requests import new_job
from harness.emulator.settings import EmulatorConfig
from harness.emulator.state import Store
from harness.simulator.pool import Pool
from harness.targets.fake import FakeTarget
from harness.targets.protocol import Answer, Graded

ARN = "arn:aws:lambda:us-west-2:123456789012:function:my-grader"


def text(item: Any) -> str:
    return item["messages"][-1]["content"]


def is_right(item: Any) -> float:
    reference = item["metadata"]["reference_answer"]
    return float(text(item).rsplit("#### ")[-1] == reference.rsplit("#### ")[-1])


def answering(reward: Callable[[Any], float | None]) -> FakeTarget:
    """Return a target that gives each sample the reward from this function, or none."""

    def answer(event: Any) -> Answer:
        rewards = [reward(item) for item in event]
        failed = {"kind": "exception", "message": "no"}
        return Answer([Graded(value, {}, failed if value is None else None) for value in rewards], 1.0)

    return FakeTarget(answer)


class Bench:
    def __init__(self, folder: Path, found: list[dict[str, Any]], target: FakeTarget, **changes: Any) -> None:
        self.target = target
        self.store = Store(folder)
        self.clock = ManualClock(self.store.latest_time())
        self.config = EmulatorConfig(rollouts=(), state=folder, manual=True, **changes)
        self.pool = Pool(found)
        self.lifecycle = Lifecycle(self.config, self.store, self.pool, self.clock, lambda arn: target)

    def submit(
        self, content: bytes, seed: int = 0, validation: bytes | None = None, **hyperparameters: Any
    ) -> str:
        for name, data in (("file-1", content), ("file-2", validation)):
            if data is not None and self.store.file(name) is None:
                file = {"id": name, "object": "file", "bytes": len(data), "created_at": 0, "filename": "f"}
                self.store.add_file({**file, "purpose": "fine-tune"}, io.BytesIO(data))  # type: ignore[typeddict-item]
        grader = {"type": "lambda", "lambda": {"function": ARN}}
        reinforcement = {"grader": grader, "hyperparameters": hyperparameters}
        body = {
            "model": "m",
            "training_file": "file-1",
            "method": {"type": "reinforcement", "reinforcement": reinforcement},
            **({"validation_file": "file-2"} if validation is not None else {}),
        }
        job, plan = new_job(read_fields(CREATE_JOB, body), int(self.clock.time()), seed)
        self.store.add_job(job, plan)
        return job["id"]

    def run(self, name: str, units: int = 10_000) -> dict[str, Any]:
        for _ in range(units):
            if self.job(name)["status"] in api.FINAL_STATUSES:
                break
            self.lifecycle.advance(name)
        return self.job(name)

    def job(self, name: str) -> dict[str, Any]:
        stored = self.store.job(name)
        assert stored is not None
        return dict(stored.object)

    def events(self, name: str) -> list[dict[str, Any]]:
        page = self.store.events(name, 10_000, None)
        assert page is not None
        return page.data[::-1]

    def series(self, name: str, metric: str) -> list[float]:
        return [event["data"][metric] for event in self.events(name) if event["type"] == "metrics"]

    def messages(self, name: str, level: str) -> list[str]:
        return [event["message"] for event in self.events(name) if event["level"] == level]


def mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)


def quarters(values: list[float]) -> list[float]:
    size = len(values) // 4
    return [mean(values[at * size : (at + 1) * size]) for at in range(4)]
