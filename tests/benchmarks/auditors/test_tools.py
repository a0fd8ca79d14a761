"""Verdicts from the results of other auditors and of our audit."""

from __future__ import annotations

import json
import sys

import pytest

from benchmarks.auditors.ours import told, verdict_of
from benchmarks.auditors.tools import TOOLS, Tool, answer_of
from support.planted import Good, Planted

PLANTED = Planted(
    "first/number.py:x", "number", ("C05", "C09"), "error", "too wide", {"accepted": "#### {a}"}
)
GOOD = Good("first/number.py:y", "number", "reads exactly")


def finding(id, severity):
    return {"id": id, "severity": severity}


@pytest.mark.parametrize(
    ("grader", "said", "verdict"),
    [
        (PLANTED, {"findings": [finding("C09", "warning")]}, "flagged"),
        (PLANTED, {"findings": [finding("C09", "note")]}, "clean"),
        (PLANTED, {"findings": [finding("A03", "critical")]}, "clean"),
        (PLANTED, {"findings": [], "verdict": "not measured"}, "not measured"),
        (GOOD, {"findings": [finding("A03", "warning")]}, "flagged"),
        (GOOD, {"findings": [finding("C05", "note")], "verdict": "train"}, "clean"),
    ],
)
def test_our_flags_need_the_right_id_on_planted_graders_alone(grader, said, verdict):
    assert verdict_of(grader, said) == verdict


def test_the_audit_is_told_what_the_set_says():
    assert told(PLANTED) == ["--accepted", "#### {a}"]
    assert told(GOOD) == []


def tool(code, read):
    return Tool("python", (), ("-c", code), read, "by hand")


def test_an_exit_code_is_a_verdict_and_any_other_is_no_answer(tmp_path):
    doctor = TOOLS[0].read
    here = tmp_path / "bin"
    here.mkdir()
    here.joinpath("python").symlink_to(sys.executable)
    assert answer_of(tool("raise SystemExit(1)", doctor), here, tmp_path, 60).verdict == "flagged"
    assert answer_of(tool("print(1)", doctor), here, tmp_path, 60).verdict == "clean"
    lost = answer_of(tool("import os; os._exit(3)", doctor), here, tmp_path, 60)
    assert lost.verdict == "no answer"
    assert "KeyError" in lost.why


def test_data_that_holds_the_answer_is_no_flag_on_the_grader(tmp_path):
    findings = [{"attack": "state_leak", "severity": "critical"}, {"attack": "echo", "severity": "warning"}]
    said = {"families": [{"findings": findings}]}
    tmp_path.joinpath("rewardprobe.json").write_text(json.dumps(said))
    plain, strict = [one.read for one in TOOLS if one.name == "rewardprobe"]
    assert (plain(tmp_path, 0), strict(tmp_path, 0)) == ("clean", "flagged")
