"""`rft submit`: checks a training job, records the plan and creates the job exactly once."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.api.cost import COMPLETIONS_A_CALL
from harness.api.safe_text import plain_text
from harness.api.types import HYPERPARAMETERS, MODELS, NATIVE_PREFIX
from harness.cli.like import changed, filled_in, like_options, tell_change
from harness.cli.native_submit import native_options, refuse_native_options, submit_to_native, tell_findings
from harness.cli.options import (
    DATA,
    arn_option,
    check_function,
    function_option,
    hyperparameter_options,
    jobs_dir_option,
    json_option,
    model_option,
    name_option,
    price_per_hour_option,
    range_option,
    run_folder,
    runs_dir_option,
    stack_option,
)
from harness.cli.output import emit_json, printable, say
from harness.cli.service import service_options
from harness.errors import InputError

if TYPE_CHECKING:
    from harness.findings import Finding
    from harness.jobs.forecast import Forecast
    from harness.jobs.journal import Entry
    from harness.jobs.plan import Plan


@click.command("submit")
@click.argument("training_file", required=False, metavar="[TRAINING_FILE]", type=DATA)
@arn_option()
@stack_option
@function_option
@model_option("Tune this model.", default=MODELS[0].id, show_default=True)
@hyperparameter_options(checked=False)
@name_option("Give the job this name under --jobs-dir; by default rft makes one from the file and the plan.")
@click.option(
    "--grader-code-sha256",
    metavar="SHA",
    help="Refuse to submit if the function's CodeSha256 differs from this one. By default rft records it.",
)
@click.option("--run", metavar="RUN", help="Use this finished replay of the grader as evidence.")
@runs_dir_option
@range_option
@click.option("--validate/--no-validate", default=True, show_default=True, help="Check every record first.")
@price_per_hour_option
@click.option(
    "--completions-per-call",
    metavar="N",
    type=click.IntRange(1),
    default=COMPLETIONS_A_CALL,
    show_default=True,
    help="Assume N completions per grader call in the forecast; AWS does not document the number.",
)
@native_options
@click.option("--force", is_flag=True, help="Submit despite errors.")
@click.option("--dry-run", is_flag=True, help="Check and forecast only: write nothing and send no job.")
@like_options
@jobs_dir_option
@service_options
@json_option
@click.pass_context
def command(context: click.Context, /, **asked: Any) -> int:
    """Create a fine-tuning job from TRAINING_FILE, graded by a deployed Lambda function.

    Name the function with --arn, or with --stack and --function. After an interruption, the same command
    resumes and never creates a second job. To train the same plan a second time, choose another --name.
    Native Bedrock tunes models named amazon.nova-..., through boto3; they need the options for Nova.

    --like JOB reuses that job's data, model and hyperparameters with another grader, and first shows what
    the new grader changes.

    rft looks under --runs-dir for an audit of this very grader. If it has open critical findings, or measured
    nothing, rft does not submit the job unless you pass --force.

    Exit codes: 0 submitted, or the dry run found no error; 1 a finding prevented the submission, or Bedrock
    does not show which function grades the job; 2 wrong input; 3 the service could not be reached.
    """
    from harness.findings import Severity, worst
    from harness.jobs.preflight import preflight

    check_function(asked["function"], asked["stack"])
    if asked["stack"] is not None:
        asked |= _in_stack(asked)
    asked = filled_in(context, asked)
    if asked["model"].startswith(NATIVE_PREFIX):
        return submit_to_native(asked)
    refuse_native_options(asked)
    plan = _plan(asked)
    if asked["service"].shows(
        lambda client: client.upload(plan.data.path),
        lambda client: client.create_job(plan.request("FILE_ID")),
        remark="the answer to the first request contains FILE_ID",
    ):
        return 0
    plan, ahead, weighed = _weighed(plan, asked)
    asked["grader_code_sha256"] = plan.code_sha256
    findings = [*preflight(plan, validate=asked["validate"]), *weighed]
    level = worst(findings)
    stopped = level is not None and level >= Severity.ERROR and not asked["force"]
    said: dict[str, Any] = {
        "plan": plan.to_json(),
        "forecast": ahead.to_json(),
        "findings": [finding.to_json() for finding in findings],
    }
    change = changed(asked)
    if change is not None:
        said["change"] = change
    if not asked["as_json"]:
        if change is not None:
            tell_change(change)
        _tell_plan(plan, ahead, findings)
    if not (stopped or asked["dry_run"]):
        said |= _send(plan, asked)
    if asked["as_json"]:
        emit_json({**said, "submitted": "job" in said, "dry_run": asked["dry_run"]})
    else:
        _tell_end(said, stopped, asked["dry_run"])
    return int(stopped)


def _in_stack(asked: dict[str, Any]) -> dict[str, Any]:
    """Return the `arn` option: the ARN of the published version of a stack's grader."""
    from harness.deploy.outputs import read_stack

    if asked["arn"] is not None:
        raise InputError("--stack and --arn both name the grader", fix="Leave one out.")
    where = asked["service"].endpoint  # the grader must be in the job's Region
    found = read_stack(asked["stack"], where.region)
    return {"arn": found.arn(asked["function"])}


def _run(asked: dict[str, Any]) -> Path | None:
    return run_folder(Path(asked["run"]), asked["runs_dir"]) if asked["run"] is not None else None


def _plan(asked: dict[str, Any]) -> Plan:
    from harness.jobs.plan import Plan, hyperparameters, read_training_file

    where = asked["service"].endpoint
    where.check_has_jobs()
    return Plan(
        read_training_file(asked["training_file"]),
        asked["arn"],
        asked["model"],
        hyperparameters(**{name: asked[name] for name in HYPERPARAMETERS}),
        where.base_url,
        where.region,
        asked["grader_code_sha256"],
        region_from=where.region_from,
        region_guessed=where.loopback and where.region_from != "--region",
    )


def _weighed(plan: Plan, asked: dict[str, Any]) -> tuple[Plan, Forecast, list[Finding]]:
    """Return the plan with facts about the grader, the job's forecast and the findings about the grader."""
    from harness.jobs.evidence import changed_code, evidence
    from harness.jobs.forecast import forecast
    from harness.jobs.grader_audit import audit_findings
    from harness.jobs.journal import check_name, default_name, find_entry
    from harness.jobs.same_code import look_at_function

    function = look_at_function(plan.grader_arn, local_service=asked["service"].endpoint.loopback)
    found = evidence(_run(asked), function, plan.data.path, asked["range"])
    name = asked["name"] or default_name(plan)
    check_name(name)
    begun = find_entry(asked["jobs_dir"], name)
    submitted = begun.facts.grader.code_sha256 if begun and begun.facts.digest == plan.digest() else None
    changed = changed_code(function, expected=plan.code_sha256, submitted=submitted)
    known = function.code_sha256 or plan.code_sha256
    plan = replace(plan, code_sha256=known, replay=found.replay)
    ahead = forecast(
        plan,
        function,
        completions_a_call=asked["completions_per_call"],
        usd_per_hour=asked["price_per_hour"],
    )
    audited = audit_findings(asked["runs_dir"], function, found.replay)
    return plan, ahead, [*changed, *found.findings, *audited]


def _send(plan: Plan, asked: dict[str, Any]) -> dict[str, Any]:
    from harness.clock import SystemClock
    from harness.jobs.journal import Entry, default_name, held
    from harness.jobs.submit import submit

    name = asked["name"] or default_name(plan)
    with asked["service"].connect() as client, held(asked["jobs_dir"], name), _alone(name, plan):
        now = datetime.now(UTC).isoformat(timespec="seconds")
        entry: Entry = Entry.open(asked["jobs_dir"], name, plan, now)
        if entry.facts.state == "intended":
            entry.reach("intended")
        done = submit(client, plan, entry, SystemClock())
    return {
        "name": name,
        "journal": str(entry.path),
        "found": done.found,
        "not_looked": done.unlooked,
        "job": done.job.raw,
    }


def _alone(name: str, plan: Plan) -> AbstractContextManager[object]:
    """Lock the plan against submission from another folder. Print a note if locking is impossible."""
    from harness.disk import InUse
    from harness.jobs.journal import held_for_all_folders

    try:
        return held_for_all_folders(name, plan)
    except InUse:
        raise
    except InputError as error:
        say(f"note: do not submit this from another folder at the same time: {error}", err=True)
        return nullcontext()


def _tell_plan(plan: Plan, ahead: Forecast, findings: list[Finding]) -> None:
    chosen = "  ".join(f"{name} {value:g}" for name, value in dict(plan.hyperparameters).items())
    say(printable(f"{plan.data.records:,} records, {plan.model}"))
    say(chosen)
    for line in ahead.lines():
        say(printable(line))
    replay = plan.replay
    if replay and replay.same_code == "proven" and all(one.id != "J023" for one in findings):
        say(printable(f"the function's code is the code that was replayed in {os.path.relpath(replay.run)}"))
    if replay and replay.records_seen == plan.data.records:
        say("the replay graded every record of the training file")
    tell_findings(findings)


def _tell_end(said: dict[str, Any], stopped: bool, dry_run: bool) -> None:
    if stopped:
        say("not submitted: correct the errors, or add --force")
    elif dry_run:
        say("nothing was sent (--dry-run)")
    else:
        job = said["job"]
        what = "was submitted before" if said["found"] else "submitted"
        job_id, status = plain_text(str(job.get("id"))), plain_text(str(job.get("status")))
        say(f"{job_id} {what}, {status}; recorded in {said['journal']}")
        if said["found"]:
            say("to train the same plan again, choose another --name")
        if said["not_looked"]:
            say(printable(f"could not check whether it was submitted from elsewhere: {said['not_looked']}"))
        say(f"follow it with: rft watch {said['name']}")
