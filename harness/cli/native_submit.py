"""`rft submit` for models tuned by native Bedrock."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.api.safe_text import plain_text
from harness.cli.options import all_of, run_folder
from harness.cli.output import emit_json, printable, say
from harness.errors import InputError

if TYPE_CHECKING:
    from harness.findings import Finding
    from harness.jobs.native_job import NativePlan

__all__ = ["native_options", "refuse_native_options", "submit_to_native", "tell_findings"]

_NEEDED = {
    "role_arn": "the role that Bedrock assumes",
    "data_uri": "a folder in S3 for the training file",
    "output_uri": "a folder in S3 for the output",
    "model_name": "a name for the tuned model",
}

native_options = all_of(
    click.option("--role-arn", metavar="ARN", help="Nova: let Bedrock assume this IAM role."),
    click.option("--data-uri", metavar="S3_URI", help="Nova: upload the training file to this folder."),
    click.option("--output-uri", metavar="S3_URI", help="Nova: write the job's output to this folder."),
    click.option("--model-name", metavar="NAME", help="Nova: give the tuned model this name."),
    click.option(
        "--hyperparameter",
        "hyperparameters",
        multiple=True,
        metavar="NAME=VALUE",
        help="Nova: set a hyperparameter by its native name, such as learningRate=0.00001. Repeatable.",
    ),
)
"""Adds the options that only a native Bedrock job needs."""


def refuse_native_options(asked: dict[str, Any]) -> None:
    """Reject options that have no counterpart in the OpenAI-compatible API.

    Args:
        asked: The verb's options.

    Raises:
        InputError: One of these options was given.
    """
    given = [name for name in (*_NEEDED, "hyperparameters") if asked[name]]
    if given:
        option = "--" + given[0].replace("_", "-").removesuffix("s")
        raise InputError(
            f"{option} works only for models that native Bedrock tunes, and {asked['model']} is not one",
            fix="Leave it out, or pass --model amazon.nova-2-lite-v1:0:256k.",
        )


def submit_to_native(asked: dict[str, Any]) -> int:
    """Check, forecast and create a native Bedrock job.

    Args:
        asked: The verb's options.

    Returns:
        The exit code.
    """
    from harness.findings import Severity, worst
    from harness.jobs.evidence import evidence
    from harness.jobs.grader_audit import audit_findings
    from harness.jobs.native_job import native_findings
    from harness.jobs.preflight import native_preflight
    from harness.jobs.same_code import look_at_function

    plan = _plan(asked)
    if asked["service"].print_curl:
        say("# native Bedrock needs a signed request; this is the same request with the AWS command line")
        request = shlex.quote(json.dumps(plan.native_request(), indent=2))
        command = "aws bedrock create-model-customization-job"
        say(f"{command} --region {plan.region} --cli-input-json {request}", verbatim=True)
        return 0
    function = look_at_function(plan.grader_arn, local_service=False)
    run = run_folder(Path(asked["run"]), asked["runs_dir"]) if asked["run"] is not None else None
    weighed = evidence(run, function, plan.data.path, asked["range"])
    plan = replace(plan, code_sha256=function.code_sha256 or plan.code_sha256, replay=weighed.replay)
    findings = [
        *native_preflight(plan, validate=asked["validate"]),
        *native_findings(plan),
        *weighed.findings,
        *audit_findings(asked["runs_dir"], function, weighed.replay),
    ]
    level = worst(findings)
    stopped = level is not None and level >= Severity.ERROR and not asked["force"]
    said: dict[str, Any] = {
        "plan": plan.to_json(),
        "request": plan.native_request(),
        "findings": [finding.to_json() for finding in findings],
    }
    if not asked["as_json"]:
        _tell_plan(plan, findings)
    if not (stopped or asked["dry_run"]):
        said |= _send(plan, asked)
    if asked["as_json"]:
        emit_json({**said, "submitted": "job" in said, "dry_run": asked["dry_run"]})
    elif stopped:
        say("not submitted: correct the errors, or add --force")
    elif asked["dry_run"]:
        say("nothing was sent (--dry-run)")
    else:
        _tell_end(said)
    return int(stopped or ("job" in said and said["grader_shown"] is None))


def _plan(asked: dict[str, Any]) -> NativePlan:
    from harness.api.native_names import REGION
    from harness.jobs.native_job import NativePlan
    from harness.jobs.plan import read_training_file

    for name, what in _NEEDED.items():
        if not asked[name]:
            raise InputError(
                f"{asked['model']} is tuned by native Bedrock, which needs {what}",
                fix=f"Add --{name.replace('_', '-')}.",
            )
    region = asked["service"].region or REGION
    return NativePlan(
        data=read_training_file(asked["training_file"]),
        grader_arn=asked["arn"],
        model=asked["model"],
        hyperparameters=_hyperparameters(asked),  # type: ignore[arg-type]
        base_url=f"https://bedrock.{region}.amazonaws.com",
        region=region,
        code_sha256=asked["grader_code_sha256"],
        region_from="--region" if asked["service"].region else "the only Region documented for it",
        role_arn=asked["role_arn"],
        data_uri=asked["data_uri"],
        output_uri=asked["output_uri"],
        model_name=asked["model_name"],
        name=asked["name"],
    )


def _hyperparameters(asked: dict[str, Any]) -> dict[str, int | float | str]:
    """Return the hyperparameters by native name, translating the options of the other API."""
    from harness.api.native_rules import NATIVE_NAMES, native_hyperparameters

    if asked["learning_rate_multiplier"] is not None:
        raise InputError(
            "native Bedrock has no counterpart of learning_rate_multiplier",
            fix="Set the rate itself: --hyperparameter learningRate=0.00001.",
        )
    given = {native: str(asked[name]) for name, native in NATIVE_NAMES.items() if asked[name] is not None}
    for pair in asked["hyperparameters"]:
        name, sign, value = pair.partition("=")
        if not sign or name in given:
            why = "is given twice" if name in given else "has no value"
            raise InputError(
                f"--hyperparameter {pair}: {name} {why}", fix="Pass NAME=VALUE once for each hyperparameter."
            )
        given[name] = value
    try:
        return native_hyperparameters(given)
    except ValueError as error:
        raise InputError(str(error)) from error


def _send(plan: NativePlan, asked: dict[str, Any]) -> dict[str, Any]:
    from harness.api.native import NativeBedrock
    from harness.clock import SystemClock
    from harness.jobs.journal import Entry, default_name, held
    from harness.jobs.native_job import submit_native

    name = asked["name"] or default_name(plan)
    with NativeBedrock(str(plan.region)) as client, held(asked["jobs_dir"], name):
        now = datetime.now(UTC).isoformat(timespec="seconds")
        entry: Entry = Entry.open(asked["jobs_dir"], name, plan, now)
        if entry.facts.state == "intended":
            entry.reach("intended")
        job, found = submit_native(client, plan, entry, SystemClock())
    return {
        "name": name,
        "journal": str(entry.path),
        "found": found,
        "job": job.raw,
        "job_id": job.id,
        "status": job.status,
        "grader_shown": job.grader_arn,
    }


def _tell_plan(plan: NativePlan, findings: list[Finding]) -> None:
    say(printable(f"{plan.data.records:,} records, {plan.model}, native Bedrock in {plan.region}"))
    chosen = "  ".join(f"{name} {value}" for name, value in dict(plan.hyperparameters).items())
    say(printable(chosen or "hyperparameters: the service's defaults"))
    say("price: unknown; we found no published one")
    tell_findings(findings)


_SHOWN = 20


def tell_findings(findings: list[Finding]) -> None:
    """Print the first findings about a submission and the number of further findings.

    Args:
        findings: The findings, in the order of the checks.
    """
    for finding in findings[:_SHOWN]:
        place = f"{finding.place}: " if finding.place else ""
        fix = f" {finding.fix}" if finding.fix else ""
        say(printable(f"{finding.severity.value:8} {finding.id}  {place}{finding.message}.{fix}"))
    if len(findings) > _SHOWN:
        say(f"… and {len(findings) - _SHOWN} more; see `rft validate`")


def _tell_end(said: dict[str, Any]) -> None:
    what = "was submitted before" if said["found"] else "submitted"
    status = plain_text(str(said["status"]))
    say(f"{plain_text(str(said['job_id']))} {what}, {status}; recorded in {said['journal']}")
    if said["grader_shown"] is None:
        say("not proven: the service does not show which function grades this job; check it before you wait")
    say(f"follow it with: rft watch {said['name']}")
