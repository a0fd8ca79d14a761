"""Finds a known fault in an audit's JSON, and prints a table of any results."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.public.audits import Audited, place_of, report
from benchmarks.public.cases import CASES, Fault

FAULT = Fault(("C05", "C09"), "too wide")

scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
found = st.fixed_dictionaries(
    {"id": st.sampled_from(["C05", "C01", "A03"])},
    optional={"message": st.text(), "severity": st.sampled_from(["note", "critical"])},
)
answers = st.fixed_dictionaries(
    {}, optional={"headline": scalars | found, "findings": st.lists(found, max_size=3), "verdict": scalars}
)


def test_a_known_fault_is_in_the_headline_or_in_the_findings_or_missed():
    serious, note = {"id": "C05", "severity": "error"}, {"id": "C05", "severity": "note"}
    assert place_of(FAULT, {"headline": {"id": "C09"}, "findings": [serious]}) == "headline"
    assert place_of(FAULT, {"headline": {"id": "A03"}, "findings": [note, serious]}) == "found"
    assert place_of(FAULT, {"headline": None, "findings": [note]}) == "noted"
    assert place_of(FAULT, {"headline": None, "findings": [{"id": "A03", "severity": "error"}]}) == "missed"
    assert place_of(FAULT, None) == "missed"


@given(answers)
def test_every_answer_has_a_row_and_every_fault_a_line(said):
    text = report([Audited(case, "1", said, 1.0) for case in CASES])
    faults = sum(len(case.faults) for case in CASES)
    assert f"of {faults} known faults found" in text
    assert all(case.name in text for case in CASES)


def test_an_audit_without_output_is_reported_with_its_error():
    text = report([Audited(CASES[0], "1", None, 1.0, "No such command")])
    assert "no audit: No such command" in text
    assert "0 of 1 worst faults in the headline" in text
