"""Forecasts a job's steps, grader calls and Lambda cost, and lists the assumptions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.api.cost import COMPLETIONS_A_CALL, GROUP_SIZE, GraderUse, JobCost, Workload, cost_of, workload
from harness.api.function_arn import read_arn
from harness.data.typed_json import as_json
from harness.errors import InputError
from harness.jobs.plan import Plan
from harness.jobs.same_code import UnknownFunction
from harness.targets.deployed_code import FunctionFacts

__all__ = ["Forecast", "forecast", "forecast_replayed", "grader_use"]

_MEMORY_MB, _ARCHITECTURE = 512, "x86_64"
"""The function settings in a project's template, which are assumed if AWS was not asked."""
_MEASURED = {
    "in-process": " in this machine's Python",
    "lambda-runtime": " in the local runtime",
    "deployed": " with the network",
}


@dataclass(frozen=True, slots=True)
class Forecast:
    """A forecast of a job."""

    work: Workload
    use: GraderUse
    """The Lambda usage of one grading, whose duration comes from the replay."""
    cost: JobCost
    completions_a_call: int
    """Number of completions per call, an assumption because no AWS source documents it."""
    settings_assumed: bool
    """True if memory and architecture are assumed, because AWS was not asked about the function."""
    usd_per_hour: float | None
    """The service's price per hour, as given by the user; None if unknown."""
    measured: str = ""
    """Where the replay measured the duration, as the end of a sentence."""

    def to_json(self) -> dict[str, Any]:
        """Return the forecast and its assumptions as JSON, in which null means unknown."""
        return {
            "steps": self.work.steps,
            "graded": self.work.completions,
            "calls": self.work.calls,
            "seconds_a_completion": self.use.seconds,
            "memory_mb": self.use.memory_mb,
            "architecture": self.use.architecture,
            "gb_seconds": self.cost.gb_seconds,
            "lambda_usd": self.cost.lambda_usd,
            "lambda_price": as_json(self.cost.price),
            "measured": self.measured.strip() or None,
            "usd_per_hour": self.usd_per_hour,
            "assumes": {
                "group_size": GROUP_SIZE,
                "completions_a_call": self.completions_a_call,
                "function_settings": self.settings_assumed,
                "verified": False,
            },
        }

    def lines(self) -> list[str]:
        """Return the forecast as lines of at most 80 columns."""
        work, use, cost = self.work, self.use, self.cost
        said = [
            f"forecast: {work.steps:,} steps, {work.completions:,} completions, {work.calls:,} grader calls",
            f"  ({GROUP_SIZE} completions per record, {self.completions_a_call} per call;"
            " AWS documents neither: unverified)",
        ]
        settings = f"{use.memory_mb} MB, {use.architecture}{', assumed' if self.settings_assumed else ''}"
        if use.seconds is None:
            said.append("  Lambda: unknown; --run gives a replay, which measures the duration")
        elif cost.lambda_usd is None or cost.price is None:
            price = "--region selects the price" if use.region is None else f"no price known in {use.region}"
            said.append(f"  Lambda: {_short(cost.gb_seconds)} GB-seconds; {price} ({settings})")
        else:
            said += [
                f"  Lambda: {_short(cost.gb_seconds)} GB-seconds, {cost.lambda_usd:.4f} USD in {use.region}",
                f"  ({_short(1000 * use.seconds)} ms per completion{self.measured}; {settings})",
                f"  (list price read {cost.price.read}: {cost.price.source})",
            ]
        if self.usd_per_hour is None:
            said.append("  training: price unknown; AWS publishes none that we found (--price-per-hour)")
        else:
            said.append(f"  training: {self.usd_per_hour:g} USD per hour; the duration is unknown")
        return said


def _short(number: float | None) -> str:
    if number is None:
        return "unknown"
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def forecast(
    plan: Plan,
    function: FunctionFacts | UnknownFunction,
    *,
    completions_a_call: int = COMPLETIONS_A_CALL,
    usd_per_hour: float | None = None,
) -> Forecast:
    """Forecast a job.

    Args:
        plan: The job, whose replay measured the duration of a grading.
        function: The grader, from `look_at_function`.
        completions_a_call: Number of completions per call.
        usd_per_hour: The service's price per hour.
    """
    work = workload(
        plan.data.records,
        batch_size=plan.hyperparameters["batch_size"],
        n_epochs=plan.hyperparameters["n_epochs"],
        completions_a_call=completions_a_call,
    )
    use, assumed = grader_use(plan.grader_arn, plan.replay.seconds if plan.replay else None, function)
    measured = _MEASURED[plan.replay.target] if plan.replay else ""
    return Forecast(work, use, cost_of(work, use), completions_a_call, assumed, usd_per_hour, measured)


def forecast_replayed(
    records: int,
    seconds: float | None,
    target: str,
    *,
    batch_size: int,
    n_epochs: int,
    region: str | None = None,
    usd_per_hour: float | None = None,
) -> Forecast:
    """Forecast a job before its function exists.

    Args:
        records: Number of records in the training file.
        seconds: Mean duration of one grading in a replay; None if the replay measured no durations.
        target: The `kind` of the replay's target.
        batch_size: Number of records per step.
        n_epochs: Number of passes over the records.
        region: The AWS Region for the price; None if unknown.
        usd_per_hour: The service's price per hour.
    """
    work = workload(records, batch_size=batch_size, n_epochs=n_epochs)
    use = GraderUse(region=region, seconds=seconds, memory_mb=_MEMORY_MB, architecture=_ARCHITECTURE)
    return Forecast(work, use, cost_of(work, use), COMPLETIONS_A_CALL, True, usd_per_hour, _MEASURED[target])


def grader_use(
    arn: str, seconds: float | None, function: FunctionFacts | UnknownFunction
) -> tuple[GraderUse, bool]:
    """Return the Lambda usage of one grading.

    Args:
        arn: The function.
        seconds: Mean duration of one grading; None if no replay measured it.
        function: The function, from `look_at_function`.

    Returns:
        The usage, and True if memory and architecture are only assumed.
    """
    known = not isinstance(function, UnknownFunction)
    memory = function.memory_mb if isinstance(function, FunctionFacts) else None
    architecture = function.architecture if isinstance(function, FunctionFacts) else None
    use = GraderUse(
        region=_region(arn),
        seconds=seconds,
        memory_mb=memory or _MEMORY_MB,
        architecture=architecture or _ARCHITECTURE,
    )
    return use, not (known and memory and architecture)


def _region(arn: str) -> str | None:
    try:
        return read_arn(arn).region
    except InputError:
        return None
