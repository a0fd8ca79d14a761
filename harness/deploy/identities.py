"""Determines what roles and the current identity may do in an AWS account.

IAM's policy simulator decides, so permissions boundaries and the organization's policies are taken into
account. The simulator requires the permissions iam:SimulatePrincipalPolicy and iam:SimulateCustomPolicy.
Without them, the functions raise `Denied`. Nothing in the account is changed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from harness.aws import client, explained

__all__ = ["Identity", "document_decides", "document_of", "identity_decides", "identity_of", "policies_of"]

_ARN = re.compile(r"arn:aws[a-z-]*:(?:iam|sts)::(\d{12}):(root|user|role|assumed-role)/?(.*)")
_DECISIONS = {"allowed": "allowed", "explicitDeny": "denied"}


class Identity(NamedTuple):
    """A user or a role."""

    arn: str
    kind: str
    """`user`, `role` or `root`. The root identity may do everything."""
    name: str
    account: str


def identity_of(arn: str) -> Identity:
    """Parse an identity's ARN. A role session counts as the role.

    Args:
        arn: The ARN of a role, a user, an assumed role or the account.

    Raises:
        ValueError: The ARN is for something else.
    """
    match = _ARN.fullmatch(arn)
    if match is None:
        raise ValueError(arn)
    account, kind, rest = match.groups()
    if kind == "assumed-role":
        return Identity(arn, "role", rest.partition("/")[0], account)
    return Identity(arn, kind, rest.rpartition("/")[2], account)


def identity_decides(identity: Identity, action: str, resource: str, region: str) -> str:
    """Decide whether an identity may perform an action.

    Args:
        identity: A role or user.
        action: The action, such as `lambda:InvokeFunction`.
        resource: The resource's ARN.
        region: Any Region in the account's partition. IAM itself is global.

    Returns:
        `allowed`, `conditional` (allowed under conditions that are not known here), `denied` (by an explicit
        statement) or `not allowed` (because no statement allows the action).

    Raises:
        Denied: The credentials do not allow using the simulator.
        ServiceError: AWS cannot be reached.
    """
    if identity.kind == "root":
        return "allowed"
    iam = client("iam", region)
    with explained(identity.arn):
        source = identity.arn
        if identity.kind == "role":  # a session's ARN omits the role's path
            source = iam.get_role(RoleName=identity.name)["Role"]["Arn"]
        asked = {"ActionNames": [action], "ResourceArns": [resource]}
        return _verdict(iam.simulate_principal_policy(PolicySourceArn=source, **asked))


def document_decides(document: dict[str, Any], action: str, resource: str, region: str) -> str:
    """Decide whether a policy document on its own allows an action.

    Args:
        document: The policy.
        action: The action, such as `lambda:InvokeFunction`.
        resource: The resource's ARN.
        region: Any Region in the account's partition.

    Returns:
        One of the values returned by `identity_decides`.

    Raises:
        Denied: The credentials do not allow using the simulator.
        ServiceError: AWS cannot be reached.
    """
    with explained("the policy simulator"):
        return _verdict(
            client("iam", region).simulate_custom_policy(
                PolicyInputList=[json.dumps(document)], ActionNames=[action], ResourceArns=[resource]
            )
        )


def _verdict(answer: dict[str, Any]) -> str:
    [result] = answer["EvaluationResults"]
    decision = _DECISIONS.get(result["EvalDecision"], "not allowed")
    # A condition whose context is missing does not match here, although it may match in a real call.
    return "conditional" if decision != "allowed" and result.get("MissingContextValues") else decision


def policies_of(role: Identity, region: str) -> Iterator[dict[str, Any]]:
    """Yield all policy documents of a role, both inline and attached.

    Args:
        role: The role.
        region: Any Region in the account's partition.

    Raises:
        Denied: The credentials do not allow reading the policies.
        ServiceError: AWS cannot be reached.
    """
    iam, own = client("iam", region), {"RoleName": role.name}
    with explained(role.arn):
        for page in iam.get_paginator("list_role_policies").paginate(**own):
            for policy in page["PolicyNames"]:
                yield iam.get_role_policy(**own, PolicyName=policy)["PolicyDocument"]
        for page in iam.get_paginator("list_attached_role_policies").paginate(**own):
            for attached in page["AttachedPolicies"]:
                yield document_of(iam, attached["PolicyArn"])


def document_of(iam: Any, arn: str) -> dict[str, Any]:
    """Return the document of a managed policy's default version."""
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document: dict[str, Any] = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"][
        "Document"
    ]
    return document
