from __future__ import annotations

import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import HarnessError, InputError, ServiceError
from harness.findings import Finding, Place, Severity, count_by_severity, worst

IN_ORDER = ["info", "note", "warning", "error", "critical"]


def test_severities_order_by_cost_and_not_by_spelling():
    assert sorted(Severity, key=str) != list(Severity)
    assert sorted(reversed(Severity)) == [Severity(name) for name in IN_ORDER]


@given(st.sampled_from(list(Severity)), st.sampled_from(IN_ORDER))
def test_comparisons_agree_with_the_order_for_members_and_names(one: Severity, other: str):
    difference = IN_ORDER.index(one) - IN_ORDER.index(other)
    assert (one < other, one <= other, one > other, one >= other) == (
        difference < 0,
        difference <= 0,
        difference > 0,
        difference >= 0,
    )


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        (Place("a.jsonl", 3, "x/1"), "a.jsonl:3 (x/1)"),
        (Place("a.jsonl", 3), "a.jsonl:3"),
        (Place("a.jsonl"), "a.jsonl"),
        (Place(line=3), "line 3"),
        (Place(sample="x/1"), "x/1"),
        (Place(), ""),
    ],
)
def test_a_place_shows_only_what_is_known(place: Place, shown: str):
    assert str(place) == shown


def test_a_finding_takes_a_severity_by_name_and_refuses_another_word():
    assert Finding("R001", "error", "m").severity is Severity.ERROR  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="fatal"):
        Finding("R001", "fatal", "m")  # type: ignore[arg-type]


def test_a_finding_as_json_leaves_out_what_is_unknown():
    bare = Finding("R001", Severity.NOTE, "m")
    assert bare.to_json() == {"id": "R001", "severity": "note", "message": "m", "place": None}
    full = Finding("C02", Severity.CRITICAL, "m", Place("f", 1), "fix it", [{"id": "1"}])
    assert json.loads(json.dumps(full.to_json())) == {
        "id": "C02",
        "severity": "critical",
        "message": "m",
        "place": {"file": "f", "line": 1},
        "fix": "fix it",
        "witness": [{"id": "1"}],
    }


def test_counts_name_every_severity_worst_first():
    findings = [
        Finding("a", Severity.NOTE, ""),
        Finding("b", Severity.ERROR, ""),
        Finding("c", Severity.NOTE, ""),
    ]
    counts = count_by_severity(findings)
    assert list(counts) == list(reversed(Severity))
    assert (counts[Severity.NOTE], counts[Severity.ERROR], counts[Severity.INFO]) == (2, 1, 0)
    assert worst(findings) is Severity.ERROR
    assert worst([]) is None


def test_an_error_says_place_message_and_fix():
    assert str(HarnessError("no such file", place="a.jsonl", fix="Check the path.")) == (
        "a.jsonl: no such file. Check the path."
    )
    assert str(HarnessError("Really?", fix="Yes.")) == "Really? Yes."
    assert str(HarnessError("gone")) == "gone"


def test_each_error_owns_its_exit_code_and_survives_pickling():
    assert [cls("m").exit_code for cls in (HarnessError, InputError, ServiceError)] == [1, 2, 3]
    error = pickle.loads(pickle.dumps(InputError("m", place="p", fix="f")))
    assert type(error) is InputError
    assert (error.message, error.place, error.fix) == ("m", "p", "f")
