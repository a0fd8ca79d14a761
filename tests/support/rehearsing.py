"""Emulators with the shipped samples, graders for rehearsals, and clients of the emulators.

Processes and clients are real. Nothing is mocked.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from harness.api.auth import find_credential
from harness.api.client import FineTuning
from harness.api.endpoint import find_endpoint
from harness.cli.rehearse import Screen
from harness.emulator.settings import EmulatorConfig
from harness.rehearsal.rehearsal_file import Rehearsal
from harness.rehearsal.run import RehearsalRequest, rehearse
from harness.samples import ROLLOUTS
from support.emulator_process import EmulatorProcess

MODEL = "openai.gpt-oss-20b"
RIGHT = "graders.examples.word_problems:word_problem"
ARN = "arn:aws:lambda:us-west-2:000000000000:function:right:1"

GRADERS = '''
"""Graders that behave and misbehave."""

import os
import signal
import sys
from pathlib import Path

from graders import Abstain, Reward, Sample, grader
from graders.combine import weighted
from graders.extract import same_number

print("imported")


@grader
def constant(sample: Sample) -> float:
    return 0.1


@grader
def longer(sample: Sample) -> float:
    return min(1.0, len(sample.completion) / 400)


@grader
def shorter(sample: Sample) -> float:
    return max(0.0, 1 - len(sample.completion) / 100)


@grader
def other_format(sample: Sample) -> bool:
    return sample.completion.startswith("no reference begins so")


@grader
def raising(sample: Sample) -> bool:
    raise ValueError("the judge is down")


@grader(max_error_rate=1.0)
def abstaining(sample: Sample) -> float:
    return Abstain("never sure")


@grader
def any_number(sample: Sample) -> bool:
    return same_number(sample.completion, sample.reference_text, marker="A:")


@grader
def guessing(sample: Sample) -> bool:
    """Pays a text that holds the right number anywhere."""
    return sample.reference_text.rsplit("####")[-1].strip() in sample.completion


@grader
def nothing(sample: Sample) -> float:
    """Pays for saying nothing, and a little for right answers."""
    right = same_number(sample.completion, sample.reference_text, marker="####")
    return 1.0 if not sample.completion else 0.3 * right


@grader
def brief(sample: Sample) -> Reward:
    """Pays for right answers and, whatever is right, for short ones; reports both."""
    right = same_number(sample.completion, sample.reference_text, marker="####")
    parts = {"right": right, "brief": max(0.0, 1 - len(sample.completion) / 400)}
    return weighted(parts, {"right": 0.5, "brief": 0.5})


@grader
def counting(sample: Sample) -> bool:
    """Prints once for each call, on both streams."""
    print("graded")
    print("graded", file=sys.stderr)
    return same_number(sample.completion, sample.reference_text, marker="####")


@grader
def killing(sample: Sample) -> bool:
    """Ends the command at its 1,000th call, unless a file says that it did."""
    done = Path(__file__).with_name("killed")
    with Path(__file__).with_name("calls").open("a") as file:
        file.write("x")
        if file.tell() == 1000 and not done.exists():
            done.touch()
            os.kill(os.getppid(), signal.SIGKILL)
    return same_number(sample.completion, sample.reference_text, marker="####")


@grader
def ending(sample: Sample) -> bool:
    """Ends its own process at every completion of one length."""
    if len(sample.completion) == 13:
        os._exit(3)
    return same_number(sample.completion, sample.reference_text, marker="####")


def by_hand(event, context):
    """A plain handler, whose range nobody knows."""
    return [
        {"id": item["id"], "aggregate_reward_score": 10.0 * ("####" in item["messages"][-1]["content"])}
        for item in event
    ]


@grader
def watching(sample: Sample) -> float:
    """Fails where anything but the record's own field reaches it."""
    right = same_number(sample.completion, sample.reference_text, marker="####")
    return float(right) if set(sample.fields) <= {"task_id"} else float("nan")
'''


def write_graders(folder: Path) -> Path:
    path = folder / "rehearsed_graders.py"
    path.write_text(GRADERS, encoding="utf-8")
    return path


def head(path: Path, source: Path, count: int) -> Path:
    lines = source.read_bytes().splitlines(keepends=True)[:count]
    path.write_bytes(b"".join(lines))
    return path


def unlabeled(path: Path, source: Path = ROLLOUTS) -> Path:
    """Write the rollouts to a file, without the label of right ones."""
    lines = [json.loads(line) for line in source.read_text(encoding="utf-8").splitlines()]
    texts = [json.dumps({name: one[name] for name in one if name != "is_right"}) + "\n" for one in lines]
    path.write_text("".join(texts), encoding="utf-8")
    return path


def emulator(folder: Path, faults: Mapping[str, float] | None = None, **more: Any) -> EmulatorProcess:
    """Return an emulator that serves the shipped rollouts."""
    options: dict[str, Any] = {
        "rollouts": (ROLLOUTS,),
        "state": folder / "state",
        "functions": {"right": RIGHT},
        "faults": faults or {},
        **more,
    }
    return EmulatorProcess(EmulatorConfig(**options))


def connection(base_url: str) -> FineTuning:
    """Return a client that never retries."""
    where = find_endpoint(base_url, None, {})
    return FineTuning(where, find_credential(where, {}), max_retries=0)


def rehearsed(
    folder: Path, grader: str, rollouts: Path = ROLLOUTS, name: str = "rehearsal", **more: Any
) -> Rehearsal:
    request = RehearsalRequest(rollouts=rollouts, grader=grader, out=folder / name, **more)
    return rehearse(request, Screen())


def kinds(found: Rehearsal) -> list[str]:
    return [verdict.kind for verdict in found.verdicts]


def unique(values: Iterable[Any]) -> bool:
    some = list(values)
    return len(some) == len(set(some))
