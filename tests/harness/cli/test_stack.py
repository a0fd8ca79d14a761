from __future__ import annotations

import json

import pytest

from harness.cli.main import main
from support.moto_aws import local_aws
from support.rollout_files import rollout, write_rollouts

FUNCTION = "arn:aws:lambda:us-west-2:123456789012:function:rft-Math-1A2B"


@pytest.fixture(scope="module")
def served():
    with local_aws() as aws:
        stacks = {"full": {"VersionArn": ":3", "AliasArn": ":live"}, "plain": {"FunctionArn": ""}}
        for name, outputs in stacks.items():
            template = {
                "Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": name}}},
                "Outputs": {f"Math{key}": {"Value": f"{FUNCTION}{end}"} for key, end in outputs.items()},
            }
            aws.client("cloudformation").create_stack(StackName=name, TemplateBody=json.dumps(template))
        yield aws


@pytest.fixture(autouse=True)
def environment(served, monkeypatch):
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    for name, value in served.environment.items():
        monkeypatch.setenv(name, value)


def test_the_arns_are_shown(capsys):
    assert main(["stack", "full"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "full  us-west-2  CREATE_COMPLETE"
    assert lines[2:] == ["Math", f"  version   {FUNCTION}:3", f"  alias     {FUNCTION}:live"]


def test_a_grader_without_a_version_is_remarked_upon(capsys):
    assert main(["stack", "plain"]) == 0
    assert "no published version is known" in capsys.readouterr().out


def test_json_is_one_object(capsys):
    assert main(["stack", "full", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    arns = {"version": f"{FUNCTION}:3", "alias": f"{FUNCTION}:live", "function": None}
    assert said["graders"] == {"Math": arns}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["stack", "nobody"], "no such stack in us-west-2. `sam deploy --stack-name nobody` creates it"),
        (["stack", "full", "--region", "us-east-1"], "there is no such stack in us-east-1"),
        (["stack", "full", "--region", "nowhere!"], "not an AWS Region"),
        (["stack", ""], "stack"),
    ],
)
def test_what_cannot_be_shown_is_the_user_s_to_mend(capsys, words, message):
    assert main(words) == 2
    said = capsys.readouterr()
    assert (message in said.err, said.out, said.err.count("\n")) == (True, "", 1)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], f"{FUNCTION}:3: this does not exist in this account and region"),
        (["--function", "Math"], f"{FUNCTION}:3: this does not exist in this account and region"),
        (["--function", "Nobody"], "the stack has no grader 'Nobody'. Its graders: Math."),
        (["--artifact", "build"], "--stack and --artifact both name a place to grade"),
    ],
)
def test_replay_takes_a_stack_in_place_of_an_arn(capsys, tmp_path, words, message):
    path = write_rollouts(tmp_path / "rollouts.jsonl", [rollout("r", "1", "1")])
    assert main(["replay", str(path), "--stack", "full", "--runs-dir", str(tmp_path / "runs"), *words]) == 2
    assert message in capsys.readouterr().err


def test_a_service_that_is_away(capsys, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    assert main(["stack", "full"]) == 3
    assert "AWS cannot be reached" in capsys.readouterr().err
