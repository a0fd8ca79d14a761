"""`rft audit` of a function behind the local Invoke API, and of a folder with a handler."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.localaws.invoke import LambdaServer
from support.artifacts import write_function
from support.rft_command import rft_inside

HANDLER = """
def handler(event, context):
    return [entry(sample) for sample in event]


def entry(sample):
    text = sample["messages"][-1]["content"] if sample.get("messages") else None
    right = text == (sample.get("metadata") or {}).get("reference_answer")
    paid = isinstance(text, str) and (right or not text.strip())
    return {"id": sample["id"], "aggregate_reward_score": float(paid), "metrics_list": []}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    lines = [
        {"messages": [{"role": "user", "content": f"What is {n} times 7?"}], "reference_answer": str(n * 7)}
        for n in range(3, 23)
    ]
    (tmp_path / "records.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return tmp_path


@pytest.fixture
def deployed(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with LambdaServer() as server:
        server.add(write_function(project / "code", HANDLER, name="grader"), version="1", aliases=("live",))
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", server.url)
        yield "grader:live"


def test_a_function_in_aws_is_called_after_its_price_was_said_and_agreed_to(
    project: Path, deployed: str
) -> None:
    words = ("audit", "records.jsonl", "--arn", deployed, "--search", "0")
    refused = rft_inside(project, *words, "--budget", "30")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "at most 30 times" in refused.stderr
    assert "Name the function by its ARN" in refused.stderr
    assert "--yes" in refused.stderr
    done = rft_inside(project, *words, "--yes", "--json")
    found = json.loads(done.stdout)
    assert done.returncode == found["exit_code"] == 1
    assert "critical" in {one["severity"] for one in found["findings"]}


def test_a_budget_of_calls_ends_the_audit_and_measures_nothing(project: Path, deployed: str) -> None:
    words = ("audit", "records.jsonl", "--arn", deployed, "--yes", "--budget", "2", "--json")
    found = json.loads(rft_inside(project, *words).stdout)
    assert (found["verdict"], found["exit_code"]) == ("not measured", 2)
    assert found["probes"]["skipped"] > found["probes"]["passed"]


def test_a_folder_with_a_handler_is_audited_under_the_local_lambda_runtime(project: Path) -> None:
    folder = project / "code"
    folder.mkdir()
    (folder / "grader.py").write_text(HANDLER)
    words = ("--handler", "grader.handler", "--artifact", "code", "--search", "0", "--json")
    done = rft_inside(project, "audit", "records.jsonl", *words)
    found = json.loads(done.stdout)
    assert done.returncode == found["exit_code"] == 1
    assert "critical" in {one["severity"] for one in found["findings"]}
    kept = json.loads(next((project / "runs" / "audits").glob("*/audit.json")).read_text())
    assert kept["target"]["kind"] == "lambda-runtime"
