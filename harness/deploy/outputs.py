"""Which graders a CloudFormation stack has deployed, by the ARNs in its outputs and by its resources.

An output counts when its value is a Lambda function's ARN; its name without the ending (`VersionArn`,
`AliasArn`, `FunctionArn`, `Arn`) is the grader's. A function of the stack that publishes versions counts too
where no output names it, under its logical ID. It changes nothing in AWS.
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
    """One grader of a stack."""

    name: str
    version: str | None = None
    """ARN of the published version: what it runs never changes."""
    alias: str | None = None
    function: str | None = None
    """ARN without a version: the next deployment changes what it runs."""

    @property
    def arn(self) -> str:
        """The most fixed of its ARNs."""
        found = self.version or self.alias or self.function
        assert found is not None
        return found


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack as far as graders go."""

    name: str
    region: str
    status: str
    """As CloudFormation spells it: `UPDATE_COMPLETE`."""
    graders: dict[str, DeployedGrader] = field(default_factory=dict)
    submitter_policy: str | None = None
    """ARN of the managed policy for whoever submits jobs, where the stack makes one."""
    fan_out_machine: str | None = None
    """ARN of the state machine that replays are fanned out with, where the stack has one."""
    fan_out_prefix: str | None = None
    """`s3://BUCKET/FOLDER` that its workers may write to."""
    not_listed: str | None = None
    """Why the stack's resources could not be listed: a grader that no output names is missing then."""

    def arn(self, grader: str | None = None) -> str:
        """The most fixed ARN of one grader.

        Args:
            grader: Its name; the stack's only one when None.

        Raises:
            InputError: There is no such grader, or several fit.
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
        """The stack as JSON."""
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
    """Read a stack's outputs and list its resources.

    Args:
        name: The stack's name or ARN.
        region: Where it is; when None, as the stack's ARN, AWS_REGION, `samconfig.toml` in this folder or the
            AWS profile say.

    Raises:
        InputError: There is no such stack, it has no grader, or no credentials or region are configured.
        ServiceError: AWS cannot be reached, or these credentials may not look.
    """
    known = find_region(region, name, Path())
    formation = client("cloudformation", known.name if known else None)
    where = formation.meta.region_name
    try:
        with explained(f"stack {name}"):
            [found] = formation.describe_stacks(StackName=name)["Stacks"]
    except NotInAws:
        fix = f"`sam deploy --stack-name {name}` makes it; --region names another region."
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
        text += (
            f"its resources are not known: {not_listed}" if not_listed else "no function publishes versions"
        )
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
    """Where the stack's workers may write; None for a stack without them."""
    bucket, prefix = outputs.get("FanOutBucket"), outputs.get("FanOutPrefix")
    return f"s3://{bucket}/{prefix}" if bucket and prefix else None


def _published(formation: Any, stack_arn: str) -> list[tuple[str, str]]:
    """The ARNs of the stack's functions that publish versions, each with the function's logical ID."""
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
    """Graders out of names and ARNs; the first name of a function stands for it."""
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
