from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from harness.api.cost import lambda_price
from harness.data.json_lines import parse
from harness.replay.fan_out.concurrency import FreeCalls
from harness.replay.fan_out.fan_out_forecast import FanOutForecast
from harness.replay.fan_out.shards import cut_shards
from harness.replay.grading import BATCH
from harness.replay.replay_here import replay_here
from support.readme import README, blocks
from support.rollout_files import write_many
from support.sized_object import Sized

SCALE = README.parent / "docs" / "scale.md"
GRADER = "graders.examples.word_problems:word_problem"


class RemoteFunction:
    """What `ray.remote` returns, without a cluster."""

    def __init__(self, function: Any) -> None:
        self.remote = function


def test_the_example_grades_as_a_replay_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_many(tmp_path / "rollouts.jsonl", 900)
    ray: Any = ModuleType("ray")
    ray.remote, ray.get = RemoteFunction, list
    monkeypatch.setitem(sys.modules, "ray", ray)
    [example] = blocks("python", SCALE)
    exec(compile(example, SCALE.name, "exec"), {"__name__": "example"})
    rows = [parse(line) for line in (tmp_path / "rewards.jsonl").read_bytes().splitlines()]
    expected = replay_here(tmp_path / "rollouts.jsonl", GRADER).rows
    assert [(row["at"], row["id"], row["reward"]) for row in rows] == [
        (row["at"], row["id"], row["reward"]) for row in expected
    ]


def _figures() -> list[list[str]]:
    text = SCALE.read_text(encoding="utf-8")
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in re.findall(r"^\| [\d,]+ \|.*$", text, re.MULTILINE)
    ]


@pytest.mark.parametrize("row", _figures(), ids=lambda row: row[0])
def test_its_arithmetic_is_right(row: list[str]) -> None:
    workers, at_once, rate, takes, shards, lambda_usd, states_usd = row
    rollouts, count = 10_000_000, int(workers.replace(",", ""))
    assert int(at_once.replace(",", "")) == count * (4 + 1)
    per_second = int(rate.replace(",", ""))
    assert per_second == count * 4 * BATCH
    seconds = rollouts / per_second
    minutes, rest = divmod(round(seconds), 60)
    assert takes in (f"{round(seconds)} s", f"{minutes} min {rest} s", f"{round(seconds / 60)} min")
    cut = len(cut_shards(Sized("s3://data/r.jsonl", 3_000 * rollouts), count))
    assert int(shards.replace(",", "")) == cut
    calls = rollouts // BATCH
    found = FanOutForecast(
        shards=cut,
        bytes=3_000 * rollouts,
        rollouts=rollouts,
        sampled=1,
        calls=calls,
        workers=count,
        calls_a_worker=4,
        free=FreeCalls(),
        memory_mb=512,
        architecture="arm64",
        price=lambda_price("us-west-2", "arm64"),
    )
    assert lambda_usd == f"{found.lambda_usd:.2f} USD"
    assert states_usd == f"{found.transitions_usd:.2f} USD"
