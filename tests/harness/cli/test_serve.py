"""`rft serve` as a process, called by boto3."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest
from botocore.config import Config

from harness.processes import descendants
from support.builds import write_build
from support.meeting import ATTEND, Meeting
from support.rft_command import COMMAND, refusal, rft
from support.rollout_files import rollout, write_rollouts

TWO = (
    f"ATTEND = {ATTEND!r}\n"
    + """
import socket, time
from graders import Sample, grader

@grader
def same(sample: Sample) -> bool:
    return sample.completion == sample.reference_answer

def other(event, context):
    import os
    if event == "who":
        return [os.environ.get("JUDGE"), os.environ.get("OTHER_JUDGE")]
    print("other was called")
    if "port" in event:
        exec(ATTEND % event["port"])
    return context.invoked_function_arn
"""
)

Serving = tuple[subprocess.Popen[str], str, dict[str, Any]]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Serving]]:
    """Start `rft serve --json` in a folder with a build. The process is ended after the test."""
    started: list[subprocess.Popen[str]] = []

    def start(*words: object, source: str = TWO, **settings: Any) -> Serving:
        write_build(tmp_path, source, {"Same": "app.same", "Other": "app.other"}, **settings)
        process = subprocess.Popen(
            [*COMMAND, "serve", "--json", *map(str, words)],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        said = json.loads(process.stdout.readline() or "{}")
        return process, said["endpoint_url"], said

    yield start
    for process in started:
        process.kill()
        process.communicate()


def client_of(url: str) -> Any:
    return boto3.client(
        "lambda",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_boto3_calls_every_built_function_until_it_is_stopped(
    number: int, serve: Callable[..., Serving], tmp_path: Path
) -> None:
    process, url, said = serve("--out", "log.txt", AutoPublishAlias="live")
    assert [one["name"] for one in said["functions"]] == ["Same", "Other"]
    client = client_of(url)
    sample = {"id": "a", "messages": [{"role": "assistant", "content": "x"}], "reference_answer": "x"}
    answer = client.invoke(FunctionName="Same", Qualifier="live", Payload=json.dumps([sample]))
    assert answer["ExecutedVersion"] == "1"
    assert json.loads(answer["Payload"].read())[0]["aggregate_reward_score"] == 1.0
    arn = f"{said['functions'][1]['arn']}:1"
    assert json.loads(client.invoke(FunctionName=arn)["Payload"].read()) == arn
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.invoke(FunctionName="Nobody")
    client.close()
    left = descendants(process.pid)[1:]
    assert left
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, "", "")
    psutil.wait_procs([psutil.Process(pid) for pid in left if psutil.pid_exists(pid)], timeout=10)
    assert [pid for pid in left if psutil.pid_exists(pid)] == []
    assert "other was called" in (tmp_path / "log.txt").read_text(encoding="utf-8")


def test_a_call_under_way_does_not_outlive_it(serve: Callable[..., Serving]) -> None:
    process, url, _ = serve()
    client = client_of(url)
    with Meeting() as meeting:
        event = json.dumps({"port": meeting.port})
        assert client.invoke(FunctionName="Other", InvocationType="Event", Payload=event)["StatusCode"] == 202
        meeting.wait_for(1)
        left = descendants(process.pid)[1:]
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    client.close()
    assert (process.returncode, out, err) == (0, "", "")
    psutil.wait_procs([psutil.Process(pid) for pid in left if psutil.pid_exists(pid)], timeout=10)
    assert [pid for pid in left if psutil.pid_exists(pid)] == []


def test_a_replay_goes_through_it_as_through_a_deployed_function(
    serve: Callable[..., Serving], tmp_path: Path
) -> None:
    _, url, _ = serve("--function", "Same", AutoPublishAlias="live")
    write_rollouts(tmp_path / "r.jsonl", [rollout("a", "1", "1"), rollout("b", "1", "2")])
    keys = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_REGION": "us-east-1"}
    environment = {**os.environ, **keys, "AWS_ENDPOINT_URL_LAMBDA": url}
    done = rft(tmp_path, "replay", "r.jsonl", "--arn", "Same:live", "--json", env=environment)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["totals"]["mean"] == 0.5


def test_people_are_told_how_to_call_it(tmp_path: Path) -> None:
    write_build(tmp_path, TWO, {"Other": "app.other"}, AutoPublishAlias="live")
    with subprocess.Popen([*COMMAND, "serve"], cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(4)]
        process.send_signal(signal.SIGINT)
        said += process.stdout.readlines()
    url = said[0].strip()
    assert url.startswith("http://127.0.0.1:")
    assert said[1] == "  arn:aws:lambda:us-east-1:123456789012:function:Other:live\n"
    assert f"  export AWS_ENDPOINT_URL_LAMBDA={url} AWS_REGION=us-east-1\n" in said
    assert any("aws lambda invoke --function-name Other:live" in line for line in said)
    assert process.returncode == 0


def test_a_function_has_the_variables_that_are_named_and_no_others(
    serve: Callable[..., Serving], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("JUDGE", "a")
    monkeypatch.setenv("OTHER_JUDGE", "b")
    _, url, _ = serve("--pass-env", "JUDGE")
    client = client_of(url)
    assert json.loads(client.invoke(FunctionName="Other", Payload='"who"')["Payload"].read()) == ["a", None]
    client.close()
    said = refusal(tmp_path, "serve", "--pass-env", "NOT_THERE")
    assert "the environment variable NOT_THERE is not set. Set NOT_THERE, or leave out --pass-env." in said


def test_what_cannot_be_served_is_said_in_one_sentence(serve: Callable[..., Serving], tmp_path: Path) -> None:
    assert "nothing is built here" in refusal(tmp_path, "serve")
    _, url, _ = serve()
    assert "cannot listen on port" in refusal(tmp_path, "serve", "--port", url.rpartition(":")[2])
    assert "no function has the name Nobody" in refusal(tmp_path, "serve", "--function", "Nobody")
