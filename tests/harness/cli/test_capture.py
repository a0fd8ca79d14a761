"""`rft capture`, from files and from moto's CloudWatch Logs over HTTP."""

from __future__ import annotations

import io
import json

import pytest

from graders._runtime import shape
from graders.wire import PROFILES, write_events
from harness.cli.main import main
from harness.clock import SystemClock
from support.moto_aws import local_aws

FUNCTION = "arn:aws:lambda:us-west-2:123456789012:function:rft-Math-1A2B"
ROLLOUT = {
    "id": "a",
    "messages": [{"role": "user", "content": "6 * 12?"}, {"role": "assistant", "content": "72"}],
    "reference_answer": "72",
}


def line(wire="open-weight", **changes):
    (event,) = write_events([{**ROLLOUT, **changes}], PROFILES[wire])
    return json.dumps({"message": "captured an event", "number": 1, "samples": 1, "event": shape(event)})


ODD = line(messages=[{"role": "model", "content": "72"}])


@pytest.fixture(scope="module")
def served():
    with local_aws() as aws:
        logs = aws.client("logs")
        now = int(SystemClock().time() * 1000)
        for group, lines in {
            "/aws/lambda/rft-Math-1A2B": ["START", line(), '{"message": "graded a batch"}', line("nova")],
            "/aws/lambda/quiet": ["START"],
        }.items():
            logs.create_log_group(logGroupName=group)
            for stream in ("one", "two"):
                logs.create_log_stream(logGroupName=group, logStreamName=stream)
            events = [{"timestamp": now - 1000 + at, "message": text} for at, text in enumerate(lines)]
            logs.put_log_events(logGroupName=group, logStreamName="one", logEvents=events)
        aws.client("cloudformation").create_stack(
            StackName="graders",
            TemplateBody=json.dumps(
                {
                    "Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "t"}}},
                    "Outputs": {"MathVersionArn": {"Value": f"{FUNCTION}:3"}},
                }
            ),
        )
        yield aws


@pytest.fixture(autouse=True)
def environment(served, monkeypatch):
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    for name, value in served.environment.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    "words",
    [["--arn", f"{FUNCTION}:3"], ["--arn", "rft-Math-1A2B"], ["--stack", "graders", "--function", "Math"]],
)
def test_a_functions_log_is_read(capsys, words):
    assert main(["capture", *words, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert ["open-weight"] == said["events"][0]["matches"]
    assert ["nova"] == said["events"][1]["matches"]
    assert len(said["events"]) == 2
    assert main(["capture", *words, "--limit", "1"]) == 0
    said = capsys.readouterr().out
    assert "the wire is   open-weight (documented)" in said
    assert '"role": "assistant"' in said
    assert "event 2" not in said


def test_a_file_and_stdin_are_read_and_a_difference_fails_the_command(capsys, tmp_path, monkeypatch):
    path = tmp_path / "events.log"
    path.write_text(f"START\n2026-11-25T10:00:00Z {ODD}\n")
    assert main(["capture", str(path)]) == 1
    said = capsys.readouterr().out
    assert "it matches no known wire. The nearest:" in said
    assert "open-weight (documented): role of the completion is text 5 word, not assistant" in said
    monkeypatch.setattr("sys.stdin", io.StringIO(line()))
    assert main(["capture", "-"]) == 0


def test_control_characters_of_a_log_reach_no_terminal(capsys, tmp_path):
    path = tmp_path / "events.log"
    hostile = [
        {
            "id": "\x1b[31m",
            "messages": [{"role": "\x1b]0;x\x07", "content": "\x9b2J"}],
            "metadata": {"\x1b": 1},
        }
    ]
    path.write_text(json.dumps({"message": "captured an event", "event": hostile}))
    assert main(["capture", str(path)]) == 1
    assert not set("\x1b\x07\x9b") & set(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "capture needs exactly one place to read events from"),
        (["x.log", "--arn", FUNCTION], "capture needs exactly one place to read events from"),
        (["--arn", FUNCTION, "--function", "Math"], "--function names a function of a stack"),
        (["nobody.log"], "nobody.log: No such file"),
        (["--arn", "quiet"], "quiet: no captured event was found. Set GRADER_CAPTURE=1"),
        (["--arn", "nobody"], "log group /aws/lambda/nobody: this does not exist"),
        (["--stack", "nobody"], "no such stack"),
        (["--arn", FUNCTION, "--region", "nowhere!"], "not an AWS Region"),
    ],
)
def test_what_cannot_be_looked_at_is_said_in_one_line(capsys, words, message):
    assert main(["capture", *words]) == 2
    said = capsys.readouterr()
    assert message in said.err
    assert (said.out, said.err.count("\n")) == ("", 1)
