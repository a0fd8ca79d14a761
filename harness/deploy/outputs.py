"""Which graders a CloudFormation stack has deployed, by the ARNs in its outputs.

An output counts when its value is a Lambda function's ARN; its name without the ending (`VersionArn`,
`AliasArn`, `FunctionArn`, `Arn`) is the grader's. It changes nothing in AWS.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.aws import NotInAws, client, explained
from harness.deploy.regions import find_region
from harness.errors import InputError

__all__ = ["DeployedGrader", "Stack", "read_stack"]

_LAMBDA = re.compile(r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[\w-]+(?::([\w$-]+))?")
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
        }


def read_stack(name: str, region: str | None = None) -> Stack:
    """Read a stack's outputs.

    Args:
        name: The stack's name or ARN.
        region: Where it is; when None, as the stack's ARN, AWS_REGION, `samconfig.toml` in this folder or the
            AWS profile say.

    Raises:
        InputError: There is no such stack, it has no grader among its outputs, or no credentials or region
            are configured.
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
    graders = _graders(outputs)
    if not graders:
        text = f"no output is the ARN of a Lambda function (status {found['StackStatus']})"
        fix = "Add outputs such as `GraderVersionArn: {Value: !Ref Grader.Version}` and deploy again."
        raise InputError(text, place=f"stack {name}", fix=fix)
    return Stack(found["StackName"], where, found["StackStatus"], graders, outputs.get(_POLICY))


def _graders(outputs: dict[str, str]) -> dict[str, DeployedGrader]:
    arns: dict[str, dict[str, str]] = {}
    for key, value in outputs.items():
        match = _LAMBDA.fullmatch(value)
        if match is None:
            continue
        qualifier = match[1]
        kind = "function" if qualifier in (None, "$LATEST") else "alias"
        if qualifier is not None and qualifier.isdigit():
            kind = "version"
        arns.setdefault(_ENDING.sub("", key) or key, {})[kind] = value
    return {name: DeployedGrader(name, **found) for name, found in sorted(arns.items())}
