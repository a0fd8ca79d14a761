"""IAM's policy simulator, which moto does not have: SimulatePrincipalPolicy and SimulateCustomPolicy.

It evaluates the policies of a role, or of a user and the user's groups. Like IAM without a given context, it
reports the context keys of all conditions as missing. Permission boundaries and the organization's policies
are ignored.

Source: the IAM user guide, "Policy evaluation logic" and "IAM JSON policy elements".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from moto.core.responses import ActionResult
from moto.iam.responses import IamResponse


def simulate_principal_policy(self: IamResponse) -> ActionResult:
    kind, _, path = self._get_param("PolicySourceArn").rpartition(":")[2].partition("/")
    name = path.rpartition("/")[2]
    getattr(self.backend, f"get_{kind}")(name)  # raises NoSuchEntity if there is none
    holders = [(kind, name)]
    if kind == "user":
        holders += [("group", group.name) for group in self.backend.get_groups_for_user(name)]
    return _results(self, [text for holder in holders for text in _documents(self.backend, *holder)])


def simulate_custom_policy(self: IamResponse) -> ActionResult:
    return _results(self, self._get_param("PolicyInputList"))


def _documents(backend: Any, kind: str, name: str) -> Iterator[str]:
    for policy in getattr(backend, f"list_{kind}_policies")(name):
        found = getattr(backend, f"get_{kind}_policy")(name, policy)
        yield found["policy_document"] if isinstance(found, dict) else found[1]
    attached, _ = getattr(backend, f"list_attached_{kind}_policies")(name)
    for policy in attached:
        yield next(version.document for version in policy.versions if version.is_default)


def _results(self: IamResponse, documents: list[str]) -> ActionResult:
    parsed = [json.loads(text) for text in documents]
    results = [
        {
            "EvalActionName": action,
            "EvalResourceName": resource,
            "EvalDecision": decide(parsed, action, resource),
            "MissingContextValues": _missing(parsed, action, resource),
        }
        for action in self._get_param("ActionNames")
        for resource in self._get_param("ResourceArns")
    ]
    return ActionResult({"EvaluationResults": results, "IsTruncated": False})


def decide(documents: list[dict[str, Any]], action: str, resource: str) -> str:
    """Return `allowed`, `explicitDeny` or `implicitDeny`. A statement with a condition never matches."""
    effects = {one["Effect"] for one in _matching(documents, action, resource) if not one.get("Condition")}
    return "explicitDeny" if "Deny" in effects else "allowed" if "Allow" in effects else "implicitDeny"


def _missing(documents: list[dict[str, Any]], action: str, resource: str) -> list[str]:
    found = [one.get("Condition") or {} for one in _matching(documents, action, resource)]
    return sorted({key for condition in found for tests in condition.values() for key in tests})


def _matching(documents: list[dict[str, Any]], action: str, resource: str) -> Iterator[dict[str, Any]]:
    for statement in (one for document in documents for one in _listed(document["Statement"])):
        acts = _any(statement.get("Action", statement.get("NotAction")), action.lower(), str.lower)
        reaches = _any(statement.get("Resource", statement.get("NotResource")), resource, str)
        if acts != ("NotAction" in statement) and reaches != ("NotResource" in statement):
            yield statement


def _any(patterns: Any, text: str, fold: Any) -> bool:
    return any(
        re.fullmatch(re.escape(fold(pattern)).replace(r"\*", ".*").replace(r"\?", "."), text)
        for pattern in _listed(patterns)
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
