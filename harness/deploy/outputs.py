"""Finds the graders deployed by a CloudFormation stack from the stack's outputs and resources.

An output whose value is the ARN of a Lambda function is a grader. The grader's name is the output's name
without the suffix `VersionArn`, `AliasArn`, `FunctionArn` or `Arn`. A function that publishes versions is a
grader even if it is not in the outputs. Its name is then its logical ID.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.aws import Denied, NotInAws, client, explained
from harness.deploy.regions import find_region
from harness.errors import InputError

__all__ = ["DeployedGrader", "Stack", "read_stack"]

_LAMBDA = re.compile(
    r"(?P<function>arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:(?P<name>[\w-]+))(?::(?P<qualifier>[\w$-]+))?"
)
_PUBLISHED = ("AWS::Lambda::Version", "AWS::Lambda::Alias")
_ENDING = re.compile(r"(Version|Alias|Function)?Arn$")
_POLICY = "SubmitterPolicyArn"


@dataclass(frozen=True, slots=True)
class DeployedGrader:
    """A grader deployed by a stack."""

    name: str
    version: str | None = None
    """ARN of the published version, whose code never changes."""
    alias: str | None = None
    function: str | None = None
    """ARN without a version. The next deployment changes the code behind it."""

    @property
    def arn(self) -> str:
        """The grader's ARN with the most specific qualifier."""
        found = self.version or self.alias or self.function
        assert found is not None
        return found


@dataclass(frozen=True, slots=True)
class Stack:
    """The graders of a stack and other stack values used by the harness."""

    name: str
    region: str
    status: str
    """The status as spelled by CloudFormation, such as `UPDATE_COMPLETE`."""
    graders: dict[str, DeployedGrader] = field(default_factory=dict)
    submitter_policy: str | None = None
    """ARN of the managed policy for the identity that submits jobs, if the stack creates such a policy."""
    fan_out_machine: str | None = None
    """ARN of the state machine for fanned-out replays, if the stack has one."""
    fan_out_prefix: str | None = None
    """The `s3://BUCKET/FOLDER` that the stack's workers may write to."""
    not_listed: str | None = None
    """Error message if the stack's resources could not be listed, in which case `graders` may be incomplete.
    """

    def arn(self, grader: str | None = None) -> str:
        """Return a grader's ARN with the most specific qualifier.

        Args:
            grader: The grader's name, or None for the stack's only grader.

        Raises:
            InputError: The stack has no such grader, or has several and no name was given.
        """
        known = f"Its graders: {', '.join(self.graders)}."
        if grader is None and len(self.graders) > 1:
            text = f"the stack has {len(self.graders)} graders"
            raise InputError(
                text, place=f"stack {self.name}", fix=f"Name one with --function: {', '.join(self.graders)}."
            )
        found = self.graders.get(grader or next(iter(self.graders)))
        if found is None:
            raise InputError(f"the stack has no grader {grader!r}", place=f"stack {self.name}", fix=known)
        return found.arn

    def to_json(self) -> dict[str, Any]:
        """Return the stack as JSON."""
        kinds = ("version", "alias", "function")
        graders = {
            name: {kind: getattr(grader, kind) for kind in kinds} for name, grader in self.graders.items()
        }
        return {
            "stack": self.name,
            "region": self.region,
            "status": self.status,
            "graders": graders,
            "submitter_policy": self.submitter_policy,
            "fan_out_machine": self.fan_out_machine,
            "fan_out_prefix": self.fan_out_prefix,
            "not_listed": self.not_listed,
        }


def read_stack(name: str, region: str | None = None) -> Stack:
    """Read the outputs of a stack and list its resources.

    Args:
        name: The stack's name or ARN.
        region: The stack's Region. If None, it is taken from the stack's ARN, AWS_REGION, `samconfig.toml` in
            the current folder or the AWS profile.

    Raises:
        InputError: The stack does not exist or has no grader, or no credentials or Region are configured.
        ServiceError: AWS cannot be reached, or the credentials do not allow reading the stack.
    """
    known = find_region(region, name, Path())
    formation = client("cloudformation", known.name if known else None)
    where = formation.meta.region_name
    try:
        with explained(f"stack {name}"):
            [found] = formation.describe_stacks(StackName=name)["Stacks"]
    except NotInAws:
        fix = f"`sam deploy --stack-name {name}` creates it; --region names another Region."
        raise NotInAws(f"there is no such stack in {where}", place=f"stack {name}", fix=fix) from None
    outputs = {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])}
    arns = [(_ENDING.sub("", key) or key, value) for key, value in outputs.items()]
    not_listed = None
    try:
        with explained(f"stack {name}"):
            arns += _published(formation, found["StackId"])
    except Denied as refused:
        not_listed = str(refused)
    graders = _graders(arns)
    if not graders:
        text = "no output is the ARN of a Lambda function, and "
        text += f"its resources are unknown: {not_listed}" if not_listed else "no function publishes versions"
        fix = "Set AutoPublishAlias on the graders' functions and deploy again."
        raise InputError(f"{text} (status {found['StackStatus']})", place=f"stack {name}", fix=fix)
    return Stack(
        name=found["StackName"],
        region=where,
        status=found["StackStatus"],
        graders=graders,
        submitter_policy=outputs.get(_POLICY),
        fan_out_machine=outputs.get("FanOutStateMachineArn"),
        fan_out_prefix=_fan_out_prefix(outputs),
        not_listed=not_listed,
    )


def _fan_out_prefix(outputs: dict[str, str]) -> str | None:
    bucket, prefix = outputs.get("FanOutBucket"), outputs.get("FanOutPrefix")
    return f"s3://{bucket}/{prefix}" if bucket and prefix else None


def _published(formation: Any, stack_arn: str) -> list[tuple[str, str]]:
    """Return pairs of logical ID and ARN for published functions and their versions and aliases."""
    pages = formation.get_paginator("list_stack_resources").paginate(StackName=stack_arn)
    rows = [row for page in pages for row in page["StackResourceSummaries"] if "PhysicalResourceId" in row]
    live = [row for row in rows if not row["ResourceStatus"].startswith("DELETE_")]
    names = {
        row["PhysicalResourceId"]: row["LogicalResourceId"]
        for row in live
        if row["ResourceType"] == "AWS::Lambda::Function"
    }
    arns = [row["PhysicalResourceId"] for row in live if row["ResourceType"] in _PUBLISHED]
    found = [(names.get(match["name"]), match) for arn in arns if (match := _LAMBDA.fullmatch(arn))]
    own = [(name, match) for name, match in found if name is not None]
    return [(name, arn) for name, match in own for arn in (match["function"], match[0])]


def _graders(arns: list[tuple[str, str]]) -> dict[str, DeployedGrader]:
    """Group names and ARNs into graders. If a function has several names, the first one is used."""
    names: dict[str, str] = {}
    found: dict[str, dict[str, str]] = {}
    for name, arn in arns:
        match = _LAMBDA.fullmatch(arn)
        if match is None:
            continue
        qualifier = match["qualifier"]
        kind = "function" if qualifier in (None, "$LATEST") else "alias"
        if qualifier is not None and qualifier.isdigit():
            kind = "version"
        known = names.setdefault(match["function"], name)
        found.setdefault(known, {}).setdefault(kind, arn)
    return {name: DeployedGrader(name, **kinds) for name, kinds in sorted(found.items())}
