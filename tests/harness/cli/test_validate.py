from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli.validate import command
from harness.errors import InputError
from harness.samples import RECORDS, ROLLOUTS


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_a_good_file_is_one_line_and_exit_0():
    result = run(RECORDS, "--for", "job")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"{RECORDS}: 300 records, 0 errors, 0 warnings, 0 notes\n"


def test_a_rollouts_file_is_refused_with_a_hint():
    result = run(ROLLOUTS)
    assert result.exit_code == 1
    assert "error R010 a rollouts file, not a training file" in result.stdout
    assert "rft replay" in result.stdout


def test_repeated_findings_are_cut_after_five_for_people_and_whole_in_json(tmp_path: Path):
    path = tmp_path / "bad.jsonl"
    path.write_text("x\n" * 12 + '{"messages": [{"role": "user", "content": "Q"}]}\n', encoding="utf-8")
    shown = run(path)
    assert shown.exit_code == 1
    assert shown.stdout.count(": not JSON") == 5
    assert f"{path}:5: not JSON" in shown.stdout
    assert "error R003 not JSON (12 times)" in shown.stdout
    assert "... and 7 more; --json lists them" in shown.stdout
    assert shown.stdout.index("R003") < shown.stdout.index("R030") < shown.stdout.index("R050")
    assert shown.stdout.endswith(f"{path}: 1 record, 12 errors, 1 warning, 1 note\n")

    whole = run(path, "--json")
    report = json.loads(whole.stdout)
    assert (whole.exit_code, whole.stdout.count("\n")) == (1, 1)
    assert [finding["place"]["line"] for finding in report["findings"] if finding["id"] == "R003"] == [
        *range(1, 13)
    ]
    assert report["ok"] is False
    assert report["counts"] == {"critical": 0, "error": 12, "warning": 1, "note": 1, "info": 0}


def test_warnings_alone_exit_0(tmp_path: Path):
    path = tmp_path / "few.jsonl"
    path.write_text('{"messages": [{"role": "user", "content": "Q"}]}\n', encoding="utf-8")
    assert run(path).exit_code == 0
    assert run(path, "--for", "job").exit_code == 1


def test_what_cannot_be_read_is_exit_2(tmp_path: Path):
    result = run(tmp_path / "none.jsonl")
    assert isinstance(result.exception, InputError)
    assert result.exception.exit_code == 2
    assert run().exit_code == 2


@pytest.mark.parametrize("as_json", [True, False])
def test_field_names_cannot_draw_on_the_terminal(tmp_path: Path, as_json: bool):
    path = tmp_path / "[red]odd.jsonl"
    row = '{"messages": [{"role": "\\u001b[2J", "content": "Q"}], "\\ud800\\u001b[2J": %s}\n'
    path.write_text(row % "1" + row % '"1"', encoding="utf-8")
    result = run(path, *(["--json"] if as_json else []))
    assert result.exit_code == 1
    assert "\x1b" not in result.stdout
    assert "[red]odd.jsonl" in result.stdout
    assert "R033" in result.stdout


def test_a_check_grades_the_references(tmp_path: Path):
    check = 'checks.numbers:number(marker="####")'
    good = run(RECORDS, "--check", check)
    assert good.exit_code == 0
    assert good.stdout.endswith(f"{check}: 300 of 300 records checked with their own references\n")

    path = tmp_path / "data.jsonl"
    row = '{"messages": [{"role": "user", "content": "Q"}], "reference_answer": "Apollo 11"}'
    path.write_text(f"[]\n{row}\n", encoding="utf-8")
    bad = run(path, "--check", "checks.numbers:number()")
    assert bad.exit_code == 1
    assert "error R090 the check cannot grade the record" in bad.stdout
    assert f"{path}:2: record: the reference answer is not one number" in bad.stdout
    report = json.loads(run(path, "--check", "checks.numbers:number()", "--json").stdout)
    assert report["check"] == {
        "grader": "checks.numbers:number()",
        "records": 1,
        "unreferenced": 0,
        "not_asked": 0,
    }

    judge = 'checks.judge:judge_score(ask="How good is it?", model="m")'
    said = run(path, "--check", judge).stdout
    assert said.endswith(
        "  no judge was asked: for 1 record, only the fields that the judge needs were checked\n"
    )
    assert max(map(len, said.splitlines())) <= 80 + len(str(path))


def test_a_check_that_is_none_is_exit_2():
    result = run(RECORDS, "--check", "checks.numbers:none()")
    assert isinstance(result.exception, InputError)
    assert result.exception.exit_code == 2
