"""`rft deploy-model`: deploys a tuned Nova model for inference, or deletes the deployment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.api.safe_text import plain_text
from harness.cli.cancel import confirm
from harness.cli.options import FiniteNumber, jobs_dir_option, json_option, yes_option
from harness.cli.output import emit_json, say
from harness.errors import InputError, ServiceError

if TYPE_CHECKING:
    from harness.api.native import NativeBedrock
    from harness.clock import Clock

_NOT_YET = frozenset({"Creating", None})


@click.command("deploy-model")
@click.argument("model")
@click.option(
    "--delete", is_flag=True, help="Delete the deployment MODEL instead: its ARN, or its name in us-east-1."
)
@click.option(
    "--deployment-name",
    metavar="NAME",
    help="Name the deployment; by default rft- and the end of the model's ARN.",
)
@click.option("--wait/--no-wait", default=True, show_default=True, help="Wait until the deployment is ready.")
@click.option(
    "--patience",
    "patience_s",
    metavar="SECONDS",
    type=FiniteNumber(0),
    default=1800.0,
    show_default=True,
    help="Give up waiting after this many seconds; the same command resumes.",
)
@yes_option
@jobs_dir_option
@json_option
def command(
    model: str,
    delete: bool,
    deployment_name: str | None,
    wait: bool,
    patience_s: float,
    yes: bool,
    jobs_dir: Path,
    as_json: bool,
) -> int:
    """Deploy the tuned model of a native Bedrock job, so that `rft chat` can ask it.

    MODEL is a job, by its name or ARN, or the ARN of a custom model. AWS charges for a deployed model; we
    found no published price. The same command finds its deployment again and creates no second one.

    Exit codes: 0 the deployment is ready, is being created, or is deleted; 1 it failed; 2 wrong input; 3 AWS
    could not be reached, or the deployment was not ready in time.
    """
    from harness.clock import SystemClock

    if delete:
        return _delete(model, yes=yes, as_json=as_json)
    with _connected(jobs_dir, model) as bedrock:
        arn = _model_arn(bedrock, jobs_dir, model)
        name = deployment_name or f"rft-{arn.rpartition('/')[2]}"
        found = _existing(bedrock, name, arn)
        if found is None:
            if not yes:
                confirm(f"Deploy {arn} as {name}? AWS charges for it until it is deleted.")
            found = bedrock.deployment(_created(bedrock, arn, name))
        if wait:
            found = _awaited(bedrock, found, SystemClock(), patience_s)
    return _tell(found, as_json=as_json)


def _connected(jobs_dir: Path, model: str) -> NativeBedrock:
    """Connect to the Region in the ARN of a model or job, or to the documented Region without an ARN."""
    from harness.api.native import NativeBedrock
    from harness.api.native_names import REGION, native_region
    from harness.jobs.models import job_of

    return NativeBedrock(native_region(job_of(jobs_dir, model) or model) or REGION)


def _model_arn(bedrock: NativeBedrock, jobs_dir: Path, given: str) -> str:
    from harness.api.native_names import is_custom_model, is_native_job
    from harness.api.types import FINAL_STATUSES
    from harness.jobs.models import job_of

    if is_custom_model(given):
        return given
    job_id = job_of(jobs_dir, given) or given
    if not is_native_job(job_id):
        raise InputError(
            "only models that native Bedrock tuned need a deployment; others can be asked directly",
            fix="Name a native job (`rft jobs --native`) or the ARN of a custom model.",
            place=given,
        )
    job = bedrock.job(job_id)
    if job.status != "succeeded" or job.tuned_model is None:
        raise InputError(
            f"the job has no tuned model: it is {plain_text(job.status or '(no status)')}",
            fix="Name a job that succeeded."
            if job.status in FINAL_STATUSES
            else "Wait for it with `rft watch`.",
            place=job_id,
        )
    return job.tuned_model


def _existing(bedrock: NativeBedrock, name: str, model: str) -> dict[str, Any] | None:
    """Return the deployment with this name, or None if there is none."""
    from harness.api.failures import RequestRefused

    try:
        found = bedrock.deployment(name)
    except RequestRefused as error:
        if error.status == 404:
            return None
        raise
    if found.get("modelArn") != model:
        raise InputError(
            f"this is a deployment of {plain_text(str(found.get('modelArn')))}",
            fix="Choose another --deployment-name.",
            place=name,
        )
    return found


def _created(bedrock: NativeBedrock, model: str, name: str) -> str:
    """Create the deployment. The caller must check that no deployment has this name."""
    import uuid

    from harness.api.native_rules import faults_of

    request = {"modelArn": model, "modelDeploymentName": name, "clientRequestToken": uuid.uuid4().hex}
    if faults := faults_of(request, "CreateCustomModelDeployment"):
        raise InputError("; ".join(faults), fix="Correct MODEL or --deployment-name.")
    return bedrock.deploy(model, name, request["clientRequestToken"])


def _awaited(
    bedrock: NativeBedrock, found: dict[str, Any], clock: Clock, patience_s: float
) -> dict[str, Any]:
    arn = str(found["customModelDeploymentArn"])
    until = clock.monotonic() + patience_s
    pause = 0.2
    while found.get("status") in _NOT_YET:
        if clock.monotonic() >= until:
            raise ServiceError(
                "the deployment is not ready yet", fix="Run the same command again.", place=arn
            )
        clock.sleep(min(pause, max(0.0, until - clock.monotonic())))
        pause = min(10.0, 2 * pause)
        found = bedrock.deployment(arn)
    return found


def _tell(found: dict[str, Any], *, as_json: bool) -> int:
    status, arn = str(found.get("status")), plain_text(str(found.get("customModelDeploymentArn")))
    failed = found.get("status") not in (*_NOT_YET, "Active")
    if as_json:
        emit_json(found)
        return int(failed)
    say(f"{arn} is {plain_text(status)}")
    if failed:
        say(f"rft: {plain_text(str(found.get('failureMessage') or 'AWS does not say why'))}", err=True)
    elif status == "Active":
        say(f"ask it with: rft chat {arn} PROMPT")
    say(f"AWS charges until: rft deploy-model {arn} --delete")
    return int(failed)


def _delete(name: str, *, yes: bool, as_json: bool) -> int:
    from harness.api.native import NativeBedrock
    from harness.api.native_names import REGION, native_region

    with NativeBedrock(native_region(name) or REGION) as bedrock:
        found = bedrock.deployment(name)
        arn = str(found["customModelDeploymentArn"])
        if not yes:
            confirm(f"Delete {arn}? The model itself stays.")
        bedrock.undeploy(arn)
    if as_json:
        emit_json({"deleted": arn})
    else:
        say(f"{plain_text(arn)} is deleted; its model stays")
    return 0
