"""Finds overly permissive IAM policies, in IAM's own JSON or in a template.

Source: the IAM user guide, "IAM JSON policy elements".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from harness.deploy.checklist import finding
from harness.findings import Finding, Place

__all__ = ["check_statements", "written"]

# Actions that take no resource, or whose resources are not known in advance, so that only `*` works.
_NO_RESOURCE = re.compile(
    r"(bedrock|bedrock-mantle):CallWithBearerToken|cloudwatch:PutMetricData|xray:Put\w+|logs:CreateLogGroup|"
    r"ec2:(\w*NetworkInterfaces?|DescribeSubnets|\w*ssignPrivateIpAddresses)|sts:GetCallerIdentity|"
    r"lambda:GetAccountSettings",
    re.IGNORECASE,
)

Document = dict[str, Any]


def check_statements(document: Any, place: Place, whose: str) -> Iterator[Finding]:
    """Find policy statements that allow more than any grader needs.

    Args:
        document: A policy.
        place: The policy's place, for use in findings.
        whose: The identity that has the policy, for use in the message.
    """
    for statement in written(document.get("Statement") if isinstance(document, dict) else None):
        if statement.get("Effect") != "Allow":
            continue
        actions = [text for text in _listed(statement.get("Action")) if isinstance(text, str)]
        if "NotAction" in statement:
            yield finding("D007", f"{whose} may do everything except {statement['NotAction']}", place)
            continue
        wide = [action for action in actions if action == "*" or action.endswith(":*")]
        if wide:
            yield finding("D007", f"{whose} may do {', '.join(wide)}", place)
            continue
        everywhere = "*" in _listed(statement.get("Resource")) or "NotResource" in statement
        limited = [action for action in actions if not _NO_RESOURCE.fullmatch(action)]
        if everywhere and limited and not statement.get("Condition"):
            yield finding("D008", f"{whose} may do {', '.join(limited)} on every resource", place)


def written(found: Any) -> Iterator[Document]:
    """Yield the objects in a value, including those in nested lists and both branches of `Fn::If`.

    Args:
        found: The value from the template or policy.
    """
    if isinstance(found, list):
        for each in found:
            yield from written(each)
    elif isinstance(found, dict) and isinstance(found.get("Fn::If"), list):
        yield from written(found["Fn::If"][1:])
    elif isinstance(found, dict):
        yield found


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
