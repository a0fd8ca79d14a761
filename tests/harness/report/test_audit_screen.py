from __future__ import annotations

import io
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from harness.findings import Place, Severity
from harness.report.audit_screen import audit_text, print_audit
from harness.report.console import SafeConsole
from harness.runs.audits import AuditFinding, AuditHeadline
from support.kept_audits import audit_facts


def screen(*remarks: str, **facts: Any) -> list[str]:
    written = io.StringIO()
    print_audit(audit_facts(**facts), SafeConsole(file=written), remarks)
    return written.getvalue().splitlines()


def finding(name: str, message: str = "m", severity: str = "error", **more: Any) -> AuditFinding:
    return AuditFinding(
        id=name, severity=Severity(severity), title=f"title of {name}", message=message, **more
    )


def test_three_findings_come_in_full_before_the_verdict_and_the_rest_after_it() -> None:
    findings = tuple(finding(f"C0{n}", f"message {n}", fix=f"fix {n}") for n in range(1, 6))
    lines = screen(
        verdict="fix first",
        findings=findings,
        headline=AuditHeadline("C01", ",", "`,` earns as much as the right answer"),
    )
    assert lines[0] == "`,` earns as much as the right answer (C01)"
    verdict = next(at for at, line in enumerate(lines) if line.startswith("FIX FIRST"))
    assert [line for line in lines[:verdict] if line.startswith("  fix")] == ["  fix 1", "  fix 2", "  fix 3"]
    assert [line for line in lines[verdict:] if "message" in line] == [
        "  error C04 message 4",
        "  error C05 message 5",
    ]
    assert lines[verdict].endswith("20 records, 5 error")


def test_a_message_that_is_the_headline_is_said_once() -> None:
    lines = screen(findings=(finding("A03", "one call"),), headline=AuditHeadline("A03", None, "one call"))
    assert sum("one call" in line for line in lines) == 1


def test_an_audit_without_findings_says_what_it_did() -> None:
    lines = screen("kept in runs/audits/mine", formats=("#### {a}",), kind="number", gradings=1234)
    assert lines[0] == "No probe found a completion that earns a reward it should not."
    assert "TRAIN: my_grader.py:right on 20 records, no findings" in lines
    assert "answers taken as number; formats: '#### {a}'" in lines
    assert any("1,234 gradings" in line for line in lines)
    assert lines[-1] == "kept in runs/audits/mine"


def test_waivers_notes_and_places_are_shown() -> None:
    waived = finding("C05", waived="meant so")
    shown = finding("C01", place=Place("r.jsonl", 3), witness="0" * 16, records=8, tried=24)
    lines = screen(findings=(shown, waived), notes=("No rollouts were recorded.",))
    assert "  r.jsonl:3, witness 0000000000000000" in lines
    assert "  m (8 of 24 records)" in lines
    assert "  waived: error C05 title of C05 (meant so)" in lines
    assert "No rollouts were recorded." in lines


def test_a_command_stays_on_one_line() -> None:
    command = "  rft replay " + "a" * 100 + " --expect " + "b" * 100
    assert screen(command)[-1] == command


@given(st.text(), st.text())
def test_no_text_of_a_grader_steers_the_terminal(message: str, title: str) -> None:
    one = AuditFinding(id="C01", severity=Severity.ERROR, title=title, message=message, fix=message)
    facts = audit_facts(findings=(one,), headline=AuditHeadline("C01", message, message))
    written = io.StringIO()
    print_audit(facts, SafeConsole(file=written))
    assert all(char.isprintable() for line in written.getvalue().split("\n") for char in line)
    assert all(char.isprintable() for line in audit_text(facts).split("\n") for char in line)
