"""Compares cold start and warm latency of the built artifact and a bare handler under the same client.

The real `awslambdaric` runs both, from folders that contain nothing else. Cold starts alternate, each in a
separate process, and the benchmark reports the medians. The artifact is built once with Powertools and once
without.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

from harness.deploy.artifact import Recipe, build
from harness.localaws.function import FunctionSpec
from harness.localaws.runtime import LocalRuntime

ROUNDS, CALLS, SAMPLES = 15, 300, 16
RUNTIME = os.environ.get("RFT_BENCH_RUNTIME", f"python{sys.version_info.major}.{sys.version_info.minor}")
BARE = """
def handler(event, context):
    return [{"id": one["id"], "aggregate_reward_score": 0.0, "metrics_list": []} for one in event]
"""
HANDLER = "graders.examples.word_problems.word_problem"


def spec_of(artifact: Path, handler: str) -> FunctionSpec:
    return FunctionSpec(
        name=artifact.name, artifact=artifact, handler=handler, runtime=RUNTIME, timeout_s=30, memory_mb=512
    )


def specs(folder: Path) -> dict[str, FunctionSpec]:
    bare = folder / "bare"
    bare.mkdir()
    (bare / "app.py").write_text(BARE, encoding="utf-8")
    found = {"bare": spec_of(bare, "app.handler")}
    for name, telemetry in (("grader", False), ("telemetry", True)):
        built = build(Recipe(runtime=RUNTIME, powertools_installed=telemetry), folder / name)
        note = "with" if telemetry else "without"
        print(f"  artifact {note} Powertools    {built.bytes_zipped / 1e6:6.2f} MB zipped   (bar 5)")
        found[name] = spec_of(folder / name, HANDLER)
    return found


def event() -> bytes:
    def sample(at: int) -> dict[str, Any]:
        turns = [{"role": "user", "content": "6 * 12?"}, {"role": "assistant", "content": "so\n#### 72"}]
        return {"id": f"s{at}", "messages": turns, "metadata": {"reference_answer": "#### 72"}}

    return json.dumps([sample(at) for at in range(SAMPLES)]).encode()


def cold(spec: FunctionSpec, payload: bytes) -> float:
    """Return the milliseconds from the start of a process to its first response."""
    with LocalRuntime(spec) as runtime:
        started = perf_counter()
        found = runtime.invoke(payload)
        took = (perf_counter() - started) * 1000
    assert found.fault is None, found.fault
    return took


def warm(spec: FunctionSpec, payload: bytes) -> list[float]:
    """Return the duration in milliseconds of each of many calls after the first."""
    with LocalRuntime(spec) as runtime:
        runtime.invoke(payload)
        return sorted(runtime.invoke(payload).duration_ms for _ in range(CALLS))


def run() -> None:
    payload = event()
    with tempfile.TemporaryDirectory() as name:
        found = specs(Path(name))
        starts: dict[str, list[float]] = {name: [] for name in found}
        for _round in range(ROUNDS):
            for name, spec in found.items():
                starts[name].append(cold(spec, payload))
        median = {name: statistics.median(times) for name, times in starts.items()}
        calls = {name: warm(spec, payload) for name, spec in found.items()}
    print(f"  bare handler, cold start          {median['bare']:6.1f} ms ({RUNTIME})")
    print(f"  artifact, cold start              {median['grader'] / median['bare']:6.2f} x   (bar 1.15)")
    print(f"  with telemetry                    {median['telemetry'] / median['bare']:6.2f} x   (bar 1.6)")
    for name, times in calls.items():
        p99 = times[int(len(times) * 0.99)]
        print(
            f"  {name:<10} warm, {SAMPLES} samples       {statistics.median(times):6.2f} ms, p99 {p99:.2f} ms"
        )
