from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest

from harness.cli import verbs
from harness.cli.config import _DEFAULTS
from harness.cli.main import main
from harness.config import KEYS, spelled


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def shown(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main([*words]) == 0
    return capsys.readouterr().out


def settings(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(shown(capsys, *words, "config", "--json"))
    return found


def test_no_file_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, "config").startswith(
        "no rft.toml in this folder or above it: pass each command its options\n"
    )
    found = settings(capsys)
    assert found["file"] is None
    assert list(found["settings"]) == [spelled(key) for key in KEYS]
    assert found["settings"]["runs_dir"] == {"value": "runs", "from": "default", "note": None}
    assert found["settings"]["grader"] == {"value": None, "from": None, "note": None}


def test_a_value_is_shown_with_file_and_line_variable_or_default(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("rft.toml").write_text(
        'rollouts = "r.jsonl"\nregion = "us-west-2"\nrange = [0, 1]\n[job]\nn_epochs = 2\n'
    )
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    lines = [line.split() for line in shown(capsys, "config").splitlines()]
    assert ["rft.toml"] in lines
    assert ["rollouts", "r.jsonl", "rft.toml:1"] in lines
    assert ["this", "does", "not", "exist"] in lines
    assert ["region", "eu-west-1", "AWS_REGION"] in lines
    assert ["rft.toml:2", "says", "us-west-2"] in lines
    assert ["range", "0", "1", "rft.toml:3"] in lines
    assert ["job.n_epochs", "2", "rft.toml:5"] in lines
    assert ["jobs_dir", "jobs", "default"] in lines
    found = settings(capsys)
    assert found["file"] == "rft.toml"
    assert found["settings"]["region"]["from"] == "AWS_REGION"
    assert settings(capsys, "--no-config")["settings"]["rollouts"]["value"] is None


def test_a_table_that_is_not_read_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    Path("rft.toml").write_text("")
    Path("pyproject.toml").write_text('[tool.rft]\nlabel = "x"\n')
    assert "note: [tool.rft] in pyproject.toml is not read" in shown(capsys, "config")


def test_a_broken_file_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    Path("rft.toml").write_text("lable = 'x'\n")
    assert main(["config"]) == 2
    assert capsys.readouterr().err == "rft: rft.toml:1: lable is not an rft setting. Did you mean label?\n"


def test_its_defaults_are_those_of_the_options() -> None:
    context = click.Context(verbs.rft, **verbs.rft.context_settings)
    found = {}
    for verb, name in (("replay", "runs_dir"), ("jobs", "jobs_dir")):
        command = verbs.rft.get_command(context, verb)
        assert command is not None
        (option,) = (one for one in command.params if one.name == name)
        found[name] = str(option.default)
    assert found == _DEFAULTS
