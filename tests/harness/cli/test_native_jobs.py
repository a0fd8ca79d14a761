"""Native Bedrock jobs through the verbs, with boto3 against a strict test double over HTTP.

The double follows our reading of the documentation, so a passing test is no evidence about AWS.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from support.moto_bedrock import Bedrock, strict_bedrock
from support.service import run_verb

ARN = "arn:aws:lambda:us-east-1:123456789012:function:mail:3"
NOVA = "amazon.nova-2-lite-v1:0:256k"
ROLE = "arn:aws:iam::123456789012:role/BedrockRft"
NEEDED = {
    "--arn": ARN,
    "--model": NOVA,
    "--role-arn": ROLE,
    "--data-uri": "s3://mail-data/rft",
    "--output-uri": "s3://mail-data/out",
    "--model-name": "mail-nova",
}


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Bedrock, str]]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with strict_bedrock() as bedrock:
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        endpoint = f"http://127.0.0.1:{server.get_host_and_port()[1]}"
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        s3 = boto3.client("s3", region_name="us-east-1", endpoint_url=endpoint, **keys)
        s3.create_bucket(Bucket="mail-data")
        yield bedrock, endpoint
        s3.close()
        server.stop()
        assert server._server is not None
        server._server.server_close()


@pytest.fixture
def bedrock(served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: Any) -> Bedrock:
    found, endpoint = served
    found.__init__()
    environment = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "1",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    records = [
        {
            "messages": [{"role": "user", "content": f"Sort {request.node.name} {n}"}],
            "reference_answer": {"box": f"b{n}"},
        }
        for n in range(120)
    ]
    Path("train.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return found


def rft(*words: object) -> Any:
    return run_verb(str(words[0]), *words[1:], base_url="http://127.0.0.1:9/v1")


def submit(*words: object, **changed: str | None) -> Any:
    options = {**NEEDED, **{f"--{name.replace('_', '-')}": value for name, value in changed.items()}}
    given = [word for name, value in options.items() if value is not None for word in (name, value)]
    return rft("submit", "train.jsonl", *given, *words)


def test_a_job_is_submitted_watched_and_listed(bedrock: Bedrock) -> None:
    ran = submit("--name", "mail", "--hyperparameter", "learningRate=0.00001", "--n-epochs", 2)
    assert ran.code == 0, ran.stderr
    [(arn, job)] = bedrock.jobs.items()
    rft_config = job["customizationConfig"]["rftConfig"]
    assert rft_config["graderConfig"] == {"lambdaGrader": {"lambdaArn": ARN}}
    assert rft_config["hyperParameters"] == {"epochCount": 2, "learningRate": 1e-5}
    assert "rft watch mail" in ran.stdout
    uri = job["trainingDataConfig"]["s3Uri"].removeprefix("s3://")
    bucket, _, key = uri.partition("/")
    body = boto3.client("s3", region_name="us-east-1").get_object(Bucket=bucket, Key=key)["Body"].read()
    assert body == Path("train.jsonl").read_bytes()

    for _ in range(3):
        bedrock.advance(arn)
    watched = rft("watch", "mail", "--interval", 0.1)
    assert watched.code == 0, watched.stderr
    for phase in ("validation: Completed", "data processing: Completed", "training: Completed"):
        assert watched.stdout.count(phase) == 1
    assert "custom-model" in watched.stdout
    assert "critic_rewards_mean" not in watched.stdout

    listed = rft("jobs", "--native")
    assert listed.code == 0
    assert arn in listed.stdout
    assert "succeeded" in listed.stdout
    assert "mail" in listed.stdout.split()
    shown = rft("jobs", "mail").stdout
    assert ARN in shown
    assert "epochCount 2" in shown


def test_the_same_plan_is_one_job_from_any_folder(bedrock: Bedrock, tmp_path: Path, monkeypatch) -> None:
    assert submit().code == 0
    again = submit("--json")
    assert (again.code, again.json["found"]) == (0, True)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "train.jsonl").write_bytes(Path("train.jsonl").read_bytes())
    monkeypatch.chdir(elsewhere)
    assert submit("--json").json["found"] is True
    assert bedrock.created == 1
    assert submit("--name", "once-more").code == 0
    assert bedrock.created == 2


def test_a_kill_before_the_answer_makes_no_second_job(bedrock: Bedrock) -> None:
    assert submit("--name", "mail").code == 0
    journal = Path("jobs/mail/job.json")
    facts = json.loads(journal.read_text())
    for state, job_id in (("creating", None), ("uploaded", None), ("uploading", None), ("intended", None)):
        facts["state"], facts["job"]["id"] = state, job_id
        journal.write_text(json.dumps(facts))
        ran = submit("--name", "mail", "--json")
        assert (ran.code, ran.json["found"]) == (0, True), state
    assert bedrock.created == 1


@pytest.mark.parametrize("missing", ["role_arn", "data_uri", "output_uri", "model_name", "arn"])
def test_what_a_native_job_needs_is_asked_for(bedrock: Bedrock, missing: str) -> None:
    ran = submit(**{missing: None})
    assert ran.code == 2
    assert f"--{missing.replace('_', '-')}" in ran.stderr
    assert not bedrock.jobs


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--hyperparameter", "epochCount=51"], "epochCount must be 1 to 50, not 51"),
        (["--batch-size", "4"], "batchSize must be 16 to 512, not 4"),
        (["--hyperparameter", "learningRate=1"], "learningRate must be 1e-07 to 0.001"),
        (["--hyperparameter", "reasoningEffort=extreme"], "must be one of low, medium, high"),
        (["--data-uri", "s3://Mail_Data/x"], "s3Uri"),
        (["--role-arn", "BedrockRft"], "roleArn"),
        (["--model-name", "mail nova"], "customModelName"),
        (["--arn", "arn:aws:lambda:us-west-2:123456789012:function:mail:3"], "the grader is in us-west-2"),
    ],
)
def test_what_the_service_would_refuse_is_found_before_anything_is_uploaded(
    bedrock: Bedrock, words: list[str], said: str
) -> None:
    ran = submit(*words)
    assert ran.code == 1
    assert said in ran.stdout
    assert not bedrock.jobs
    sha256 = hashlib.sha256(Path("train.jsonl").read_bytes()).hexdigest()
    stored = boto3.client("s3", region_name="us-east-1").list_objects_v2(Bucket="mail-data")
    assert not any(sha256 in one["Key"] for one in stored.get("Contents", []))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--learning-rate-multiplier", "2"], "no counterpart of learning_rate_multiplier"),
        (["--hyperparameter", "warmup=3"], "warmup is not a hyperparameter of native Bedrock"),
        (["--hyperparameter", "epochCount"], "has no value"),
        (["--hyperparameter", "epochCount=2", "--n-epochs", "2"], "is given twice"),
        (["--hyperparameter", "epochCount=two"], "must be of type integer"),
    ],
)
def test_a_hyperparameter_without_a_counterpart_is_refused(
    bedrock: Bedrock, words: list[str], said: str
) -> None:
    ran = submit(*words)
    assert ran.code == 2
    assert said in ran.stderr


def test_options_for_nova_are_refused_for_other_models(bedrock: Bedrock) -> None:
    ran = submit(model="openai.gpt-oss-20b")
    assert ran.code == 2
    assert "--role-arn works only for models that native Bedrock tunes" in ran.stderr


def test_a_dry_run_sends_nothing(bedrock: Bedrock) -> None:
    ran = submit("--dry-run", "--json")
    assert (ran.code, ran.json["submitted"]) == (0, False)
    assert ran.json["request"]["customizationConfig"]["rftConfig"]["graderConfig"]["lambdaGrader"]
    shown = submit("--print-curl")
    assert "aws bedrock create-model-customization-job --region us-east-1" in shown.stdout
    assert not bedrock.jobs
    assert not Path("jobs").exists()


def test_a_job_is_cancelled_and_its_end_is_a_failure_of_the_watch(bedrock: Bedrock) -> None:
    assert submit("--name", "mail").code == 0
    [arn] = bedrock.jobs
    ran = rft("cancel", "mail", "--yes")
    assert (ran.code, ran.stdout) == (0, f"{arn} is cancelling\n")
    bedrock.advance(arn)
    watched = rft("watch", "mail", "--interval", 0.1)
    assert watched.code == 1
    assert "cancelled" in watched.stdout


def test_a_job_that_fails_says_why(bedrock: Bedrock) -> None:
    assert submit("--name", "mail").code == 0
    [arn] = bedrock.jobs
    bedrock.advance(arn, fails=True)
    watched = rft("watch", arn, "--interval", 0.1)
    assert watched.code == 1
    assert "the grader timed out" in watched.stdout


def test_a_job_whose_grader_the_service_does_not_show_is_no_success(bedrock: Bedrock) -> None:
    assert submit("--name", "mail").code == 0
    [job] = bedrock.jobs.values()
    del job["customizationConfig"]
    ran = submit("--name", "mail")
    assert ran.code == 1
    assert "does not show which function grades this job" in ran.stdout


def test_a_model_that_is_not_made_yet_is_not_shown_as_one(bedrock: Bedrock) -> None:
    assert submit("--name", "mail").code == 0
    [job] = bedrock.jobs.values()
    job["outputModelArn"] = "arn:aws:bedrock:us-east-1:123456789012:custom-model/x.y/abcdefghijkl"
    assert "tuned model" not in rft("jobs", "mail").stdout


@pytest.mark.parametrize("verb", ["events", "checkpoints"])
def test_what_a_native_job_has_not_is_said(bedrock: Bedrock, verb: str) -> None:
    assert submit("--name", "mail").code == 0
    ran = rft(verb, "mail")
    assert ran.code == 2
    assert f"a job of native Bedrock has no {verb}" in ran.stderr


def test_a_model_is_asked_through_its_deployment(bedrock: Bedrock) -> None:
    from harness.api.native import NativeBedrock

    assert submit("--name", "mail").code == 0
    [arn] = bedrock.jobs
    for _ in range(3):
        bedrock.advance(arn)
    refused = rft("chat", "mail", "hello")
    assert refused.code == 2
    assert "rft deploy-model mail" in refused.stderr
    with NativeBedrock() as client:
        deployment = client.deploy(str(client.job(arn).tuned_model), "mail", "token")
        assert client.deployment(deployment)["status"] == "Creating"
    ran = rft("chat", deployment, "hello", "--system", "Sort.", "--max-tokens", 9)
    assert (ran.code, ran.stdout) == (0, "You said: hello\n")
    assert bedrock.asked[-1]["system"] == [{"text": "Sort."}]
    assert bedrock.asked[-1]["inferenceConfig"] == {"maxTokens": 9}
    assert rft("chat", deployment, "hello", "--api", "responses").code == 2


def test_signed_requests_are_not_shown_as_curl(bedrock: Bedrock) -> None:
    ran = rft("jobs", "--native", "--print-curl")
    assert (ran.code, ran.stdout) == (2, "")
    assert "requests to native Bedrock are signed" in ran.stderr


def test_every_page_of_jobs_is_listed(bedrock: Bedrock) -> None:
    bedrock.page = 2
    for number in range(5):
        assert submit("--model-name", f"mail-{number}").code == 0
    found = rft("jobs", "--native", "--json").json["jobs"]
    assert [job["jobArn"] for job in found] == list(bedrock.jobs)[::-1]


def test_a_service_that_is_away_is_told(bedrock: Bedrock, monkeypatch: pytest.MonkeyPatch) -> None:
    assert submit("--name", "mail").code == 0
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    ran = rft("jobs", "mail")
    assert ran.code == 3
    assert "AWS cannot be reached" in ran.stderr


def completed(bedrock: Bedrock) -> str:
    """Complete a job named `mail` and return its model's ARN."""
    assert submit("--name", "mail").code == 0
    [arn] = bedrock.jobs
    for _ in range(3):
        bedrock.advance(arn)
    return str(bedrock.jobs[arn]["outputModelArn"])


def deploy(*words: object) -> Any:
    return run_verb("deploy-model", *words, base_url="http://127.0.0.1:9/v1")


def test_a_model_is_deployed_once_asked_and_its_deployment_deleted(bedrock: Bedrock) -> None:
    model = completed(bedrock)
    refused = deploy("mail")
    assert (refused.code, bedrock.deployments) == (2, {})
    assert "--yes" in refused.stderr
    made = deploy("mail", "--yes", "--json")
    assert made.code == 0, made.stderr
    [arn] = bedrock.deployments
    assert (made.json["customModelDeploymentArn"], made.json["status"]) == (arn, "Active")
    again = deploy(model)  # the deployment exists already, so there is no new cost to confirm
    assert (again.code, list(bedrock.deployments)) == (0, [arn])
    assert f"rft chat {arn}" in again.stdout
    assert "charges until" in again.stdout
    assert rft("chat", arn, "hello").stdout == "You said: hello\n"
    assert deploy(arn, "--delete").code == 2
    assert deploy(arn, "--delete", "--yes").code == 0
    assert bedrock.deployments == {}
    assert deploy(arn, "--delete", "--yes").code == 2
    assert deploy("mail", "--yes", "--no-wait").code == 0
    assert len(bedrock.deployments) == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["mail"], "it is running"),
        (["openai.gpt-oss-20b"], "only models that native Bedrock tuned"),
        (["arn:aws:bedrock:us-east-1:123456789012:custom-model/a b"], "modelArn"),
        (["no-such-deployment", "--delete"], "does not exist"),
    ],
)
def test_what_cannot_be_deployed_is_said(bedrock: Bedrock, words: list[str], says: str) -> None:
    assert submit("--name", "mail").code == 0
    ran = deploy(*words, "--yes")
    assert (ran.code, ran.stdout, bedrock.deployments) == (2, "", {})
    assert says in ran.stderr


def test_a_name_that_another_model_has_is_refused(bedrock: Bedrock) -> None:
    completed(bedrock)
    assert deploy("mail", "--deployment-name", "mine", "--yes").code == 0
    next(iter(bedrock.deployments.values()))["modelArn"] = "another"
    ran = deploy("mail", "--deployment-name", "mine", "--yes")
    assert ran.code == 2
    assert "a deployment of another" in ran.stderr


def test_a_deployment_that_failed_is_a_failure(bedrock: Bedrock) -> None:
    completed(bedrock)
    assert deploy("mail", "--yes").code == 0
    next(iter(bedrock.deployments.values())).update(status="Failed", failureMessage="no capacity")
    ran = deploy("mail")
    assert ran.code == 1
    assert "no capacity" in ran.stderr


def test_a_wait_that_takes_too_long_is_told(bedrock: Bedrock) -> None:
    completed(bedrock)
    ran = deploy("mail", "--yes", "--patience", 0)
    assert ran.code == 3
    assert "Run the same command again" in ran.stderr
    assert deploy("mail").code == 0


def test_completions_of_a_deployment_are_kept_and_compared(bedrock: Bedrock) -> None:
    completed(bedrock)
    assert deploy("mail", "--yes").code == 0
    [arn] = bedrock.deployments
    Path("my_grader.py").write_text(
        "from graders import Sample, grader\n\n\n@grader\n"
        "def long(sample: Sample) -> float:\n    return min(1.0, len(str(sample.completion)) / 100)\n"
    )
    limits = ("--limit", 3, "-n", 2)
    ran = rft("rollout", "train.jsonl", "--model", arn, "--out", "rollouts.jsonl", *limits, "--max-tokens", 5)
    assert ran.code == 0, ran.stderr
    kept = [json.loads(line) for line in Path("rollouts.jsonl").read_text().splitlines()]
    assert [one["messages"][-1]["content"][:14] for one in kept] == ["You said: Sort"] * 6
    assert bedrock.asked[-1]["inferenceConfig"] == {"maxTokens": 5}
    record = {"messages": [{"role": "user", "content": "2+2"}], "tools": [{"name": "add"}]}
    Path("tools.jsonl").write_text(json.dumps(record) + "\n")
    ran = rft("rollout", "tools.jsonl", "--model", arn, "--out", "called.jsonl", "-n", 1)
    assert ran.code == 0, ran.stderr
    schema = {"json": {"type": "object", "properties": {}}}
    assert bedrock.asked[-1]["toolConfig"] == {
        "tools": [{"toolSpec": {"name": "add", "inputSchema": schema}}]
    }
    words = ("evaluate", "train.jsonl", "--grader", "my_grader.py", "--model", arn, *limits)
    ran = rft(*words, "--json")
    assert ran.code == 0, ran.stderr
    assert ran.json["measured"] is True
    for more, says in (
        (("--model", "mail"), "each model needs an ARN or an id"),
        (("--checkpoints",), "no checkpoints"),
        (("--model", arn.replace("us-east-1", "us-west-2")), "several Regions"),
        (("--print-curl",), "signed"),
    ):
        ran = rft(*words, *more)
        assert ran.code == 2
        assert says in ran.stderr
