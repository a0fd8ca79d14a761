from __future__ import annotations

from pathlib import Path

from harness.findings import Severity
from harness.report.page.contents import page_of
from harness.report.page.writing import html_of
from harness.runs.audits import AuditFinding, AuditHeadline
from harness.runs.facts import GraderFacts
from support.finished_runs import finished_run
from support.kept_audits import kept_audit
from support.rollout_files import rollout
from support.run_records import row_of

NASTY = "<script>alert(1)</script>"


def finding(name: str, waived: str | None = None) -> AuditFinding:
    return AuditFinding(
        id=name,
        severity=Severity.CRITICAL,
        title="t",
        message=f"{NASTY} is paid",
        records=8,
        tried=24,
        waived=waived,
    )


def test_the_audit_of_the_runs_grader_is_shown(tmp_path: Path) -> None:
    run = finished_run(tmp_path, [rollout("a", "1", "1")], [row_of("a", 1.0)])
    sha256 = run.facts.grader.sha256
    assert page_of(run).audit is None
    kept_audit(tmp_path / "runs", "other", grader=GraderFacts("my_grader:right", "other"))
    assert page_of(run).audit is None
    kept_audit(
        tmp_path / "runs",
        "mine",
        grader=GraderFacts("my_grader:right", sha256),
        verdict="fix first",
        headline=AuditHeadline("C01", NASTY, f"`{NASTY}` earns as much as the right answer"),
        findings=(finding("C01"), *(finding("C02", waived="meant so"),) * 30),
        notes=("No rollouts were recorded.",),
    )
    card = page_of(run).audit
    assert card is not None
    assert (card.verdict, len(card.findings), card.more) == ("fix first", 20, 11)
    assert card.findings[0].records == "8 of 24"
    text = html_of(page_of(run))
    assert "Audit of the grader: fix first" in text
    assert NASTY not in text
    assert "(waived: meant so)" in text
    assert "11 more findings and the witnesses are in audits/mine" in text
    assert "No rollouts were recorded." in text


def test_an_audit_without_findings_says_so(tmp_path: Path) -> None:
    run = finished_run(tmp_path, [rollout("a", "1", "1")], [row_of("a", 1.0)])
    kept_audit(tmp_path / "runs", "mine", grader=run.facts.grader)
    text = html_of(page_of(run))
    assert "Audit of the grader: train" in text
    assert "No findings." in text
