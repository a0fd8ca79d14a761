"""The extra job of a rehearsal, which follows the completions that an audit reported."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.findings import Severity
from harness.rehearsal.bred import paid_texts
from harness.rehearsal.rehearsal_file import Rehearsal, read_rehearsal
from harness.report.page.curve_charts import rehearsal_charts
from harness.report.rehearsal import bred_lines, rehearsal_lines
from harness.runs.audits import AuditFinding
from harness.runs.facts import GraderFacts
from harness.samples import ROLLOUTS
from harness.targets.opening import TargetChoice, describe
from support.kept_audits import kept_audit
from support.rehearsing import head, rehearsed, write_graders


def finding(
    text: str | None, name: str = "C01", severity: str = "critical", share: float = 1.0
) -> AuditFinding:
    return AuditFinding(
        id=name, severity=Severity(severity), title="t", message=f"{text!r} is paid", text=text, share=share
    )


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Rehearsal:
    """A rehearsal with a grader that pays for empty completions, which an earlier audit reported."""
    folder = tmp_path_factory.mktemp("bred")
    grader = f"{write_graders(folder)}:nothing"
    _, facts = describe(TargetChoice(grader=grader))
    assert facts.sha256 is not None
    findings = (finding(""), finding("never paid", "C09", "warning", 0.2))
    kept_audit(folder / "runs", "one", grader=facts, findings=findings, verdict="fix first")
    some = head(folder / "r.jsonl", ROLLOUTS, 400)
    return rehearsed(folder, grader, some, runs=folder / "runs")


def test_training_breeds_what_is_paid_and_not_what_is_not(found: Rehearsal) -> None:
    paid, other = found.bred
    assert (paid.id, paid.text, paid.reward) == ("C01", "", 1.0)
    assert paid.bred
    assert paid.after > 2 * paid.before
    assert paid.held_out is not None
    assert paid.held_out[1] > 2 * paid.held_out[0]
    assert paid.curve[-1] > paid.curve[0]
    assert (other.reward, other.bred) == (0.0, False)
    assert abs(paid.before - other.before) < 1e-9


def test_the_job_without_it_is_the_same_as_without_an_audit(found: Rehearsal) -> None:
    folder = found.folder.parent
    some = folder / "r.jsonl"
    plain = rehearsed(
        folder, f"{folder / 'rehearsed_graders.py'}:nothing", some, "plain", runs=folder / "none"
    )
    assert plain.bred == []
    assert replace(plain, folder=found.folder, bred=found.bred) == found


def test_finding_and_curve_are_in_one_report(found: Rehearsal) -> None:
    lines = [line.text for line in rehearsal_lines(found)]
    assert any("completions that the audit found rewarded" in line for line in lines)
    assert "  C01 '' is paid" in lines
    assert any("training breeds it; mean reward 1.00" in line for line in lines)
    assert any("training does not breed it here; mean reward 0.00" in line for line in lines)
    assert list(bred_lines([])) == []
    assert read_rehearsal(found.folder) == found
    says, charts = rehearsal_charts(found.folder)
    assert any("breeds it" in line for line in says)
    assert [chart.metric for chart in charts][-2:] == ["audit C01", "audit C09"]
    assert charts[-1].steps[-1] == found.steps


def test_only_open_texts_of_the_very_grader_are_paid_texts(tmp_path: Path) -> None:
    findings = (
        finding("a"),
        finding("a", "C02"),
        finding(None, "A03"),
        finding("72.", "B03"),
        finding("c", "C05", "note"),
        finding("d", "C09", share=0.0),
        replace(finding("e", "C11"), waived="meant so"),
        finding("f", "C16"),
    )
    kept_audit(tmp_path, "one", grader=GraderFacts("g.py:f", "abc"), findings=findings)
    assert [(one.id, one.text) for one in paid_texts(tmp_path, "abc")] == [("C01", "a"), ("C16", "f")]
    assert paid_texts(tmp_path, "other") == []
    assert paid_texts(tmp_path, None) == []
