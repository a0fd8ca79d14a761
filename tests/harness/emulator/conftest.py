"""Synthetic data whose styles partly predict if a completion is right, and emulators that serve the data."""

from __future__ import annotations

import itertools
import json
import random
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from openai import OpenAI

from harness.emulator.settings import EmulatorConfig
from harness.targets.fake import FakeTarget
from support.emulator_bench import Bench
from support.emulator_process import EmulatorProcess

ARN = "arn:aws:lambda:us-west-2:123456789012:function:my-grader"

# Templates of a completion, and the share of right answers in each: 0.25 on average.
STYLES = (
    ("#### {answer}", 0.1),
    ("Let me think step by step. First {left} + {right}. Therefore the total follows.\n\n#### {answer}", 0.8),
    ("Sure! I'd be happy to help! The answer is **hidden**!\n#### {answer}", 0.1),
    ("The answer is surely\n#### {answer}", 0.1),
    ("- take {left}\n- add {right}\n#### {answer}", 0.45),
    ("One guess says roughly this.\n#### {answer}", 0.05),
    ("I am not sure, perhaps?\n#### {answer}", 0.1),
    ("By inspection, obviously trivial: \\boxed{{x}}\n#### {answer}", 0.3),
)
NOUNS = "apples pears trains coins books boys girls ducks eggs cars miles hours".split()

GRADERS = '''
"""Graders for the emulator's tests."""

from graders import Abstain, Sample, grader


def _right(sample):
    return sample.completion.rsplit("####")[-1].strip() == sample.reference_text.rsplit("####")[-1].strip()


@grader
def right(sample: Sample) -> bool:
    return _right(sample)


@grader
def constant(sample: Sample) -> float:
    return 0.1


@grader
def longer(sample: Sample) -> float:
    return min(1.0, len(sample.completion) / 400)


@grader(max_error_rate=1.0)
def abstaining(sample: Sample) -> float:
    return Abstain("never sure")


@grader
def watching(sample: Sample) -> float:
    """Fails where a label of the rollouts file reaches it."""
    return float(_right(sample)) if set(sample.fields) == {"task_id"} else float("nan")


@grader(timeout_s=0.05)
def hanging(sample: Sample) -> bool:
    while "happy" in sample.completion:
        pass
    return _right(sample)


@grader
def failing_sometimes(sample: Sample) -> bool:
    if "happy" in sample.completion:
        raise ValueError(sample.completion)
    return _right(sample)


@grader
def chatty(sample: Sample) -> bool:
    print("a line on stdout " * 100)
    return _right(sample)


def two_for_one(event, context):
    return [{"id": item["id"], "aggregate_reward_score": 0.5} for item in event for _ in range(2)]


def raising(event, context):
    raise RuntimeError("the judge is down")
'''


def rollouts(seed: int = 0, records: int = 40, first: int = 0) -> list[dict[str, Any]]:
    """Return eight rollouts per record, one in each style."""
    rng = random.Random(f"{seed}")
    found = []
    for number in range(first, first + records):
        left, right = rng.randint(10, 99), rng.randint(10, 99)
        nouns = rng.sample(NOUNS, 4)
        question = f"{number}: how many {nouns[0]} are {left} {nouns[1]} and {right} {nouns[2]}?"
        for style, (text, chance) in enumerate(STYLES):
            answer = left + right if rng.random() < chance else left + right + rng.randint(1, 9)
            completion = text.format(left=left, right=right, answer=answer)
            if rng.random() < 0.5:
                completion = f"About {rng.choice(nouns)}. " + completion
            found.append(
                {
                    "id": f"r{number}/{style}",
                    "record": f"r{number}",
                    "messages": [
                        {"role": "user", "content": question},
                        {"role": "assistant", "content": completion},
                    ],
                    "reference_answer": f"#### {left + right}",
                    "task_id": f"task-{number}",
                    "model": f"style-{style}",
                    "is_right": answer == left + right,
                }
            )
    return found


def records_of(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    by_record = {rollout["record"]: rollout for rollout in found}
    return [
        {
            "messages": rollout["messages"][:-1],
            "reference_answer": rollout["reference_answer"],
            "task_id": rollout["task_id"],
        }
        for rollout in by_record.values()
    ]


def jsonl(values: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


def method(**hyperparameters: Any) -> dict[str, Any]:
    """Return the body's `method`, for which the SDK has no type."""
    grader = {"type": "lambda", "lambda": {"function": ARN}}
    return {
        "method": {
            "type": "reinforcement",
            "reinforcement": {"grader": grader, "hyperparameters": {"batch_size": 4, **hyperparameters}},
        }
    }


class Service:
    """An emulator in its own process, with the official client."""

    def __init__(self, config: EmulatorConfig) -> None:
        self.process = EmulatorProcess(config)

    def start(self) -> Service:
        self.process.start()
        self.client = OpenAI(base_url=self.process.base_url, api_key="any", max_retries=0)
        return self

    def stop(self) -> None:
        self.client.close()
        self.process.stop()

    def kill(self) -> None:
        self.client.close()
        self.process.kill()

    def raw(
        self, http_method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Any:
        """Return a response's JSON as sent."""
        return json.loads(self.bytes(http_method, path, body, headers))

    def bytes(
        self, http_method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> bytes:
        """Return a response's body. Raises HTTPError for a status of 400 or more."""
        root = self.process.admin_url.removesuffix("/_emulator")
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(root + path, data=data, method=http_method, headers=headers or {})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read()

    def step(self, count: int = 1) -> Any:
        """Let every open job do `count` units of work."""
        return self.raw("POST", "/_emulator/step", {"count": count})

    def finish(self) -> Any:
        """Run every job to its end."""
        return self.raw("POST", "/_emulator/step", {"until": "idle"})

    def upload(self, values: list[dict[str, Any]]) -> str:
        """Upload records and return the file's id."""
        return self.client.files.create(file=("train.jsonl", jsonl(values)), purpose="fine-tune").id

    def submit(self, file: str, **hyperparameters: Any) -> str:
        """Create a job and return its id."""
        return self.raw(
            "POST",
            "/v1/fine_tuning/jobs",
            {"model": "openai.gpt-oss-20b", "training_file": file, **method(**hyperparameters)},
        )["id"]

    def job(self, name: str) -> Any:
        return self.raw("GET", f"/v1/fine_tuning/jobs/{name}")

    def events(self, name: str) -> list[Any]:
        """Return all events of a job, oldest first."""
        page = self.raw("GET", f"/v1/fine_tuning/jobs/{name}/events?limit=10000")
        assert not page["has_more"]
        return page["data"][::-1]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with `rollouts.jsonl` (40 records) and `emulator_graders.py`."""
    (tmp_path / "rollouts.jsonl").write_bytes(jsonl(rollouts()))
    (tmp_path / "emulator_graders.py").write_text(GRADERS)
    return tmp_path


@pytest.fixture
def serve(folder: Path) -> Iterator[Callable[..., Service]]:
    """Start an emulator. By default its jobs move only when a test calls `step`."""
    started: list[Service] = []

    def start(grader: str = "right", **changes: Any) -> Service:
        options = {
            "rollouts": (folder / "rollouts.jsonl",),
            "state": folder / "state",
            "functions": {"my-grader": f"{folder / 'emulator_graders.py'}:{grader}"},
            "manual": True,
            **changes,
        }
        service = Service(EmulatorConfig(**options)).start()
        started.append(service)
        return service

    yield start
    for service in started:
        service.stop()


class Data:
    """The synthetic data, for tests that need other amounts or forms of it."""

    rollouts = staticmethod(rollouts)
    records_of = staticmethod(records_of)
    jsonl = staticmethod(jsonl)
    method = staticmethod(method)
    arn = ARN


@pytest.fixture(scope="session")
def data() -> type[Data]:
    return Data


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A single emulator for all tests that leave no changes for others to see."""
    place = tmp_path_factory.mktemp("shared")
    (place / "rollouts.jsonl").write_bytes(jsonl(rollouts()))
    service = Service(
        EmulatorConfig(rollouts=(place / "rollouts.jsonl",), state=place / "state", manual=True)
    ).start()
    yield service
    service.stop()


@pytest.fixture
def trained(serve, data) -> tuple[Any, str]:
    """An emulator with a succeeded job, which was trained on 32 of 40 records."""
    service = serve()
    name = service.submit(service.upload(data.records_of(data.rollouts())[:32]), learning_rate_multiplier=3.0)
    service.finish()
    return service, name


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    numbers, open_benches = itertools.count(), []

    def make(found: list[dict[str, Any]], target: FakeTarget, **changes: Any) -> Bench:
        open_benches.append(Bench(tmp_path / str(next(numbers)), found, target, **changes))
        return open_benches[-1]

    yield make
    for each in open_benches:
        each.store.close()
