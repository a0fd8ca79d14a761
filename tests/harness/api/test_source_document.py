"""The examples in "Create and manage fine-tuning jobs … using OpenAI APIs", run on the local emulator.

Each operation runs twice: with the official SDK and as the document's curl command. The emulator first
runs a job on the shipped samples, so that events, checkpoints and a tuned model exist.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import warnings
from pathlib import Path

import pytest
from openai import OpenAI

from harness.emulator.settings import EmulatorConfig
from support.emulator_process import EmulatorProcess
from support.waiting import until

ROOT = Path(__file__).parents[3]
ARN = "arn:aws:lambda:us-west-2:123456789012:function:my-reward-function"
MODEL = "openai.gpt-oss-20b"
RECORDS = 60

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


def method(epochs=1):
    return {
        "type": "reinforcement",
        "reinforcement": {
            "grader": {"type": "lambda", "lambda": {"function": ARN}},
            "hyperparameters": {"n_epochs": epochs, "batch_size": 4, "learning_rate_multiplier": 1.0},
        },
    }


@pytest.fixture(scope="module")
def base_url(tmp_path_factory):
    config = EmulatorConfig(
        rollouts=(ROOT / "harness/samples/rollouts.jsonl",),
        state=tmp_path_factory.mktemp("emulator"),
        functions={"my-reward-function": f"{ROOT / 'graders/examples/word_problems.py'}:word_problem"},
        require_key=True,
    )
    with EmulatorProcess(config) as emulator:
        yield emulator.base_url


@pytest.fixture(scope="module")
def client(base_url):
    with OpenAI(base_url=base_url, api_key="any") as client:
        yield client


@pytest.fixture(scope="module")
def training_file(client, tmp_path_factory):
    lines = (ROOT / "harness/samples/records.jsonl").read_bytes().splitlines(keepends=True)[:RECORDS]
    path = tmp_path_factory.mktemp("data") / "train.jsonl"
    path.write_bytes(b"".join(lines))
    with path.open("rb") as handle:
        return client.files.create(file=handle, purpose="fine-tune").id


def ended(client, job_id):
    def in_the_end():
        job = client.fine_tuning.jobs.retrieve(job_id)
        return job if job.status in ("succeeded", "failed", "cancelled") else None

    return until(in_the_end)


@pytest.fixture(scope="module")
def job(client, training_file):
    """A finished job, created as in the document."""
    created = client.fine_tuning.jobs.create(
        model=MODEL, training_file=training_file, extra_body={"method": method()}
    )
    assert created.status != "failed", created
    job = ended(client, created.id)
    assert job.status == "succeeded", job.error
    return job


@pytest.fixture
def curl(base_url):
    def run(command: str):
        command = command.replace("https://bedrock-mantle.us-west-2.api.aws/v1", base_url)
        environment = {"PATH": os.environ["PATH"], "OPENAI_API_KEY": "any"}
        done = subprocess.run(
            ["sh", "-c", command.replace("curl ", "curl -sS --fail-with-body --noproxy '*' ", 1)],
            env=environment,
            capture_output=True,
            timeout=30,
        )
        assert done.returncode == 0, (done.stdout, done.stderr)
        return json.loads(done.stdout)

    return run


HOST = "https://bedrock-mantle.us-west-2.api.aws/v1"
KEY = '-H "Authorization: Bearer $OPENAI_API_KEY"'
JSON = '-H "Content-Type: application/json"'


# --- Create fine-tuning job


def test_create_with_the_sdk(job, training_file):
    assert job.object == "fine_tuning.job"
    assert job.training_file == training_file
    assert job.model == MODEL
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the SDK parses a Lambda grader as another type
        assert job.to_dict()["method"]["reinforcement"]["grader"] == {
            "type": "lambda",
            "lambda": {"function": ARN},
        }


@needs_curl
def test_create_with_http(curl, client, training_file):
    body = json.dumps({"training_file": training_file, "model": MODEL, "method": method(epochs=20)})
    job = curl(f"curl {HOST}/fine_tuning/jobs {JSON} {KEY} -d '{body}'")
    assert job["object"] == "fine_tuning.job"
    assert job["method"]["reinforcement"]["grader"]["lambda"]["function"] == ARN
    client.fine_tuning.jobs.cancel(job["id"])


# --- List fine-tuning events


def test_events_with_the_sdk(client, job):
    events = client.fine_tuning.jobs.list_events(fine_tuning_job_id=job.id, limit=50)
    assert events.data
    for event in events.data:
        assert event.created_at
        assert event.level
        assert event.message
    metrics = [event.data for event in events.data if event.type == "metrics"]
    assert {"critic_rewards_mean", "actor_entropy", "actor_grad_norm", "response_length_mean"} <= set(
        metrics[0]
    )


@needs_curl
def test_events_with_http(curl, job):
    page = curl(f"curl {HOST}/fine_tuning/jobs/{job.id}/events?limit=50 {KEY}")
    assert page["object"] == "list"
    assert page["data"][0]["object"] == "fine_tuning.job.event"


def test_paginate_through_all_events_with_the_sdk(client, job):
    all_events = []
    after = None
    while True:
        events = client.fine_tuning.jobs.list_events(
            fine_tuning_job_id=job.id, limit=7, **({"after": after} if after else {})
        )
        all_events.extend(events.data)
        if not events.has_more:
            break
        after = events.data[-1].id
    assert len({event.id for event in all_events}) == len(all_events)
    steps = [event.data["step"] for event in all_events if event.type == "metrics"]
    assert sorted(steps) == list(range(1, RECORDS // 4 + 1))
    # The SDK's own paging gives the same events.
    pages = client.fine_tuning.jobs.list_events(fine_tuning_job_id=job.id, limit=7)
    assert [event.id for event in pages] == [event.id for event in all_events]


@needs_curl
def test_paginate_through_all_events_with_http(curl, job):
    first = curl(f"curl {HOST}/fine_tuning/jobs/{job.id}/events?limit=5 {KEY}")
    after = first["data"][-1]["id"]
    second = curl(f'curl "{HOST}/fine_tuning/jobs/{job.id}/events?limit=100&after={after}" {KEY}')
    assert first["has_more"] is True
    assert second["has_more"] is False
    assert not {event["id"] for event in first["data"]} & {event["id"] for event in second["data"]}


# --- Retrieve fine-tuning job


def test_retrieve_with_the_sdk(client, job):
    details = client.fine_tuning.jobs.retrieve(job.id)
    assert details.fine_tuned_model
    assert details.finished_at >= details.created_at


@needs_curl
def test_retrieve_with_http(curl, job):
    details = curl(f"curl {HOST}/fine_tuning/jobs/{job.id} {KEY}")
    assert (details["id"], details["status"]) == (job.id, "succeeded")


# --- List fine-tuning jobs


def test_list_with_the_sdk(client, job):
    response = client.fine_tuning.jobs.list(limit=20)
    assert job.id in [one.id for one in response.data]


@needs_curl
def test_list_with_http(curl, job):
    page = curl(f"curl {HOST}/fine_tuning/jobs?limit=20 {KEY}")
    assert page["object"] == "list"
    assert job.id in [one["id"] for one in page["data"]]


# --- Cancel fine-tuning job


def test_cancel_with_the_sdk(client, training_file):
    created = client.fine_tuning.jobs.create(
        model=MODEL, training_file=training_file, extra_body={"method": method(epochs=50)}
    )
    response = client.fine_tuning.jobs.cancel(created.id)
    assert (response.id, response.status) == (created.id, "cancelled")
    assert client.fine_tuning.jobs.retrieve(created.id).status == "cancelled"


@needs_curl
def test_cancel_with_http(curl, client, training_file):
    created = client.fine_tuning.jobs.create(
        model=MODEL, training_file=training_file, extra_body={"method": method(epochs=50)}
    )
    response = curl(f"curl -X POST {HOST}/fine_tuning/jobs/{created.id}/cancel {KEY}")
    assert response["status"] == "cancelled"


# --- List fine-tuning checkpoints, and inference with one


def test_checkpoints_with_the_sdk(client, job):
    checkpoints = client.fine_tuning.jobs.checkpoints.list(fine_tuning_job_id=job.id, limit=10)
    assert checkpoints.data
    for checkpoint in checkpoints.data:
        assert checkpoint.id
        assert checkpoint.step_number
        assert checkpoint.fine_tuned_model_checkpoint
        assert checkpoint.metrics is not None


@needs_curl
def test_checkpoints_with_http(curl, job):
    page = curl(f"curl {HOST}/fine_tuning/jobs/{job.id}/checkpoints?limit=10 {KEY}")
    assert page["data"][0]["object"] == "fine_tuning.job.checkpoint"
    assert page["data"][0]["fine_tuning_job_id"] == job.id


def test_a_checkpoint_answers_with_the_sdk(client, job):
    checkpoint = client.fine_tuning.jobs.checkpoints.list(fine_tuning_job_id=job.id, limit=10).data[0]
    response = client.chat.completions.create(
        model=checkpoint.fine_tuned_model_checkpoint,
        messages=[{"role": "user", "content": "What is AI?"}],
        max_tokens=100,
    )
    assert response.choices[0].message.content


@needs_curl
def test_a_checkpoint_answers_with_http(curl, client, job):
    checkpoint = client.fine_tuning.jobs.checkpoints.list(fine_tuning_job_id=job.id).data[0]
    model = checkpoint.fine_tuned_model_checkpoint
    turns = [{"role": "user", "content": "What is AI?"}]
    body = json.dumps({"model": model, "messages": turns, "max_tokens": 100})
    answer = curl(f"curl {HOST}/chat/completions {JSON} {KEY} -d '{body}'")
    assert answer["choices"][0]["message"]["content"]


# --- Run inference with the fine-tuned model


def test_completions_with_the_sdk(client, job):
    response = client.completions.create(
        model=job.fine_tuned_model, prompt="What is the capital of France?", max_tokens=100, temperature=0.7
    )
    assert response.choices[0].text


@needs_curl
def test_completions_with_http(curl, job):
    prompt = "What is the capital of France?"
    body = json.dumps(
        {"model": job.fine_tuned_model, "prompt": prompt, "max_tokens": 100, "temperature": 0.7}
    )
    assert curl(f"curl {HOST}/completions {JSON} {KEY} -d '{body}'")["choices"][0]["text"]


def test_responses_with_the_sdk(client, job):
    response = client.responses.create(
        model=job.fine_tuned_model, input="What is the capital of France?", store=False
    )
    assert response.output_text


@needs_curl
def test_responses_with_http(curl, job):
    body = json.dumps(
        {"model": job.fine_tuned_model, "input": "What is the capital of France?", "store": False}
    )
    answer = curl(f"curl {HOST}/responses {JSON} {KEY} -d '{body}'")
    assert answer["output"][-1]["content"][0]["type"] == "output_text"


def test_chat_completions_with_the_sdk(client, job):
    response = client.chat.completions.create(
        model=job.fine_tuned_model,
        messages=[{"role": "user", "content": "What is the capital of France?"}],
        max_tokens=100,
    )
    assert response.choices[0].message.content


@needs_curl
def test_chat_completions_with_http(curl, job):
    turns = [{"role": "user", "content": "What is the capital of France?"}]
    body = json.dumps({"model": job.fine_tuned_model, "messages": turns, "max_tokens": 100})
    answer = curl(f"curl {HOST}/chat/completions {JSON} {KEY} -d '{body}'")
    assert answer["choices"][0]["message"]["content"]


# --- Files: the document does not describe them, but every job needs one


def test_files_with_the_sdk(client, tmp_path):
    path = tmp_path / "other.jsonl"
    shutil.copy(ROOT / "harness/samples/records.jsonl", path)
    with path.open("rb") as handle:
        file = client.files.create(file=handle, purpose="fine-tune")
    assert client.files.retrieve(file.id).filename == "other.jsonl"
    assert file.id in [one.id for one in client.files.list(purpose="fine-tune")]
    assert client.files.delete(file.id).deleted


@needs_curl
def test_files_with_http(curl):
    path = ROOT / "harness/samples/records.jsonl"
    file = curl(f"curl {HOST}/files {KEY} -F purpose=fine-tune -F file=@'{path}'")
    assert file["bytes"] == path.stat().st_size
    assert file["id"] in [one["id"] for one in curl(f"curl '{HOST}/files?purpose=fine-tune' {KEY}")["data"]]
    assert curl(f"curl -X DELETE {HOST}/files/{file['id']} {KEY}")["deleted"] is True
