from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.errors import InputError
from harness.findings import Place, Severity
from harness.runs.audits import AuditFacts, AuditFinding, AuditHeadline, audits_of, keep_audit, read_audit
from harness.runs.facts import GraderFacts
from support.kept_audits import audit_facts


def facts(**more: Any) -> AuditFacts:
    known: dict[str, Any] = {
        "verdict": "fix first",
        "headline": AuditHeadline("C01", "", "An empty completion is paid"),
        "findings": (
            AuditFinding(
                id="C01",
                severity=Severity.CRITICAL,
                title="a completion without content is paid",
                message="'' is paid",
                place=Place("records.jsonl", 3),
                witness="0123456789abcdef",
                records=8,
                tried=8,
                text="",
                share=1.0,
            ),
            AuditFinding(
                id="C07", severity=Severity.ERROR, title="form is paid", message="form", waived="meant"
            ),
        ),
    }
    return audit_facts(**{**known, **more})


def test_an_audit_is_read_back_as_it_was_kept(tmp_path: Path) -> None:
    folder = keep_audit(tmp_path, None, facts(), {"C01-0123456789abcdef.jsonl": b"{}\n"})
    found = read_audit(folder)
    assert found is not None
    assert found == facts(name=folder.name, when=found.when)
    assert folder.parent == tmp_path / "audits"
    assert folder.name.endswith("-right")
    first = found.findings[0]
    assert (folder / str(first.rollouts)).read_bytes() == b"{}\n"
    assert [one.id for one in found.open] == ["C01"]
    assert found.counts() == {Severity.CRITICAL: 1}


def test_an_audit_is_never_overwritten(tmp_path: Path) -> None:
    one = keep_audit(tmp_path, None, facts(), {})
    other = keep_audit(tmp_path, None, facts(records=21), {})
    assert one != other
    keep_audit(tmp_path, "mine", facts(), {})
    with pytest.raises(InputError, match="the audit mine already exists"):
        keep_audit(tmp_path, "mine", facts(), {})
    with pytest.raises(InputError, match="cannot name an audit"):
        keep_audit(tmp_path, "../mine", facts(), {})
    assert not [*(tmp_path / "audits").glob(".new-*")]


def test_the_audits_of_a_fingerprint_come_newest_first_without_damaged_ones(tmp_path: Path) -> None:
    assert [*audits_of(tmp_path)] == []
    keep_audit(tmp_path, "a", facts(), {})
    keep_audit(tmp_path, "b", facts(), {})
    keep_audit(tmp_path, "c", facts(grader=GraderFacts("g.py:f", "other")), {})
    torn = tmp_path / "audits" / "torn"
    torn.mkdir()
    (torn / "audit.json").write_text('{"schema": 1')
    assert [one.name for one in audits_of(tmp_path, "abc")] == ["b", "a"]
    assert {one.name for one in audits_of(tmp_path)} == {"a", "b", "c"}
    with pytest.raises(InputError, match="this is not a readable audit"):
        read_audit(torn)
    assert read_audit(tmp_path / "audits" / "none") is None
