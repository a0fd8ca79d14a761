"""`rft submit --stack`: the grader by the name that its stack gives it."""

from __future__ import annotations

import json

import pytest

from harness.cli.main import main
from support.api_stub import ApiStub
from support.moto_aws import local_aws

FUNCTION = "arn:aws:lambda:us-west-2:123456789012:function:rft"
STACKS = {"one": ("Math",), "two": ("Math", "Receipt")}


@pytest.fixture(scope="module")
def served():
    with local_aws() as aws:
        for stack, graders in STACKS.items():
            template = {
                "Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": stack}}},
                "Outputs": {f"{name}VersionArn": {"Value": f"{FUNCTION}-{name}:3"} for name in graders},
            }
            aws.client("cloudformation").create_stack(StackName=stack, TemplateBody=json.dumps(template))
        yield aws


@pytest.fixture
def api(served, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    for name, value in served.environment.items():
        monkeypatch.setenv(name, value)
    records = [
        {"messages": [{"role": "user", "content": f"{n}+1"}], "reference_answer": f"{n + 1}"}
        for n in range(120)
    ]
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    with ApiStub() as stub:
        monkeypatch.setenv("OPENAI_BASE_URL", stub.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test-key-0123456789")
        yield stub


@pytest.mark.parametrize(
    ("words", "grader"),
    [(["--stack", "one"], "Math"), (["--stack", "two", "--function", "Receipt"], "Receipt")],
)
def test_a_job_is_pinned_to_the_stack_s_published_version(api, capsys, words, grader):
    assert main(["submit", "train.jsonl", *words, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["plan"]["grader"]["arn"] == f"{FUNCTION}-{grader}:3"
    assert f"{FUNCTION}-{grader}:3" in json.dumps(api.jobs["ftjob-1"])


def test_an_earlier_job_is_repeated_with_the_stack_s_grader(api, capsys):
    assert main(["submit", "train.jsonl", "--stack", "one", "--name", "first"]) == 0
    words = ["--like", "first", "--stack", "two", "--function", "Receipt", "--dry-run", "--json"]
    capsys.readouterr()
    assert main(["submit", *words]) == 0
    change = json.loads(capsys.readouterr().out)["change"]
    assert (change["was"]["arn"], change["now"]["arn"]) == (f"{FUNCTION}-Math:3", f"{FUNCTION}-Receipt:3")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--stack", "two"], "the stack has 2 graders. Name one with --function: Math, Receipt."),
        (["--stack", "one", "--function", "Nobody"], "the stack has no grader 'Nobody'. Its graders: Math."),
        (["--stack", "none"], "there is no such stack in us-west-2"),
        (["--stack", "one", "--region", "us-east-1"], "there is no such stack in us-east-1"),
        (["--stack", "one", "--arn", f"{FUNCTION}:1"], "both name the grader. Leave one out."),
        (["--function", "Math"], "Write --stack too, or --arn ARN."),
    ],
)
def test_what_names_no_grader_is_the_user_s_to_mend(api, capsys, words, message):
    assert main(["submit", "train.jsonl", *words]) == 2
    said = capsys.readouterr()
    assert (message in said.err, said.out, said.err.count("\n"), api.seen) == (True, "", 1, [])
