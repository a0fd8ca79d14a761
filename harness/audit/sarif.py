"""Formats audit findings as SARIF 2.1.0, the input format of code scanning services."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.audit.engine import CATALOGUE
from harness.audit.keeping import rules
from harness.findings import Severity
from harness.runs.audits import AuditFacts, AuditFinding

__all__ = ["sarif"]

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {
    Severity.CRITICAL: "error",
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.NOTE: "note",
    Severity.INFO: "note",
}


def sarif(facts: AuditFacts, version: str) -> dict[str, Any]:
    """Format an audit as a SARIF log.

    Args:
        facts: The audit.
        version: The version of rft.
    """
    ids = sorted({*rules(), *(one.id for one in facts.findings)})
    driver = {
        "name": "rft audit",
        "version": version,
        "properties": {"catalogue": CATALOGUE},
        "rules": [_rule(name, facts) for name in ids],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": facts.verdict != "not measured"}],
        "results": [_result(one, ids.index(one.id)) for one in facts.findings],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(name: str, facts: AuditFacts) -> dict[str, Any]:
    known = rules().get(name)
    if known is None:  # a contract rule that has no probe of its own
        one = next(each for each in facts.findings if each.id == name)
        title, fix, severity = one.title, one.fix or "", one.severity
    else:
        title, fix, severity = known.title, known.fix, known.severity
    rule: dict[str, Any] = {
        "id": name,
        "shortDescription": {"text": title},
        "defaultConfiguration": {"level": _LEVELS[severity]},
    }
    return {**rule, "help": {"text": fix}} if fix else rule


def _result(one: AuditFinding, index: int) -> dict[str, Any]:
    fix = f" {one.fix}" if one.fix else ""
    result: dict[str, Any] = {
        "ruleId": one.id,
        "ruleIndex": index,
        "level": _LEVELS[one.severity],
        "message": {"text": f"{one.message}.{fix}" if not one.message.endswith(".") else one.message + fix},
        "locations": [*_locations(one)],
        "properties": {"severity": one.severity.value},
    }
    if one.witness is not None:
        result["partialFingerprints"] = {"witness/v1": one.witness}
    else:
        text = hashlib.sha256(one.message.encode()).hexdigest()[:16]
        result["partialFingerprints"] = {"message/v1": text}
    if one.waived is not None:
        result["suppressions"] = [{"kind": "external", "justification": one.waived}]
    return result


def _locations(one: AuditFinding) -> Iterator[dict[str, Any]]:
    if one.place is None or one.place.file is None:
        return
    file = Path(one.place.file)
    uri = file.as_uri() if file.is_absolute() else _relative_uri(file)
    found: dict[str, Any] = {"artifactLocation": {"uri": uri}}
    if one.place.line is not None:
        found["region"] = {"startLine": one.place.line}
    yield {"physicalLocation": found}


def _relative_uri(file: Path) -> str:
    from urllib.parse import quote

    return quote(file.as_posix())
