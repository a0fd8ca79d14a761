"""Forecasts the calls, GB-seconds, transitions and cost of a fan-out, with their assumptions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from harness.api.cost import LambdaPrice, lambda_price
from harness.api.function_arn import read_arn
from harness.data.json_lines import lines
from harness.data.sources import Source
from harness.errors import HarnessError
from harness.replay.fan_out.concurrency import FreeCalls
from harness.replay.fan_out.part import PartOrder
from harness.replay.grading import BATCH, profiles_of
from harness.runs.facts import DeployedFacts
from harness.runs.rows import read_rows
from harness.runs.store import open_run
from harness.targets.deployed_code import look_up

__all__ = ["FanOutForecast", "forecast_fan_out"]

SECONDS_A_CALL: Final = 1.0
"""Seconds per call, assumed if no replay measured them."""

WORKER_MB: Final = 1024
"""Memory of the worker function in the template, in MB."""

_STATES_A_SHARD: Final = 3
_USD_A_TRANSITION: Final = 0.025 / 1000
_TRANSITIONS: Final = "AWS's page aws.amazon.com/step-functions/pricing in an older copy, read 2026-11-26"
_SAMPLED: Final = 256
_TIMED: Final = 5_000


@dataclass(frozen=True, slots=True)
class FanOutForecast:
    """Forecast for grading the missing shards. Unknown values are None."""

    shards: int
    bytes: int
    """Number of bytes of rollouts."""
    rollouts: int
    """Number of rollouts, estimated from the first ones."""
    sampled: int
    """Number of rollouts used for the estimate."""
    calls: int
    """Number of calls of the grader."""
    workers: int
    calls_a_worker: int
    free: FreeCalls
    memory_mb: int | None
    """Memory of the grader function."""
    architecture: str | None
    price: LambdaPrice | None
    seconds_a_call: float = SECONDS_A_CALL
    measured: str | None = None
    """Run in which `seconds_a_call` was measured, or None if it is assumed."""

    @property
    def grader_gb_seconds(self) -> float | None:
        """GB-seconds of the grader."""
        if self.memory_mb is None:
            return None
        return self.calls * self.seconds_a_call * self.memory_mb / 1024

    @property
    def worker_gb_seconds(self) -> float:
        """GB-seconds of the workers, which wait for the grader."""
        return self.calls * self.seconds_a_call / self.calls_a_worker * WORKER_MB / 1024

    @property
    def lambda_usd(self) -> float | None:
        """Lambda's charge for the grader and the workers, in USD."""
        spent = self.grader_gb_seconds
        if spent is None or self.price is None:
            return None
        requests = (self.calls + self.shards) * self.price.usd_per_request
        return (spent + self.worker_gb_seconds) * self.price.usd_per_gb_second + requests

    @property
    def transitions(self) -> int:
        """Minimum number of state transitions."""
        return self.shards * _STATES_A_SHARD

    @property
    def transitions_usd(self) -> float:
        """Step Functions' charge for the transitions, in USD."""
        return self.transitions * _USD_A_TRANSITION

    def _why_so_long(self) -> str:
        """Say where the seconds per call come from."""
        if self.measured is None:
            return "assumed, because no run with this version measured it (`rft replay ... --limit 200` does)"
        return f"measured in {self.measured}, including the network"

    def lines(self) -> Iterator[str]:
        """Yield the forecast as lines of text."""
        yield (
            f"forecast: {self.shards:,} shards with {self.bytes:,} bytes, about {self.rollouts:,} rollouts"
            f" (estimated from the first {self.sampled:,}), about {self.calls:,} calls of the grader"
        )
        settings = f"{self.memory_mb:,} MB, {self.architecture}" if self.memory_mb else "of unknown size"
        if self.grader_gb_seconds is None:
            yield "  Lambda: unknown; AWS did not say how much memory the grader has"
        else:
            usd = "no price known" if self.lambda_usd is None else f"about {_usd(self.lambda_usd)}"
            yield (
                f"  Lambda: {usd} for {self.grader_gb_seconds:,.0f} GB-seconds of the grader ({settings}) and"
                f" {self.worker_gb_seconds:,.0f} of workers ({WORKER_MB:,} MB), if each call of {BATCH}"
                f" rollouts takes {self.seconds_a_call:.3g} s: {self._why_so_long()}"
            )
        if self.price is not None:
            yield f"  (list price read {self.price.read}: {self.price.source})"
        yield (
            f"  Step Functions: at least {self.transitions:,} transitions, {_usd(self.transitions_usd)}"
            f" ({_TRANSITIONS}; what AWS counts for the start of a child is unverified)"
        )
        yield "  not counted: S3, logs, transfer, retries, and services the grader calls, such as a judge"
        yield f"  concurrency: {self.free.line(self.workers, self.calls_a_worker)}"


def forecast_fan_out(
    missing: Sequence[PartOrder], source: Source, workers: int, free: FreeCalls, runs: Path
) -> FanOutForecast:
    """Forecast the work of grading the missing shards.

    Args:
        missing: The orders to place; at least one.
        source: The rollouts; only the first few are read.
        workers: Number of workers grading in parallel.
        free: The limits on concurrent calls.
        runs: The folder of runs. If a run graded with this version, its durations are used.
    """
    order = missing[0]
    left = sum(one.end - one.start for one in missing)
    sizes = [len(line) + 1 for _, line in islice(lines(source), _SAMPLED) if line.strip()]
    share = len(sizes) / sum(sizes) if sizes else 0.0
    rollouts = round(left * share)
    batches = sum(math.ceil((one.end - one.start) * share / BATCH) for one in missing)
    calls = batches * order.repeats * len(profiles_of(order.wire))
    memory, architecture = _settings(order.grader)
    seconds, measured = _measured(runs, order.grader)
    return FanOutForecast(
        shards=len(missing),
        bytes=left,
        rollouts=rollouts,
        sampled=len(sizes),
        calls=calls,
        workers=workers,
        calls_a_worker=order.calls,
        free=free,
        memory_mb=memory,
        architecture=architecture,
        price=None if architecture is None else lambda_price(read_arn(order.grader).region, architecture),
        seconds_a_call=seconds,
        measured=measured,
    )


def _measured(runs: Path, grader: str) -> tuple[float, str | None]:
    """Return the seconds of a full call, and the run of this version that measured them, or None."""
    for path in sorted(runs.glob("[!.]*/run.json"), reverse=True):
        try:
            run = open_run(path.parent)
            if not (
                run.done and isinstance(run.facts.target, DeployedFacts) and run.facts.target.arn == grader
            ):
                continue
            times = [row["ms"] for row in islice(read_rows(run.rewards), _TIMED) if row["ms"]]
        except HarnessError:  # the run is damaged, or was written by another version
            continue
        if times:
            return sum(times) / len(times) * BATCH / 1000, str(run.folder)
    return SECONDS_A_CALL, None


def _settings(grader: str) -> tuple[int | None, str | None]:
    """Return the grader's memory and architecture, or None if the credentials may not read them."""
    try:
        found = look_up(grader)
    except HarnessError:
        return None, None
    return found.memory_mb, found.architecture


def _usd(amount: float) -> str:
    """Format an amount in USD. Small amounts keep two significant digits."""
    return f"{amount:,.2f} USD" if amount >= 0.1 else f"{amount:.2g} USD"
