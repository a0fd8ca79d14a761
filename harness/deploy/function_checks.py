"""Checks that a deployed function meets a job's needs and that the job may call it.

The checks read the configuration, the log group and the policies, and change nothing. If the credentials do
not allow reading something, a note says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from harness.aws import Denied, NotInAws, client, explained
from harness.deploy.checklist import finding
from harness.deploy.identities import (
    Identity,
    document_decides,
    document_of,
    identity_decides,
    identity_of,
    policies_of,
)
from harness.deploy.judge_checks import ASK, model_arns
from harness.deploy.policies import check_statements
from harness.deploy.regions import check_region
from harness.deploy.settings_checks import check_settings
from harness.errors import InputError, ServiceError
from harness.findings import Finding, Place

__all__ = ["JobSettings", "check_function"]

_ARN = re.compile(
    r"(?P<plain>arn:(?P<partition>aws[a-z-]*):lambda:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):function:"
    r"(?P<name>[\w-]+))(?::(?P<qualifier>[\w$-]+))?"
)
_FEW_AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class JobSettings:
    """The job that will call the function."""

    region: str | None = None
    """The job's Region, or None for the grader's Region."""
    model: str | None = None
    """The model to tune, or None to skip the check of the model."""
    submitter_policy: str | None = None
    """ARN of the stack's managed policy for identities that submit jobs, or None to skip its check."""


def check_function(
    arn: str, job: JobSettings, models: Sequence[str] = ()
) -> tuple[list[Finding], dict[str, Any]]:
    """Check one function.

    Args:
        arn: ARN of the function, with the qualifier that a job would use.
        job: The job that would call the function.
        models: The Bedrock models that the function's judges call.

    Returns:
        The findings and the function's measurements.

    Raises:
        InputError: The ARN is not a function ARN, the function does not exist, or boto3 is not configured.
        ServiceError: AWS cannot be reached, or the credentials do not allow reading the function.
    """
    match = _ARN.fullmatch(arn)
    if match is None:
        fix = "Write it like arn:aws:lambda:REGION:ACCOUNT:function:NAME:VERSION."
        raise InputError("this is not the ARN of a Lambda function", place=arn, fix=fix)
    functions = client("lambda", match["region"])
    with explained(arn):
        found = functions.get_function_configuration(FunctionName=arn)
    checks: list[Callable[[], Iterator[Finding]]] = [
        lambda: _settings(arn, found),
        lambda: _qualifier(arn, match["qualifier"]),
        lambda: _concurrency(functions, match["plain"], arn),
        lambda: _log_group(found, match, arn),
        lambda: _execution_role(found, match, arn, models),
        lambda: _submitter(match, arn, job),
        lambda: check_region(match["region"], Place(file=arn), job_region=job.region, model=job.model),
    ]
    findings: list[Finding] = []
    for check in checks:
        try:
            findings += check()
        except (Denied, NotInAws, ServiceError) as error:
            findings.append(finding("D069", error.message, error.place or arn))
    return findings, _figures(arn, found)


def _figures(arn: str, found: dict[str, Any]) -> dict[str, Any]:
    return {
        "arn": arn,
        "version": found.get("Version"),
        "code_sha256": found.get("CodeSha256"),
        "code_bytes": found.get("CodeSize"),
        "runtime": found.get("Runtime"),
        "timeout_s": found.get("Timeout"),
        "memory_mb": found.get("MemorySize"),
        "last_modified": found.get("LastModified"),
    }


def _settings(arn: str, found: dict[str, Any]) -> Iterator[Finding]:
    yield from check_settings(
        Place(file=arn),
        timeout_s=found.get("Timeout"),
        memory_mb=found.get("MemorySize"),
        runtime=found.get("Runtime"),
        environment=(found.get("Environment") or {}).get("Variables") or {},
    )
    state, update = found.get("State") or "Active", found.get("LastUpdateStatus") or "Successful"
    if state not in ("Active", "Inactive") or update == "Failed":
        why = found.get("StateReason") or found.get("LastUpdateStatusReason") or update
        yield finding("D060", f"its state is {state}: {why}", arn)


def _qualifier(arn: str, qualifier: str | None) -> Iterator[Finding]:
    if qualifier is None or qualifier == "$LATEST":
        yield finding(
            "D061", "the ARN has no version: a deployment would change the reward of a running job", arn
        )
    elif not qualifier.isdigit():
        yield finding("D061", f"{qualifier} is an alias: it may point elsewhere while a job runs", arn)


def _concurrency(functions: Any, plain: str, arn: str) -> Iterator[Finding]:
    """Check the function's reserved concurrency or, if it has none, the account's unreserved concurrency."""
    with explained(arn):
        reserved = functions.get_function_concurrency(FunctionName=plain).get("ReservedConcurrentExecutions")
    if reserved == 0:
        yield finding("D062", "its reserved concurrency is 0: Lambda refuses every call", arn)
    elif reserved is not None and reserved < _FEW_AT_ONCE:
        yield finding(
            "D063", f"its reserved concurrency is {reserved}: a step's calls wait for each other", arn
        )
    elif reserved is None:
        with explained(arn):
            limit = functions.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
        if limit <= _FEW_AT_ONCE:
            yield finding(
                "D063", f"the account allows {limit} concurrent unreserved calls for all functions", arn
            )


def _log_group(found: dict[str, Any], match: re.Match[str], arn: str) -> Iterator[Finding]:
    name = _group_name(found, match)
    with explained(name):
        pages = client("logs", match["region"]).describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    group = next((one for one in pages if one["logGroupName"] == name), None)
    if group is None:
        text = f"there is no log group {name} yet: Lambda will create it without retention"
        yield finding("D005", text, arn)
    elif "retentionInDays" not in group:
        yield finding("D005", f"{name} has no retention: you keep paying for it", arn)


def _group_name(found: dict[str, Any], match: re.Match[str]) -> str:
    return (found.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{match['name']}"


def _execution_role(
    found: dict[str, Any], match: re.Match[str], arn: str, models: Sequence[str]
) -> Iterator[Finding]:
    """Check that the function's role can write logs and call the judges' models, and can do little else."""
    try:
        role = identity_of(found["Role"])
    except (KeyError, ValueError):
        yield finding("D069", "its execution role is unknown", arn)
        return
    stream = (
        f"arn:{match['partition']}:logs:{match['region']}:{match['account']}"
        f":log-group:{_group_name(found, match)}:log-stream:x"
    )
    for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
        if identity_decides(role, action, stream, match["region"]) not in ("allowed", "conditional"):
            yield finding("D064", f"the role {role.name} may not do {action} on its log group", arn)
            break
    for model in models:
        resources = model_arns(model, match["partition"], match["region"], match["account"])
        verdicts = [identity_decides(role, ASK, resource, match["region"]) for resource in resources]
        if "allowed" not in verdicts:
            yield finding(
                "D036", f"the role {role.name} may not do {ASK} on {model}, which a judge calls", arn
            )
    for document in policies_of(role, match["region"]):
        yield from check_statements(document, Place(file=role.arn), f"the role {role.name}")


def _submitter(match: re.Match[str], arn: str, job: JobSettings) -> Iterator[Finding]:
    """Check that the current identity and the stack's policy may submit a job and call the grader."""
    project = f"arn:{match['partition']}:bedrock-mantle:{match['region']}:{match['account']}:project/any"
    needed = [("lambda:InvokeFunction", arn), ("bedrock-mantle:CreateFineTuningJob", project)]
    if job.submitter_policy is not None:
        with explained(job.submitter_policy):
            document = document_of(client("iam", match["region"]), job.submitter_policy)
        for action, resource in needed:
            verdict = document_decides(document, action, resource, match["region"])
            yield from _held(
                verdict, action, resource, f"the policy {job.submitter_policy.rpartition('/')[2]}", arn
            )
    with explained("the current identity"):
        caller: Identity = identity_of(client("sts", match["region"]).get_caller_identity()["Arn"])
    for action, resource in needed:
        verdict = identity_decides(caller, action, resource, match["region"])
        yield from _held(
            verdict, action, resource, f"{caller.kind} {caller.name}, the current identity,", arn
        )


def _held(verdict: str, action: str, resource: str, whose: str, arn: str) -> Iterator[Finding]:
    if verdict == "conditional":
        yield finding(
            "D069", f"{whose} may do {action} under conditions that this check does not evaluate", arn
        )
    elif verdict != "allowed":
        yield finding("D065", f"{whose} may not do {action} on {resource} ({verdict})", arn)
