from __future__ import annotations

import os
import subprocess
import sys

import pytest

from harness.localaws.template import read_template
from harness.projects.scaffold import make_project
from support.sam_command import sam_command

ALL = "agrees with is_right on 40 of 40"


def run(folder, *words):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {"PYTHON": sys.executable, "SAM_CLI_TELEMETRY": "0", "MAKEFLAGS": ""}
    if words[0] == "rft":
        words = (sys.executable, "-m", "harness.cli.main", *words[1:])
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    return done.stdout


def test_each_record_is_solved_by_its_own_reference(tmp_path):
    make_project(tmp_path / "functions", kind="code")
    said = run(tmp_path / "functions", "rft", "validate", "records.jsonl", "--check", "grader.toml")
    assert "10 of 10 records checked with their own references" in said


def test_the_function_that_runs_code_may_ask_no_model(tmp_path):
    make_project(tmp_path / "functions", kind="code")
    function = read_template(tmp_path / "functions" / "template.yaml")["Resources"]["CodeCheck"]["Properties"]
    assert (function["Role"], function["Timeout"]) == ({"Fn::GetAtt": "GraderRole.Arn"}, 300)


@pytest.mark.slow
def test_the_built_function_runs_code_with_both_engines(tmp_path):
    folder = tmp_path / "functions"
    make_project(folder, kind="code")
    run(folder, sam_command(), "build")
    built = folder / ".aws-sam" / "build" / "CodeCheck"
    assert os.access(built / "bin" / "monty", os.X_OK)
    size = sum(path.stat().st_size for path in built.rglob("*") if path.is_file())
    assert 45e6 < size < 60e6, "docs/code.md states this size"
    said = run(folder, "rft", "replay", "--artifact", ".aws-sam/build", "--function", "CodeCheck")
    assert ALL in said


@pytest.mark.slow
def test_the_built_function_needs_no_package_where_cpython_alone_is_asked_for(tmp_path):
    folder = tmp_path / "functions"
    make_project(folder, kind="code")
    (folder / "requirements.txt").write_text("")
    with (folder / "grader.toml").open("a") as file:
        file.write('engine = "cpython"\n')
    run(folder, sam_command(), "build")
    assert not (folder / ".aws-sam" / "build" / "CodeCheck" / "bin").exists()
    assert ALL in run(folder, "rft", "replay", "--artifact", ".aws-sam/build", "--function", "CodeCheck")
