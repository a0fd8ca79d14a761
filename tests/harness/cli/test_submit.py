"""`rft submit` with a grader named by its stack, and the comparison of deployed and replayed code."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from harness.cli.main import main
from harness.localaws.function import PRESENT_RUNTIME
from support.api_stub import ApiStub
from support.moto_aws import ACCOUNT, local_aws
from support.rollout_files import write_rollouts

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
        (["--function", "Math"], "Add --stack, or pass --arn ARN instead."),
    ],
)
def test_what_names_no_grader_is_the_user_s_to_mend(api, capsys, words, message):
    assert main(["submit", "train.jsonl", *words]) == 2
    said = capsys.readouterr()
    assert (message in said.err, said.out, said.err.count("\n"), api.seen) == (True, "", 1, [])


GRADER = """
from graders import grader

@grader
def same(sample):
    return float(sample.completion == "4")
"""


@pytest.fixture
def replayed(api, served, tmp_path, capsys):
    """A replayed grader, and the unpinned ARN of a deployed function with the same code."""
    (tmp_path / "submitted.py").write_text(GRADER)
    records = [json.loads(line) for line in (tmp_path / "train.jsonl").read_text().splitlines()]
    rollouts = [
        {**record, "messages": [*record["messages"], {"role": "assistant", "content": said}]}
        for record in records
        for said in ("4", "5")
    ]
    write_rollouts(tmp_path / "rollouts.jsonl", rollouts)
    assert main(["replay", "rollouts.jsonl", "-g", "submitted.py:same", "--name", "one", "--cores", "1"]) == 0
    capsys.readouterr()
    served.client("iam").create_role(RoleName=tmp_path.name, AssumeRolePolicyDocument="{}")
    settings = {"Runtime": PRESENT_RUNTIME, "Role": f"arn:aws:iam::{ACCOUNT}:role/{tmp_path.name}"}
    made = served.client("lambda").create_function(
        FunctionName=f"rft-{tmp_path.name}",
        Handler="submitted.same",
        Code={"ZipFile": zipped(tmp_path / "submitted.py")},
        **settings,
    )
    return made["FunctionArn"]


def zipped(file):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.write(file, file.name)
    return held.getvalue()


def test_the_replayed_code_is_proven_noted_and_watched(api, served, replayed, tmp_path, capsys):
    words = ["submit", "train.jsonl", "--arn", replayed, "--run", "one", "--name", "first"]
    assert main([*words, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    function = served.client("lambda").get_function_configuration(FunctionName=replayed)
    journal = json.loads((tmp_path / "jobs/first/job.json").read_text())
    assert journal["grader"]["code_sha256"] == function["CodeSha256"]
    assert journal["replay"]["same_code"] == said["plan"]["replay"]["same_code"] == "proven"
    assert said["plan"]["replay"]["records_seen"] == 120
    assert said["forecast"]["assumes"]["function_settings"] is False
    assert said["forecast"]["lambda_usd"] > 0
    [note] = [one for one in said["findings"] if one["id"] == "J023"]
    assert note["message"].endswith("not compared: its version of rft-graders")
    assert main(["jobs", "first"]) == 0
    shown = capsys.readouterr().out
    assert function["CodeSha256"] in shown
    assert "(the same code: proven)" in shown

    (tmp_path / "submitted.py").write_text(f"{GRADER}# changed")
    served.client("lambda").update_function_code(
        FunctionName=replayed, ZipFile=zipped(tmp_path / "submitted.py")
    )
    assert main([*words, "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    changed = [one["message"] for one in said["findings"] if one["id"] == "J022"]
    assert changed[0].startswith("its code changed since this job was first submitted")
    assert changed[1].startswith(
        "the function is not the replayed grader: it has different content in submitted"
    )
    assert main([*words, "--grader-code-sha256", function["CodeSha256"]]) == 1
    assert "error    J022" in capsys.readouterr().out


@pytest.mark.parametrize("endpoint", [None, "http://127.0.0.1:9"])
def test_a_job_needs_no_aws_to_be_submitted(api, replayed, capsys, monkeypatch, endpoint):
    if endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    else:
        monkeypatch.delenv("AWS_ENDPOINT_URL")
    assert main(["submit", "train.jsonl", "--arn", replayed, "--run", "one"]) == 0
    said = capsys.readouterr().out
    assert "note     J023" in said
    assert ("AWS cannot be reached" if endpoint else "AWS was not asked") in said


def test_another_folder_finds_the_job_and_says_so(api, tmp_path, capsys, monkeypatch):
    words = ["--arn", f"{FUNCTION}-Math:3"]
    assert main(["submit", "train.jsonl", *words]) == 0
    assert "ftjob-1 submitted" in capsys.readouterr().out
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert main(["submit", "../train.jsonl", *words]) == 0
    said = capsys.readouterr().out
    assert "ftjob-1 was submitted before" in said
    assert "choose another --name" in said
    assert (len(api.jobs), len(api.files)) == (1, 1)


def test_a_machine_without_a_home_to_lock_in_is_told_what_is_not_guarded(api, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "train.jsonl"))
    assert main(["submit", "train.jsonl", "--arn", f"{FUNCTION}-Math:3"]) == 0
    assert "do not submit this from another folder at the same time" in capsys.readouterr().err


def test_the_host_for_inference_has_no_jobs_to_submit_to(api, capsys, monkeypatch):
    base_url = "https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1"
    words = ["submit", "train.jsonl", "--arn", f"{FUNCTION}-Math:3", "--base-url", base_url, "--dry-run"]
    assert main(words) == 2
    assert "https://bedrock-mantle.us-east-1.api.aws/v1" in capsys.readouterr().err


def test_the_region_of_the_shell_is_compared_with_the_graders(api, capsys, monkeypatch):
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    assert main(["submit", "train.jsonl", "--arn", f"{FUNCTION}-Math:3", "--dry-run", "--json"]) == 0
    found = {one["id"]: one for one in json.loads(capsys.readouterr().out)["findings"]}
    assert found["J011"]["severity"] == "warning"
    assert "us-east-1 (AWS_REGION)" in found["J011"]["message"]
    assert main(["submit", "train.jsonl", "--arn", f"{FUNCTION}-Math:3", "--region", "us-east-1"]) == 1


def test_a_submission_is_told_in_80_columns(api, capsys):
    assert main(["submit", "train.jsonl", "--arn", f"{FUNCTION}-Math:3", "--price-per-hour", "9"]) == 0
    lines = capsys.readouterr().out.splitlines()
    ahead = [line for line in lines if not line.startswith(("note", "warning"))]
    assert [line for line in ahead if len(line) > 80 and "recorded in" not in line] == []
    assert any("9 USD per hour" in line for line in ahead)


def test_a_dry_run_refuses_a_name_that_a_run_would(api, capsys):
    words = ["submit", "train.jsonl", "--arn", f"{FUNCTION}-Math:3", "--name", "../x"]
    assert main([*words, "--dry-run"]) == main(words) == 2
    assert capsys.readouterr().err.count("'../x' cannot be a job's name") == 2
