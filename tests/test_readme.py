"""The README's code runs, its commands work, and its output is the real one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from graders import Grader
from graders.testing import make_sample
from harness.cli.groups import VERBS, extra_of
from harness.cli.main import main
from harness.samples import RECORDS
from support.readme import README, blocks, commands
from support.rft_command import COMMAND

LOCAL = ("validate", "replay", "show")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with the README reader's files, and change to it."""
    (tmp_path / "my_grader.py").write_text(blocks("python")[0], encoding="utf-8")
    (tmp_path / "rollouts.jsonl").write_text(blocks("json")[0], encoding="utf-8")
    (tmp_path / "train.jsonl").write_bytes(RECORDS.read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_five_line_grader_grades() -> None:
    scope: dict[str, Any] = {}
    exec(blocks("python")[0], scope)
    grader = scope["math_answer"]
    assert isinstance(grader, Grader)
    assert grader.grade(make_sample("so #### 72", "#### 72")).value == 1.0
    assert grader.grade(make_sample("so #### 73", "#### 72")).value == 0.0


def test_the_combined_grader_grades() -> None:
    scope: dict[str, Any] = {}
    exec(next(block for block in blocks("python") if "gated" in block), scope)
    reward = scope["correct_then_format"].grade(make_sample("so #### 72", "#### 72"))
    assert reward.value == 1.0
    assert scope["correct_then_format"].grade(make_sample("so #### 73", "#### 72")).value == 0.0


def test_the_commands_for_ones_own_rollouts_work(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = [
        words for words in commands("rft") if words[0] in LOCAL and not {"--artifact", "--arn"} & set(words)
    ]
    assert len(run) >= 5
    for words in run:
        assert main(words) == 0, words
    assert "agrees with is_right on 1 of 1" in capsys.readouterr().out


def test_the_replay_test_passes(project: Path) -> None:
    test = next(block for block in blocks("python") if "rft_replay" in block)
    (project / "test_rewards.py").write_text(test, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_the_screen_is_what_the_demo_prints(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo"]) == 0
    shown = capsys.readouterr().out.splitlines()
    for line in blocks("text")[0].splitlines():
        assert line in shown


def test_every_verb_in_a_table_exists() -> None:
    named = set(re.findall(r"`rft (\w[\w-]*)", README.read_text(encoding="utf-8")))
    assert named <= set(VERBS)
    assert {"submit", "jobs", "events", "watch", "checkpoints", "cancel", "chat", "files"} <= named


def test_the_extras_in_its_table_are_those_that_exist_and_bring_those_verbs() -> None:
    text = README.read_text(encoding="utf-8")
    rows = dict(
        re.findall(r"^\| `(\w+)` \| (.*) \|$", text.partition("| Extra |")[2].partition("\n\n")[0], re.M)
    )
    declared = tomllib.loads((README.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(rows) == set(declared["optional-dependencies"])
    named = {verb: extra for extra, row in rows.items() for verb in re.findall(r"`(?:rft )?([\w-]+)`", row)}
    assert {verb: extra_of(verb) for verb in VERBS} == {verb: named.get(verb) for verb in VERBS}


def test_pages_name_the_wheel_of_this_version() -> None:
    declared = tomllib.loads((README.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for page in (README, README.parent / "docs" / "tutorial.md"):
        named = set(re.findall(r"rft_graders-([\d.]+)-py3", page.read_text(encoding="utf-8")))
        assert named == {declared["version"]}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_its_lines_for_completion_give_a_script(shell: str) -> None:
    assert f"_RFT_COMPLETE={shell}_source rft" in README.read_text(encoding="utf-8")
    environment = {**os.environ, "_RFT_COMPLETE": f"{shell}_source"}
    script = subprocess.run(COMMAND, env=environment, capture_output=True, text=True, check=True).stdout
    assert "_RFT_COMPLETE=" in script


def test_files_that_it_links_to_exist() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README.read_text(encoding="utf-8")):
        assert target.startswith("http") or (README.parent / target).exists(), target
