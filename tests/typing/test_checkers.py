"""Both type checkers report each planted mistake in a user's code, and no other line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from functools import partial
from typing import Any, TypedDict

import graders
from graders import Abstain, Failure, Grader, Missing, Reward, Sample, SampleError, grader
from graders.checks.choices import choice
from graders.checks.numbers import number
from graders.checks.shaping import cosine_length
from graders.checks.text import any_of, exact
from graders.combine import gated, weighted
from graders.extract import after_marker, boxed, last_number, same_number, tag
from graders.testing import invoke, make_sample

class Clips(TypedDict):
    unit: str

@grader
def correct(sample: Sample) -> bool:
    return same_number(sample.completion, sample.reference_text, marker="####")

@grader(range=(0, 1), timeout_s=2, wire="nova", on_error="raise")
def with_fields(sample: Sample[Clips]) -> Reward | Abstain:
    if not sample.completion:
        return Abstain("empty")
    return Reward(True, metrics={"n": len(sample.fields["unit"])})

@grader(batch=True)
def together(samples: list[Sample]) -> list[float]:
    return [correct(sample).value for sample in samples]

@grader(batch=True, range=(-1, 1.5))
def of_any_sequence(samples: Sequence[Sample[Clips]]) -> Sequence[float | Reward]:
    return [1.0 for _ in samples]

@grader
async def later(sample: Sample) -> float:
    return 1.0

@grader(timeout_s=None)
async def later_total(sample: Sample) -> Reward:
    parts = await asyncio.gather(later(sample), later(sample))
    both = {"a": await later(sample), "b": parts[0], "c": together(sample)}
    return weighted(both, dict.fromkeys(both, 1.0))

@grader
def total(sample: Sample) -> Reward:
    return weighted({"correct": correct(sample), "brief": 1.0, "box": True}, {"correct": 0.8, "brief": 0.2})

@grader
def careful(sample: Sample) -> Reward | Abstain:
    try:
        return gated(correct(sample), {"check": number()(sample)})
    except SampleError as error:
        return Abstain(error.message)

def with_marker(sample: Sample, marker: str) -> float:
    return 1.0

async def waits(sample: Sample[Clips]) -> float:
    return 1.0

def wrapped(sample: Sample) -> Awaitable[float]:
    return later_value(sample)

async def later_value(sample: Sample) -> float:
    return 1.0

from_check = grader(number(marker="####"))
from_two = grader(any_of(number(), exact(take=boxed), choice()))
from_graders = grader(any_of(correct, cosine_length(correct, 400), exact()))
from_take = grader(exact(take=lambda text: tag(text, "name")))
from_partial = grader(partial(with_marker, marker="####"))
from_wrapper = grader(wrapped)
from_async: Grader[Clips, Awaitable[Reward]] = grader(waits)
declared: Grader[dict[str, Any], Reward] = correct
several: list[Grader] = [correct, with_fields, later]
for each in [correct, with_fields, together, later]:
    each.grade_all([make_sample("72", "72")])

sample: Sample[Any] = make_sample("72", "72", unit="clips")
reward: Reward = correct(sample)
answer: Any = correct([{"id": 1, "messages": sample.messages}], None)
outcomes: list[Reward | Failure] = invoke(with_fields, [sample])
same: bool = outcomes[0] == Failure("record", "no answer")
version: str = graders.__version__

found = last_number("1")
doubled = found * 2 if found else 0
text = after_marker("x")
if not isinstance(text, graders.Missing):
    text.upper()
if text:
    text.upper()
shown = text or "nothing"
if not found:
    print(found.reason if isinstance(found, Missing) else found)

# mistake: returns text
@grader
def returns_text(sample: Sample) -> str:
    return "1"

# mistake: may return None
@grader
def returns_none(sample: Sample) -> float | None:
    return None

# mistake: async, returns text
@grader
async def returns_text_later(sample: Sample) -> str:
    return "1"

# mistake: two arguments
@grader
def takes_two(sample: Sample, reference: int) -> float:
    return 1.0

# mistake: a batch grader takes a list
@grader(batch=True)
def takes_one(sample: Sample) -> float:
    return 1.0

# mistake: takes a list without batch=True
@grader(timeout_s=1)
def takes_many(samples: list[Sample]) -> list[float]:
    return [1.0]

# mistake: an unknown option
@grader(timeout=3)
def unknown_option(sample: Sample) -> float:
    return 1.0

# mistake: an unknown wire
@grader(wire="opn-weight")
def unknown_wire(sample: Sample) -> float:
    return 1.0

# mistake: three bounds
@grader(range=(0, 1, 2))
def three_bounds(sample: Sample) -> float:
    return 1.0

# mistake: neither floor nor raise
@grader(on_error="ignore")
def ignores(sample: Sample) -> float:
    return 1.0

# mistake: a method
class Other:
    @grader
    def method(self, sample: Sample) -> float:
        return 1.0

# mistake: not awaited
weighted({"later": later(sample)}, {"later": 1})

# mistake: awaited, but not async
async def awaits(sample: Sample) -> None:
    await correct(sample)

# mistake: neither a sample nor an event
correct("72")

# mistake: a sample of other fields
async def other_fields(sample: Sample[dict[str, int]]) -> None:
    await from_async(sample)

# mistake: a field that its record does not have
def other_field(sample: Sample[Clips]) -> str:
    return sample.fields["units"]

# mistake: arithmetic on what may be missing
last_number("1") + 1

# mistake: text of what may be missing
after_marker("72").upper()

# mistake: an answer written into a sample
sample.completion = "73"
"""


def mistakes() -> dict[str, range]:
    """Return the lines of each planted mistake, by its comment."""
    found, lines = {}, CODE.split("\n")
    for at, line in enumerate(lines, 1):
        if line.startswith("# mistake: "):
            end = at
            while lines[end - 1].strip():
                end += 1
            found[line] = range(at, end)
    return found


def by_mypy(file: Path) -> set[int]:
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--output=json", str(file)]
    done = subprocess.run([*command, f"--cache-dir={file.parent}"], capture_output=True, text=True)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return {one["line"] for one in found if one["severity"] == "error" and one["file"].endswith(file.name)}


def by_pyright(file: Path) -> set[int]:
    command = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "--outputjson", str(file)]
    done = subprocess.run(command, capture_output=True, text=True)
    found = json.loads(done.stdout)["generalDiagnostics"]
    return {one["range"]["start"]["line"] + 1 for one in found if one["severity"] == "error"}


@pytest.mark.parametrize("check", [by_mypy, by_pyright])
def test_each_planted_mistake_is_an_error_and_no_other_line_is(check, tmp_path):
    file = tmp_path / "user_code.py"
    file.write_text(CODE, encoding="utf-8")
    wrong = check(file)
    planted = mistakes()
    assert {name for name, lines in planted.items() if not wrong & set(lines)} == set()
    assert wrong <= {line for lines in planted.values() for line in lines}


def test_what_is_no_mistake_runs():
    exec(compile(CODE.partition("# mistake: ")[0], "user_code.py", "exec"), {"__name__": "user_code"})
