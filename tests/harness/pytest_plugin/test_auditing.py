from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.pytest_run import said_by
from support.rft_command import RIGHT, write_grader

EMPTY_IS_PAID = RIGHT.replace("return ", "return not sample.completion.strip() or ")
TEST = """
def test_named(assert_no_findings):
    facts = assert_no_findings("records.jsonl", "my_grader.py:right", limit=20)
    assert (facts.verdict, facts.records) == ("train", 20)

def test_of_the_settings(assert_no_findings):
    assert_no_findings()

def test_a_function(assert_no_findings):
    from my_grader import right
    assert_no_findings(grader=right)
"""
REFUSED = """
import pytest
from harness.errors import InputError

def test_it(assert_no_findings):
    for options, said in [
        ({"fail_on": "dear"}, "not a severity"),
        ({"budget": 3}, "budget is not an option"),
        ({"grader": lambda event, context: []}, "has no name"),
        ({"records": "none.jsonl"}, "none.jsonl"),
    ]:
        with pytest.raises(InputError, match=said):
            assert_no_findings(**{"records": "records.jsonl", "grader": "my_grader.py:right", **options})
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> Path:
    lines = [
        {"messages": [{"role": "user", "content": f"{n} times 7?"}], "reference_answer": str(n * 7)}
        for n in range(3, 40)
    ]
    (pytester.path / "records.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    (pytester.path / "rft.toml").write_text('grader = "my_grader.py:right"\nrecords = "records.jsonl"\n')
    return pytester.path


def test_a_right_grader_passes_by_name_by_settings_and_as_a_function(
    project: Path, pytester: pytest.Pytester
) -> None:
    write_grader(project, RIGHT)
    (project / "test_it.py").write_text(TEST)
    assert "3 passed" in said_by(pytester, "test_it.py")


def test_a_finding_fails_with_its_text(project: Path, pytester: pytest.Pytester) -> None:
    write_grader(project, EMPTY_IS_PAID)
    (project / "test_it.py").write_text("def test_it(assert_no_findings):\n    assert_no_findings()\n")
    said = said_by(pytester, "test_it.py")
    assert "1 failed" in said
    assert "FIX FIRST: " in said
    assert "critical C" in said
    assert "Traceback" not in said


def test_a_grader_that_pays_nothing_is_not_measured(project: Path, pytester: pytest.Pytester) -> None:
    write_grader(project, RIGHT.replace("return ", "return False and "))
    (project / "test_it.py").write_text("def test_it(assert_no_findings):\n    assert_no_findings()\n")
    assert "NOT MEASURED" in said_by(pytester, "test_it.py")


def test_what_cannot_be_audited_is_said(project: Path, pytester: pytest.Pytester) -> None:
    write_grader(project, RIGHT)
    (project / "test_it.py").write_text(REFUSED)
    assert "1 passed" in said_by(pytester, "test_it.py")
