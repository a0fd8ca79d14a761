from __future__ import annotations

import json
import os
import subprocess
import sys

from harness.cli.main import main


def test_a_project_is_made_and_says_what_comes_next(tmp_path, capsys):
    assert main(["init", str(tmp_path / "mine")]) == 0
    out = capsys.readouterr().out
    assert f"next: cd {tmp_path / 'mine'}" in out
    assert "rft replay rollouts.jsonl --grader math_grader.py:math_answer" in out


def test_json_is_one_object_that_names_every_file(tmp_path, capsys):
    assert main(["init", str(tmp_path / "mine"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert sorted(said["files"]) == sorted(path.name for path in (tmp_path / "mine").iterdir())


def test_a_folder_that_is_not_empty_is_refused(tmp_path, capsys):
    (tmp_path / "file").touch()
    assert main(["init", str(tmp_path), "--name", "mine"]) == 2
    assert "the folder is not empty" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_bad_name_is_refused_and_the_way_out_is_named(tmp_path, capsys):
    assert main(["init", str(tmp_path / "not_a_stack")]) == 2
    err = capsys.readouterr().err
    assert "'not_a_stack' cannot name a project" in err
    assert "Write --name" in err
    assert not (tmp_path / "not_a_stack").exists()


def run(folder, *words):
    foreign = ("AWS_", "PYTEST_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_the_new_project_tests_replays_validates_and_is_in_good_health(tmp_path):
    folder = tmp_path / "my-grader"
    rft = ("-m", "harness.cli.main")
    run(tmp_path, *rft, "init", "my-grader")
    assert "2 passed" in run(folder, "-m", "pytest")
    assert "0 errors, 0 warnings" in run(folder, *rft, "validate", "records.jsonl")
    replay = ("replay", "rollouts.jsonl", "--grader", "math_grader.py:math_answer", "--label", "is_right")
    said = run(folder, *rft, *replay)
    assert "agrees with is_right on 192 of 192" in said
    assert "D020 not built" in run(folder, *rft, "doctor")
