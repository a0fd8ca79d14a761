"""Who may do what in an AWS account: the policies of a role or of whoever is signed in.

In come IAM's answers, out go policy documents by identity. Only what the identity's own policies say is read;
nothing is changed.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from harness.aws import client, explained

__all__ = ["Identity", "document_of", "identity_of", "policies_of"]

_ARN = re.compile(r"arn:aws[a-z-]*:(?:iam|sts)::(\d{12}):(root|user|role|assumed-role)/?(.*)")


class Identity(NamedTuple):
    """A user or a role."""

    arn: str
    kind: str
    """`user`, `role`, or `root`, which may do everything."""
    name: str
    account: str


def identity_of(arn: str) -> Identity:
    """Take an identity's ARN apart; a session of a role is the role.

    Args:
        arn: Of a role, a user, an assumed role or the account itself.

    Raises:
        ValueError: It is none of these.
    """
    match = _ARN.fullmatch(arn)
    if match is None:
        raise ValueError(arn)
    account, kind, rest = match.groups()
    if kind == "assumed-role":
        return Identity(arn, "role", rest.partition("/")[0], account)
    return Identity(arn, kind, rest.rpartition("/")[2], account)


def policies_of(identity: Identity, region: str) -> list[dict[str, Any]]:
    """Every policy document of a role or user, those of a user's groups with them.

    Args:
        identity: Whose.
        region: Any of the account's partition: IAM itself is global.

    Raises:
        Denied: These credentials may not read them.
        ServiceError: AWS cannot be reached.
    """
    if identity.kind == "root":
        return [{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}]
    iam = client("iam", region)
    with explained(identity.arn):
        found = _documents(iam, identity.kind, identity.name)
        if identity.kind == "user":
            for group in iam.list_groups_for_user(UserName=identity.name)["Groups"]:
                found += _documents(iam, "group", group["GroupName"])
    return found


def _documents(iam: Any, kind: str, name: str) -> list[dict[str, Any]]:
    """The documents of one holder, those in it and those attached to it."""
    own = {f"{kind.capitalize()}Name": name}
    found = []
    for page in iam.get_paginator(f"list_{kind}_policies").paginate(**own):
        for policy in page["PolicyNames"]:
            document = getattr(iam, f"get_{kind}_policy")(**own, PolicyName=policy)["PolicyDocument"]
            found.append(document)
    for page in iam.get_paginator(f"list_attached_{kind}_policies").paginate(**own):
        for attached in page["AttachedPolicies"]:
            found.append(document_of(iam, attached["PolicyArn"]))
    return found


def document_of(iam: Any, arn: str) -> dict[str, Any]:
    """The document of a managed policy, in its present version."""
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document: dict[str, Any] = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"][
        "Document"
    ]
    return document
