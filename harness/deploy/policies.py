"""Reads IAM policy documents: what they allow, and what they allow too much.

In come documents as IAM returns them or as a template writes them, out goes whether an action on a resource
is allowed by them. It stands in for the policy simulator, which needs a permission of its own. Conditions are
not evaluated, and permission boundaries, organisation policies and resource policies are not looked at.

Source: the IAM user guide, "Policy evaluation logic" and "IAM JSON policy elements".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from harness.deploy.checklist import finding
from harness.findings import Finding, Place

__all__ = ["ALLOWED", "CONDITIONAL", "DENIED", "NOT_ALLOWED", "check_statements", "decide", "statements"]

ALLOWED, CONDITIONAL, DENIED, NOT_ALLOWED = "allowed", "conditional", "denied", "not allowed"

# Actions that know no resource, or whose resource is not known before: `*` is all that one can write.
_NO_RESOURCE = re.compile(
    r"(bedrock|bedrock-mantle):CallWithBearerToken|cloudwatch:PutMetricData|xray:Put\w+|logs:CreateLogGroup|"
    r"ec2:\w*NetworkInterfaces?|sts:GetCallerIdentity",
    re.IGNORECASE,
)

Document = dict[str, Any]


def statements(document: Any) -> Iterator[Document]:
    """The statements of a policy document, whatever its shape."""
    yield from _flat(document.get("Statement") if isinstance(document, dict) else None)


def decide(documents: Iterable[Document], action: str, resource: str) -> str:
    """Whether policies allow an action on a resource.

    Args:
        documents: All policies of one identity.
        action: `lambda:InvokeFunction`.
        resource: The ARN.

    Returns:
        `allowed`, `conditional` (only under conditions, which are not evaluated), `denied` by a statement of
        its own, or `not allowed` by any.
    """
    found = {
        (statement["Effect"], bool(statement.get("Condition")))
        for document in documents
        for statement in statements(document)
        if _applies(statement, action, resource)
    }
    if ("Deny", False) in found:
        return DENIED
    allowed, perhaps = ("Allow", False) in found, ("Allow", True) in found
    if allowed and ("Deny", True) not in found:
        return ALLOWED
    return CONDITIONAL if allowed or perhaps else NOT_ALLOWED


def check_statements(document: Any, place: Place, whose: str) -> Iterator[Finding]:
    """Find statements that allow more than any grader needs.

    Args:
        document: A policy.
        place: Where it stands.
        whose: Who is allowed, for the message.
    """
    for statement in statements(document):
        if statement["Effect"] != "Allow":
            continue
        actions = [text for text in _listed(statement.get("Action")) if isinstance(text, str)]
        if "NotAction" in statement:
            yield finding("D007", f"{whose} may do everything but {statement['NotAction']}", place)
            continue
        wide = [action for action in actions if action == "*" or action.endswith(":*")]
        if wide:
            yield finding("D007", f"{whose} may do {', '.join(wide)}", place)
            continue
        everywhere = "*" in _listed(statement.get("Resource")) or "NotResource" in statement
        limited = [action for action in actions if not _NO_RESOURCE.fullmatch(action)]
        if everywhere and limited and not statement.get("Condition"):
            yield finding("D008", f"{whose} may do {', '.join(limited)} on every resource", place)


def _flat(found: Any) -> Iterator[Document]:
    """Statements out of lists and, in a template, out of both branches of `Fn::If`."""
    if isinstance(found, list):
        for each in found:
            yield from _flat(each)
    elif isinstance(found, dict) and "Effect" in found:
        yield found
    elif isinstance(found, dict) and isinstance(found.get("Fn::If"), list):
        yield from _flat(found["Fn::If"][1:])


def _applies(statement: Document, action: str, resource: str) -> bool:
    if "NotAction" in statement:
        acts = not _any(statement["NotAction"], action, re.IGNORECASE)
    else:
        acts = _any(statement.get("Action"), action, re.IGNORECASE)
    if "NotResource" in statement:
        return acts and not _any(statement["NotResource"], resource)
    return acts and _any(statement.get("Resource"), resource)


def _any(patterns: Any, text: str, flags: int = 0) -> bool:
    return any(
        re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), text, flags)
        for pattern in _listed(patterns)
        if isinstance(pattern, str)
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
