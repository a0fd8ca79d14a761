from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.api.cost import lambda_price
from harness.data.sources import source_of
from harness.replay.fan_out.concurrency import FreeCalls
from harness.replay.fan_out.fan_out_forecast import FanOutForecast, forecast_fan_out
from harness.replay.fan_out.part import PartOrder, PartPlace
from harness.replay.prepare import ReplayRequest, prepare
from harness.replay.supervisor import replay
from harness.runs.facts import DeployedFacts
from harness.runs.rows import read_rows
from support.rollout_files import rollout, write_many

GRADER = "graders.examples.word_problems:word_problem"
ARN = "arn:aws:lambda:us-west-2:123456789012:function:grader:7"


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make AWS unreachable, so that facts from it are unknown."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")


def forecast_of(path: Path, *ranges: tuple[int, int], repeats: int = 1) -> FanOutForecast:
    [facts] = source_of(path).facts
    order = PartOrder(
        run="r",
        shard=0,
        start=0,
        end=1,
        source=facts,
        out=PartPlace("b", "p"),
        grader=ARN,
        wire="all",
        repeats=repeats,
    )
    missing = [replace(order, shard=at, start=start, end=end) for at, (start, end) in enumerate(ranges)]
    return forecast_fan_out(missing, source_of(path), 50, FreeCalls(), path.parent / "runs")


def test_only_missing_shards_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    line = json.dumps(rollout("r", "x" * 100)) + "\n"
    path.write_text(line * 1_000)
    half = 500 * len(line)
    found = forecast_of(path, (0, half), (half, 2 * half), repeats=3)
    wires = found.calls // (16 * 3)
    assert (found.shards, found.bytes, found.rollouts, found.sampled) == (2, 2 * half, 1_000, 256)
    assert wires >= 2
    assert found.calls == 16 * 3 * wires
    assert forecast_of(path, (half, 2 * half)).rollouts == 500
    text = "\n".join(found.lines())
    assert "Lambda: unknown" in text
    assert "unverified" in text


def test_an_earlier_run_with_this_version_measured_the_grader(tmp_path: Path) -> None:
    path = write_many(tmp_path / "r.jsonl", 100)
    assert forecast_of(path, (0, 100)).measured is None
    for name, arn, ms in (("a", ARN, 5.0), ("b", f"{ARN}7", 80.0)):
        run = prepare(ReplayRequest(rollouts=path, grader=GRADER, runs=tmp_path / "runs", name=name))
        replay(run, cores=1)
        run.save(target=DeployedFacts(arn))
        rows = [{**row, "ms": ms} for row in read_rows(run.rewards)]
        run.rewards.write_bytes(b"".join(json.dumps(row).encode() + b"\n" for row in rows))
    (tmp_path / "runs" / "z").mkdir()
    (tmp_path / "runs" / "z" / "run.json").write_text("{")
    found = forecast_of(path, (0, 100))
    assert found.seconds_a_call == pytest.approx(0.32)
    assert found.measured == str(tmp_path / "runs" / "a")
    assert f"0.32 s: measured in {found.measured}" in "\n".join(replace(found, memory_mb=512).lines())


def test_money_follows_from_calls_memory_and_price() -> None:
    found = FanOutForecast(
        shards=469,
        bytes=30_000_000_000,
        rollouts=10_000_000,
        sampled=256,
        calls=156_250,
        workers=50,
        calls_a_worker=4,
        free=FreeCalls(1_000),
        memory_mb=512,
        architecture="arm64",
        price=lambda_price("us-west-2", "arm64"),
    )
    assert found.grader_gb_seconds == pytest.approx(78_125)
    assert found.worker_gb_seconds == pytest.approx(39_062.5)
    assert found.lambda_usd == pytest.approx(117_187.5 * 0.0000133334 + 156_719 * 0.2e-6)
    assert found.transitions_usd == pytest.approx(0.035, abs=0.001)
    text = "\n".join(found.lines())
    assert "about 1.59 USD for 78,125 GB-seconds of the grader (512 MB, arm64) and 39,062 of workers" in text
    assert "takes 1 s: assumed, because no run" in text
    assert "list price read" in text
    assert "at least 1,407 transitions, 0.035 USD" in text
    assert "50 workers with 4 calls each; the account leaves 1,000 concurrent calls" in text
    assert "no price known" in "\n".join(replace(found, price=None).lines())
