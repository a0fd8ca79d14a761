"""What `rft replay --fan-out` refuses before it calls AWS."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli.verbs import rft
from harness.errors import InputError, ServiceError
from support.rollout_files import rollout, write_rollouts

ARN = "arn:aws:lambda:us-west-2:123456789012:function:grader:7"
MACHINE = "arn:aws:states:us-west-2:123456789012:stateMachine:FanOut"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",  # no server listens there
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_MAX_ATTEMPTS": "1",
    }.items():
        monkeypatch.setenv(name, value)
    write_rollouts(tmp_path / "r.jsonl", [rollout("a", "x")])
    return tmp_path


def refused(*words: str) -> str:
    """Return the message of the error that the command fails with."""
    done = CliRunner().invoke(rft, ["replay", *words])
    assert isinstance(done.exception, InputError), done.output
    return str(done.exception)


def test_options_of_a_fan_out_need_it() -> None:
    said = refused("r.jsonl", "--arn", ARN, "--workers", "3", "--prefix", "s3://bucket/runs")
    assert "--prefix and --workers work only with --fan-out" in said


def test_settings_of_a_fan_out_do_not_make_one(folder: Path) -> None:
    (folder / "rft.toml").write_text('workers = 3\nprefix = "s3://bucket/runs"\n')
    done = CliRunner().invoke(rft, ["replay", "r.jsonl", "--arn", ARN])
    assert isinstance(done.exception, ServiceError)  # it called AWS, where no server listens
    assert "no state machine for the fan-out is named" in refused("r.jsonl", "--arn", ARN, "--fan-out")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "no state machine for the fan-out is named"),
        (["--machine", MACHINE], "no folder for the results is named"),
        (["--machine", MACHINE, "--prefix", "s3://bucket"], "s3://BUCKET/FOLDER"),
        (["--machine", "FanOut", "--prefix", "s3://bucket/runs"], "not the ARN of a state machine"),
    ],
)
def test_what_is_not_named_is_asked_for(words: list[str], said: str) -> None:
    assert said in refused("r.jsonl", "--arn", ARN, "--fan-out", *words)


@pytest.mark.parametrize("end", ["", ":$LATEST"])
def test_a_function_that_may_change_is_refused_before_aws_is_asked(end: str) -> None:
    said = refused("r.jsonl", "--arn", ARN.removesuffix(":7") + end, "--fan-out")
    assert "a published version" in said


def test_a_local_grader_is_not_fanned_out() -> None:
    there = ("--machine", MACHINE, "--prefix", "s3://bucket/runs")
    said = refused("r.jsonl", "--grader", "g.py:g", "--fan-out", *there)
    assert "--fan-out grades with a function in AWS, not here" in said


def test_the_help_names_the_options() -> None:
    done = CliRunner().invoke(rft, ["replay", "--help"])
    for option in ("--fan-out", "--prefix", "--machine", "--workers", "--yes"):
        assert option in done.output
    assert done.exit_code == 0
