"""Audits of the ready checks. Each finding must be fixed, or declared in the check's docstring."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.audit.request import AuditRequest, FinishedAudit, audit
from harness.findings import Severity
from harness.targets.opening import TargetChoice
from harness.targets.ready_checks import find_check, toml_of
from support.fitting_records import FORMS, RECORDS, write_records

# By check: the probes whose findings are accepted, and the words in the docstring that declare them.
DECLARED: dict[str, dict[str, str]] = {
    "choices:label": {"C05": "in a denial whose wording it does not recognize"},
    "dates:date": {"C05": "even after words such as"},
    "grounding:quotations": {"C05": "any sentence copied from a source"},
    "json_schema:json_schema": {"C02": "every conforming value earns 1"},
    "maths:maths": {"C05": "Other words around the value are ignored"},
    "numbers:list_of_numbers": {"C05": "ignores surrounding words"},
    "refusals:refusal": {"C01": "every text on any topic that does not refuse"},
    "required:must_contain": {"C02": "a list of the texts without an answer"},
    "shaping:in_script": {"C02": "even a single letter in full"},
    **{
        f"similarity:{name}": {
            **dict.fromkeys(("C01", "C04", "C07"), "the reference of another record"),
            "C05": "with a wrong result",
        }
        for name in ("bleu", "gleu", "meteor", "rouge", "token_f1")
    },
    "text:contains": {
        "C05": "a list of every conceivable answer",
        "C08": "a list of every conceivable answer",
        "C09": "a list of every conceivable answer",
    },
    "text:matches": {"C02": "every text of that form, whatever the text says"},
}
ANY_TEXT_IS_PAID = {name for name, text in FORMS.items() if text is None}
"""Format checks that reward any plain text, so the audit cannot tell good completions from bad ones."""
PRECISE = [name for name in RECORDS if not name.startswith("judge:")]


def audited(folder: Path, name: str) -> FinishedAudit:
    """Audit a check with the options of its documented example."""
    grader = folder / "grader.toml"
    grader.write_text(toml_of(find_check(name)), encoding="utf-8")
    text = FORMS.get(name)
    request = AuditRequest(
        data=write_records(folder / "records.jsonl", name),
        where=TargetChoice(grader=str(grader)),
        kind="format" if name in FORMS else None,
        accepted=() if text is None else (text,),
        search=100,
    )
    return audit(request)


def test_every_ready_check_has_records() -> None:
    from harness.targets.ready_checks import ready_checks

    assert {check.name.removeprefix("checks.") for check in ready_checks()} == set(RECORDS)
    assert DECLARED.keys() <= RECORDS.keys()
    assert FORMS.keys() <= RECORDS.keys()


@pytest.mark.parametrize("name", DECLARED)
def test_a_check_declares_in_its_docstring_what_it_pays_for(name: str) -> None:
    pays = find_check(name).pays
    assert [words for words in DECLARED[name].values() if words not in pays] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", PRECISE)
def test_a_ready_check_pays_only_for_what_it_declares(name: str, tmp_path: Path) -> None:
    found = audited(tmp_path, name)
    shown = {one.id: one.message for one in found.findings.open if one.severity >= Severity.WARNING}
    undeclared = {id: message for id, message in shown.items() if id not in DECLARED.get(name, {})}
    assert undeclared == {}
    if not shown:
        expected = "not measured" if name in ANY_TEXT_IS_PAID else "train"
        assert found.facts.verdict == expected, found.facts.notes
