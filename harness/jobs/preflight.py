"""Checks a job's plan for problems before anything is sent.

The findings have the IDs J001 to J018. These checks do not call AWS. `rft doctor` and `rft parity` check that
the function exists and responds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.api.function_arn import read_arn
from harness.api.types import HYPERPARAMETERS, MAX_RECORDS, MIN_RECORDS, MODELS, NATIVE_PREFIX
from harness.errors import InputError
from harness.findings import Finding, Place, Severity
from harness.jobs.plan import Plan

if TYPE_CHECKING:
    from harness.data.validate import Report

__all__ = ["data_findings", "native_preflight", "preflight"]


def preflight(plan: Plan, *, validate: bool = True) -> list[Finding]:
    """Check a plan.

    Args:
        plan: The job.
        validate: Whether to check every record of the training file too.

    Returns:
        The findings. If any has severity `error` or worse, the job should not be submitted.
    """
    data = data_findings(plan) if validate else _records(plan)
    return [*data, *_arn(plan), *_model(plan), *_hyperparameters(plan)]


def native_preflight(plan: Plan, *, validate: bool = True) -> list[Finding]:
    """Check the data and the function of a native Bedrock job. Other checks are in `native_rules`.

    Args:
        plan: The job.
        validate: Whether to check every record of the training file too.

    Returns:
        The findings, as for `preflight`.
    """
    return [*(data_findings(plan) if validate else _records(plan)), *_arn(plan)]


_KEEP = 5


def data_findings(plan: Plan) -> list[Finding]:
    """Check every record of the training file against the rules that `rft validate` has for jobs.

    Args:
        plan: The job.

    Returns:
        At most five findings per rule, and a note for each rule that has more.
    """
    # Imported here, so that commands that need no validation start faster.
    from harness.data.validate import validate

    report = validate(plan.data.path, for_job=True, keep=_KEEP)
    place = Place(file=plan.data.path)
    more = [
        Finding(
            "J004", Severity.NOTE, f"{rule}: {count - _KEEP} more of these", place, fix="See `rft validate`."
        )
        for rule, count in report.by_rule.items()
        if count > _KEEP
    ]
    return [*report.findings, *more, *_all_alike(plan, report)]


def _all_alike(plan: Plan, report: Report) -> Iterator[Finding]:
    """Report a file with too few distinct records, or one in which no record has a reference."""
    place = Place(file=plan.data.path)
    copies = report.copies
    different = report.records - copies
    if copies and different < MIN_RECORDS:
        message = f"{different:,} different among {report.records:,} records; a job needs {MIN_RECORDS}"
        level = Severity.ERROR if copies * 2 >= report.records else Severity.WARNING
        fix = "Add records; n_epochs repeats them."
        yield Finding("J005", level, message, place, fix=fix)
    if report.records and report.without_reference == report.records:
        # A grader may not need a reference. A replay of these records shows whether it does.
        shown = plan.replay is not None and bool(plan.replay.records_seen)
        message = "no record has a reference_answer"
        fix = "Add it. If the grader needs none, give a replay of these records with --run."
        yield Finding("J006", Severity.WARNING if shown else Severity.ERROR, message, place, fix=fix)


def _records(plan: Plan) -> list[Finding]:
    place = Place(file=plan.data.path)
    count = plan.data.records
    if count == 0:
        return [Finding("J001", Severity.ERROR, "the training file has no records", place)]
    unchecked = Finding("J007", Severity.NOTE, "the records were not checked (--no-validate)", place)
    if count < MIN_RECORDS:
        message = f"{count} records; at least {MIN_RECORDS} are documented"
        fix = "Add records, or expect a refusal."
        return [Finding("J002", Severity.WARNING, message, place, fix=fix), unchecked]
    if count > MAX_RECORDS:
        message = f"{count} records; at most {MAX_RECORDS} are documented"
        return [Finding("J003", Severity.WARNING, message, place, fix="Use a sample of them."), unchecked]
    return [unchecked]


_UNKNOWN_REGION = "the Region of the service is unknown"


def _arn(plan: Plan) -> list[Finding]:
    try:
        arn = read_arn(plan.grader_arn)
    except InputError as error:
        return [Finding("J010", Severity.ERROR, error.message, fix=error.fix)]
    found = []
    if plan.region is None:
        message = f"not checked whether the grader is in the job's Region: {_UNKNOWN_REGION}"
        found.append(Finding("J011", Severity.NOTE, message, fix="Add --region."))
    elif arn.region != plan.region:
        where = f"{plan.region} ({plan.region_from})" if plan.region_from else plan.region
        message = f"the grader is in {arn.region}, the job in {where}: no documented example does that"
        level = Severity.WARNING if plan.region_guessed else Severity.ERROR
        found.append(Finding("J011", level, message, fix=f"Deploy the grader in {plan.region}."))
    if arn.qualifier in (None, "$LATEST"):
        message = "the grader's ARN has no version: a deployment during the job changes the reward under it"
        fix = "Publish a version and give its ARN (…:function:NAME:VERSION)."
        found.append(Finding("J012", Severity.WARNING, message, fix=fix))
    elif arn.version is None:
        message = f"{arn.qualifier} is an alias: if it changes during the job, the reward changes"
        found.append(Finding("J013", Severity.NOTE, message, fix="Give the version's ARN."))
    return found


def _model(plan: Plan) -> list[Finding]:
    known = {model.id: model for model in MODELS}
    model = known.get(plan.model)
    if "nova" in plan.model.lower():
        # A Nova model's own id never gets here: `rft submit` sends it to the native API.
        message = f"{plan.model!r} is not the id of a Nova model, and this API does not tune Nova"
        fix = f"For the native API, use --model with an id that begins with {NATIVE_PREFIX}."
        return [Finding("J014", Severity.ERROR, message, fix=fix)]
    if model is None:
        message = f"{plan.model!r} is not among the models documented for this API"
        return [Finding("J014", Severity.WARNING, message, fix=f"Known: {', '.join(known)}.")]
    if plan.region is None:
        message = f"not checked whether the model is in the job's Region: {_UNKNOWN_REGION}"
        return [Finding("J015", Severity.NOTE, message, fix="Add --region.")]
    if plan.region not in model.regions:
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
