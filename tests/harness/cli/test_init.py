from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys

import pytest

from harness.cli.main import main


def test_a_project_is_made_and_says_what_comes_next(tmp_path, capsys):
    assert main(["init", str(tmp_path / "mine")]) == 0
    out = capsys.readouterr().out
    assert f"next:\n  cd {tmp_path / 'mine'}\n  pytest\n" in out
    assert "  rft replay\n" in out


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
    assert "'not_a_stack' is not a valid name for a project" in err
    assert "Use --name" in err
    assert not (tmp_path / "not_a_stack").exists()


@pytest.fixture
def handler(tmp_path):
    (tmp_path / "lambda_function.py").write_text(
        "import nowhere_at_all\n"
        "from prices import table\n"
        "def reward(event, context): pass\n"
        "def other(event, context): pass\n"
    )
    (tmp_path / "prices.py").write_text("table = {}")
    return str(tmp_path / "lambda_function.py")


def test_a_handler_is_taken_with_what_it_needs_and_what_is_missing_is_said(tmp_path, capsys, handler):
    words = ["init", str(tmp_path / "mine"), "--from", handler, "--handler", "lambda_function.reward"]
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "copied unchanged: lambda_function.py, prices.py" in out
    assert "packages it imports (check requirements.txt): nowhere_at_all" in out
    assert "ModuleNotFoundError: No module named 'nowhere_at_all'" in out
    assert 'handler = "lambda_function.reward"\n' in (tmp_path / "mine" / "rft.toml").read_text()


@pytest.mark.parametrize("as_json", [False, True])
def test_a_key_that_is_copied_is_said_and_never_shown(tmp_path, capsys, handler, as_json):
    (tmp_path / "prices.py").write_text("table = {}\nKEY = 'sk-proj-a1b2c3d4e5f6'\n")
    words = ["init", str(tmp_path / "mine"), "--from", handler, "--handler", "reward"]
    assert main([*words, *(["--json"] if as_json else [])]) == 0
    out = capsys.readouterr().out
    if as_json:
        assert json.loads(out)["keys"] == ["prices.py:2"]
    else:
        assert "prices.py:2 looks like a key, and was kept. Remove it before" in out
    assert "a1b2c3d4" not in out


def test_two_handlers_are_a_question_and_nothing_is_written(tmp_path, capsys, handler):
    assert main(["init", str(tmp_path / "mine"), "--from", handler]) == 2
    assert "Name one: --handler lambda_function.reward" in capsys.readouterr().err
    assert not (tmp_path / "mine").exists()


def test_a_grader_is_added_and_json_names_it(tmp_path, capsys):
    assert main(["init", str(tmp_path / "mine"), "--json"]) == 0
    assert main(["init", "--add", "receipt-total", str(tmp_path / "mine"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (said["grader"], said["logical_id"]) == ("receipt_total:receipt_total", "ReceiptTotal")
    assert all((tmp_path / "mine" / file).is_file() for file in [*said["files"], said["template"]])


def test_a_template_without_a_place_gives_the_lines_to_write(tmp_path, capsys):
    (tmp_path / "template.yaml").write_text("Resources: {}")
    assert main(["init", "--add", "receipt-total", str(tmp_path)]) == 2
    err = capsys.readouterr().err
    assert "      Handler: receipt_total.receipt_total\n" in err
    assert "Add these lines under its Resources" in err
    assert [path.name for path in tmp_path.iterdir()] == ["template.yaml"]


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["mine", "--handler", "a.b"],
        ["--add", "x", "--name", "y"],
        ["mine", "--add", "x", "--from", "y.py"],
        ["mine", "--add", "x", "--ci"],
    ],
)
def test_options_that_do_not_go_together_are_refused(words, capsys):
    assert main(["init", *words]) == 2
    assert "Error: " in capsys.readouterr().err


def test_a_workflow_comes_with_a_new_project_or_for_one_that_is_there(tmp_path, capsys, monkeypatch):
    assert main(["init", str(tmp_path / "mine"), "--ci", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert ".github/workflows/rft.yml" in said["files"]
    assert main(["init", str(tmp_path / "other")]) == 0
    capsys.readouterr()
    monkeypatch.chdir(tmp_path / "other")
    assert main(["init", "--ci"]) == 0
    assert "gh variable set AWS_ROLE_ARN" in capsys.readouterr().out
    made = [tmp_path / name / ".github" / "workflows" / "rft.yml" for name in ("mine", "other")]
    assert made[0].read_text().replace("mine", "other") == made[1].read_text()
    for words in (["--ci"], ["../mine", "--ci"]):
        assert main(["init", *words]) == 2
        assert "rft.yml: already exists. Existing files are not overwritten" in capsys.readouterr().err


def run(folder, *words, code=0):
    foreign = ("AWS_", "PYTEST_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == code, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout


PROGRAMS = {"pytest": ["-m", "pytest"], "rft": ["-m", "harness.cli.main"]}


def first_commands(folder):
    """Yield the README's first commands, which need neither an account nor `sam`."""
    block = (folder / "README.md").read_text().split("```console\n")[1].partition("```")[0]
    for line in block.splitlines():
        program, *words = shlex.split(line, comments=True)
        yield [sys.executable, *PROGRAMS[program], *words]


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
@pytest.mark.parametrize("own", [False, True])
def test_the_commands_of_the_readme_run_and_git_sees_nothing_of_what_they_write(tmp_path, own):
    folder = tmp_path / "my-grader"
    words = ["--from", "reward.py"] if own else []
    (tmp_path / "reward.py").write_text(
        "def handler(event, context):\n"
        "    return [{'id': each['id'], 'aggregate_reward_score': 0.5} for each in event]\n"
    )
    rft = (sys.executable, *PROGRAMS["rft"])
    run(tmp_path, *rft, "init", "my-grader", *words)
    run(folder, "git", "init", "--quiet")
    run(folder, "git", "add", ".")
    # The new project's own grader gives every completion the same reward, which its audit reports.
    ran = [run(folder, *each, code=int(own and "audit" in each)) for each in first_commands(folder)]
    assert "passed" in ran[0]
    assert "0 errors, 0 warnings" in ran[1]
    assert ("192 gradings, mean reward 0.5000" if own else "agrees with is_right on 192 of 192") in ran[2]
    if not own:
        run(folder, *rft, "rehearse")
        assert "D020 not built" in run(folder, *rft, "doctor")
    shown = run(folder, "git", "status", "--porcelain").splitlines()
    assert [line for line in shown if not line.startswith("A ")] == []
