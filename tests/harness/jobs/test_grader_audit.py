from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.findings import Severity
from harness.jobs.grader_audit import audit_findings
from harness.jobs.plan import ReplayEvidence, SameCode
from harness.jobs.same_code import UnknownFunction
from harness.runs.audits import AuditFinding
from harness.runs.facts import DeployedFacts, GraderFacts
from harness.targets.deployed_code import FunctionFacts
from support.kept_audits import kept_audit

ARN = "arn:aws:lambda:us-west-2:123456789012:function:my-grader:3"
UNKNOWN = UnknownFunction(ARN, "AWS was not asked")
FUNCTION = FunctionFacts(
    arn=ARN,
    version="3",
    code_sha256="code=",
    handler="g.handler",
    runtime="python3.12",
    layers=0,
    location=None,
    unread="its zip is not to be had",
)


def keep(runs: Path, name: str, severity: str | None = None, **more: Any) -> None:
    if severity is not None:
        one = AuditFinding(id="C01", severity=Severity(severity), title="empty is paid", message="m")
        more |= {"findings": (one,), "verdict": "fix first"}
    kept_audit(runs, name, **more)


def replay(same: SameCode = "not proven") -> ReplayEvidence:
    return ReplayEvidence(Path("runs/one"), "in-process", "abc", same)


def said(
    runs: Path, function: Any = UNKNOWN, replayed: ReplayEvidence | None = None
) -> list[tuple[str, str]]:
    return [(one.id, one.severity.value) for one in audit_findings(runs, function, replayed)]


def test_no_audit_is_one_warning(tmp_path: Path) -> None:
    assert said(tmp_path) == [("J038", "warning")]
    keep(tmp_path, "other", "critical", grader=GraderFacts("g.py:f", "other"))
    assert said(tmp_path, FUNCTION, replay()) == [("J038", "warning")]


@pytest.mark.parametrize(
    ("severity", "more", "found"),
    [
        (None, {}, []),
        ("warning", {}, []),
        ("error", {}, [("J037", "warning")]),
        ("critical", {}, [("J037", "error")]),
        (None, {"verdict": "not measured"}, [("J036", "error")]),
    ],
)
def test_the_audit_of_the_replayed_fingerprint_counts(
    tmp_path: Path, severity: str | None, more: dict[str, Any], found: list[tuple[str, str]]
) -> None:
    keep(tmp_path, "one", severity, **more)
    assert said(tmp_path, UNKNOWN, replay()) == found
    assert said(tmp_path, UNKNOWN, replay("different")) == [("J038", "warning")]


def test_a_waived_finding_stops_nothing(tmp_path: Path) -> None:
    one = AuditFinding(id="C01", severity=Severity.CRITICAL, title="t", message="m", waived="meant so")
    keep(tmp_path, "one", findings=(one,))
    assert said(tmp_path, UNKNOWN, replay()) == []


def test_the_audit_of_the_deployed_code_counts_and_the_newest_wins(tmp_path: Path) -> None:
    target = DeployedFacts(ARN, None, ARN, "3", "code=")
    keep(tmp_path, "a", "critical", grader=GraderFacts("my-grader", "code="), target=target)
    assert said(tmp_path, FUNCTION) == [("J037", "error")]
    keep(tmp_path, "b", grader=GraderFacts("my-grader", "code="), target=target)
    assert said(tmp_path, FUNCTION) == []


def test_an_audit_of_the_same_version_counts_where_its_code_was_not_read(tmp_path: Path) -> None:
    target = DeployedFacts(ARN, None, ARN, "3", None)
    keep(tmp_path, "a", "critical", grader=GraderFacts("my-grader", None), target=target)
    assert said(tmp_path, FUNCTION) == [("J037", "error")]
