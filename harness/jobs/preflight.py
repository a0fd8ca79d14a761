"""What would make a job fail or mislead, found before anything is sent, and what it will take.

Gives findings (ids J…) and a forecast of steps and grader calls. AWS is not asked: whether the function
exists and answers is for `rft doctor` and `rft parity`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from harness.api.types import HYPERPARAMETERS, MAX_RECORDS, MIN_RECORDS, MODELS
from harness.findings import Finding, Place, Severity
from harness.jobs.plan import Plan

__all__ = ["Forecast", "data_findings", "forecast", "preflight"]

# The pattern of the native API (botocore, LambdaArn), with its parts named.
_ARN = re.compile(
    r"^arn:aws[a-zA-Z-]*:lambda:(?P<region>[a-z]{2}(-[a-z]+)+-\d):(?P<account>\d{12})"
    r":function:(?P<name>[a-zA-Z0-9-_.]+)(:(?P<qualifier>\$LATEST|[a-zA-Z0-9-_]+))?$"
)
_LONGEST_ARN = 512

GROUP_SIZE = 8
"""Completions a record. Not documented; the published event fits a multiple of 8. *Unverified*."""

# AWS list prices for x86 in us-west-2; they change seldom, but they change.
_USD_PER_CALL = 0.20 / 1_000_000
_USD_PER_GB_SECOND = 0.0000166667


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a job will take, as far as it can be known before."""

    steps: int
    """ceil(records / batch_size) x n_epochs; early stopping may end it sooner."""
    graded: int
    """Completions graded, at 8 a record (unverified)."""
    usd_at_most: float
    """Lambda's cost if every completion were a call of 1 s at 512 MB: an upper bound for most graders."""

    def to_json(self) -> dict[str, Any]:
        """The forecast with what it assumes."""
        return {
            "steps": self.steps,
            "graded": self.graded,
            "lambda_usd_at_most": round(self.usd_at_most, 4),
            "assumes": {"group_size": GROUP_SIZE, "seconds_a_call": 1.0, "memory_mb": 512, "verified": False},
        }


def forecast(plan: Plan) -> Forecast:
    """Count what a job will take.

    Args:
        plan: The job.
    """
    epochs = max(0, plan.hyperparameters["n_epochs"])
    steps = math.ceil(plan.data.records / max(1, plan.hyperparameters["batch_size"])) * epochs
    graded = plan.data.records * epochs * GROUP_SIZE
    return Forecast(steps, graded, graded * (_USD_PER_CALL + 0.5 * _USD_PER_GB_SECOND))


def preflight(plan: Plan, *, validate: bool = True) -> list[Finding]:
    """Check a plan.

    Args:
        plan: The job.
        validate: Whether to check every record of the training file too.

    Returns:
        Findings; one of severity `error` or worse means that the job should not be submitted.
    """
    data = data_findings(plan) if validate else _records(plan)
    return [*data, *_arn(plan), *_model(plan), *_hyperparameters(plan)]


_KEEP = 5


def data_findings(plan: Plan) -> list[Finding]:
    """Check every record of the training file by the rules of `rft validate`, as for a job.

    Args:
        plan: The job.

    Returns:
        At most five findings of a rule, and a note for each rule that found more.
    """
    # Only this check needs the rules; the other verbs about jobs do without.
    from harness.data.validate import validate

    report = validate(plan.data.path, for_job=True, keep=_KEEP)
    place = Place(file=str(plan.data.path))
    more = [
        Finding(
            "J004", Severity.NOTE, f"{rule}: {count - _KEEP} more of these", place, fix="See `rft validate`."
        )
        for rule, count in report.by_rule.items()
        if count > _KEEP
    ]
    return [*report.findings, *more]


def _records(plan: Plan) -> list[Finding]:
    place = Place(file=str(plan.data.path))
    count = plan.data.records
    if count == 0:
        return [Finding("J001", Severity.ERROR, "the training file has no records", place)]
    if count < MIN_RECORDS:
        message = f"{count} records; at least {MIN_RECORDS} are documented"
        return [Finding("J002", Severity.WARNING, message, place, fix="Add records, or expect a refusal.")]
    if count > MAX_RECORDS:
        message = f"{count} records; at most {MAX_RECORDS} are documented"
        return [Finding("J003", Severity.WARNING, message, place, fix="Take a sample of them.")]
    return []


def _arn(plan: Plan) -> list[Finding]:
    arn = plan.grader_arn
    match = _ARN.match(arn) if len(arn) <= _LONGEST_ARN else None
    if match is None:
        return [
            Finding(
                "J010",
                Severity.ERROR,
                f"{arn!r} is not the ARN of a Lambda function",
                fix="It looks like arn:aws:lambda:REGION:ACCOUNT:function:NAME:VERSION.",
            )
        ]
    found = []
    region, qualifier = match["region"], match["qualifier"]
    if plan.region and region != plan.region:
        message = f"the grader is in {region}, the job in {plan.region}: no documented example does that"
        found.append(Finding("J011", Severity.ERROR, message, fix=f"Deploy the grader in {plan.region}."))
    if qualifier in (None, "$LATEST"):
        message = "the grader's ARN has no version: a deployment during the job changes the reward under it"
        fix = "Publish a version and give its ARN (…:function:NAME:VERSION)."
        found.append(Finding("J012", Severity.WARNING, message, fix=fix))
    elif not qualifier.isdigit():
        message = f"{qualifier} is an alias: if it is moved during the job, the reward changes"
        found.append(Finding("J013", Severity.NOTE, message, fix="Give the version's ARN."))
    return found


def _model(plan: Plan) -> list[Finding]:
    known = {model.id: model for model in MODELS}
    model = known.get(plan.model)
    if model is None:
        message = f"{plan.model!r} is not among the models documented for this API"
        return [Finding("J014", Severity.WARNING, message, fix=f"Known: {', '.join(known)}.")]
    if plan.region and plan.region not in model.regions:
        message = f"{model.name} is documented in {', '.join(model.regions)}, not in {plan.region}"
        return [Finding("J015", Severity.WARNING, message, fix="Choose another Region with --region.")]
    return []


def _hyperparameters(plan: Plan) -> list[Finding]:
    found = []
    for name, bounds in HYPERPARAMETERS.items():
        value = float(plan.hyperparameters[name])  # type: ignore[literal-required]
        if not math.isfinite(value) or value <= bounds.above:
            message = f"{name} must be more than {bounds.above:g}, not {value:g}"
            found.append(Finding("J016", Severity.ERROR, message))
        elif not bounds.low <= value <= bounds.high:
            message = f"{name} {value:g} is outside {bounds.low:g} to {bounds.high:g} (unverified)"
            found.append(Finding("J017", Severity.WARNING, message, fix=bounds.source))
    size = plan.hyperparameters["batch_size"]
    if 0 < plan.data.records < size:
        message = f"batch_size {size} is more than the {plan.data.records} records"
        found.append(Finding("J018", Severity.WARNING, message))
    return found
