from __future__ import annotations

from typing import Any

import pytest

from harness.audit.audit_finding import Found, Witness
from harness.audit.audit_verdict import headline_of, sort_out, verdict_of
from harness.audit.case import Control
from harness.audit.engine import Audited, ProbeOutcome
from harness.audit.formats import Format
from harness.config import Waiver
from harness.findings import Severity

CONTROL = Control("number", (Format("{a}"),), {0: 1.0}, {0: 0.0}, {0: 1}, 0.0, 1.0)
WITNESS = Witness(({"id": "witness-1", "messages": []},), (1.0,))


def finding(name: str = "C01", severity: str = "critical", **more: Any) -> Found:
    return Found(name, Severity(severity), f"{name} is paid", **more)


def audited(control: Control | None = CONTROL, passed: int = 3, failed: int = 0, skipped: int = 0) -> Audited:
    counted = [("passed", passed), ("failed", failed), ("skipped", skipped)]
    outcomes = [ProbeOutcome("C01", what) for what, count in counted for _ in range(count)]
    return Audited([], outcomes, control, False, control is not None, 100, 1.0)


@pytest.mark.parametrize(
    ("found", "fail_on", "verdict"),
    [
        ([], "error", "train"),
        ([finding("C01", "warning")], "error", "train"),
        ([finding("C01", "warning")], "warning", "fix first"),
        ([finding("C01", "error")], "error", "fix first"),
        ([finding("C01", "error")], "critical", "train"),
    ],
)
def test_a_verdict_follows_from_open_findings_and_the_limit(
    found: list[Found], fail_on: str, verdict: str
) -> None:
    assert verdict_of(audited(), found, Severity(fail_on)) == verdict


def test_without_a_control_nothing_was_measured_but_a_finding_still_counts() -> None:
    assert verdict_of(audited(None), [], Severity.ERROR) == "not measured"
    assert verdict_of(audited(None), [finding()], Severity.ERROR) == "fix first"


def test_an_audit_that_ran_less_than_half_of_its_probes_did_not_measure() -> None:
    assert verdict_of(audited(passed=2, skipped=3), [], Severity.ERROR) == "not measured"
    assert verdict_of(audited(passed=3, skipped=3), [], Severity.ERROR) == "train"
    assert verdict_of(audited(passed=0), [], Severity.ERROR) == "not measured"


def test_the_headline_is_the_text_that_is_paid() -> None:
    one = finding(text="#### ,", share=1.0, records=24, tried=24)
    said = headline_of([one, finding("C03")], recorded=False)
    assert said is not None
    assert (said.id, said.text) == ("C01", "#### ,")
    assert said.message == "`#### ,` earns as much as the right answer, on 24 of 24 records"
    part = headline_of([finding(text="x" * 100, share=0.3)], recorded=False)
    assert part is not None
    assert part.message.endswith("earns 30% of what the right answer earns")
    assert len(part.message) < 120
    assert part.text == "x" * 100
    own = headline_of([finding(headline="7% of right answers are refused")], recorded=False)
    assert own is not None
    assert own.message == "7% of right answers are refused"


def test_a_refused_form_is_a_headline_only_where_recordings_show_it() -> None:
    refused = finding("B03", "warning", text="72.", share=0.0)
    assert headline_of([refused], recorded=False) is None
    said = headline_of([refused], recorded=True)
    assert said is not None
    assert said.message == "B03 is paid"
    assert headline_of([finding("C05", "note")], recorded=True) is None


def test_a_waiver_accepts_one_witness_and_a_new_one_opens_the_finding_again() -> None:
    one = finding(witness=WITNESS)
    waiver = Waiver("C01", WITNESS.digest, "meant so", "2026-11-26")
    found = sort_out([one], [waiver])
    assert (found.open, found.unused) == ([], [])
    assert found.waived == [(one, waiver)]
    other = finding(witness=Witness(({"id": "witness-1", "messages": ["other"]},), (1.0,)))
    found = sort_out([other, finding("C02", witness=WITNESS)], [waiver])
    assert [each.id for each in found.open] == ["C01", "C02"]
    assert found.unused == [waiver]
    state = finding("A11")
    assert sort_out([state], [Waiver("A11", "none", "a judge", "2026-11-26")]).open == []
