"""The template is built and deployed by `sam` to a local AWS, called, changed and deployed again.

The checkout is a copy without a virtual environment, as after `git clone`, at a path with a space.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
STACK = "rft-graders"
NEEDED = ["template.yaml", "samconfig.toml", ".cfnlintrc", "Makefile", "sam.mk", "graders", "harness"]
GRADERS = ["WordProblem", "CorrectThenFormat", "ReadyCheck"]
MB = 1_000_000


def sample(said, reference="#### 42"):
    messages = [{"role": "user", "content": "What is 6 times 7?"}, {"role": "assistant", "content": said}]
    return {"id": said[-8:], "messages": messages, "reference_answer": reference}


RIGHT, WRONG = sample("6 * 7 = 42\n#### 42"), sample("6 + 7 = 13\n#### 13")
EXACT = sample("#### 42")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    folder = tmp_path_factory.mktemp("my work") / "rft graders"
    folder.mkdir()
    ignored = shutil.ignore_patterns("__pycache__")
    for name in NEEDED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=ignored)
        else:
            shutil.copyfile(source, folder / name)
    (folder / "requirements").mkdir()
    for name in ("lambda.txt", "recipe.txt"):
        shutil.copyfile(ROOT / "requirements" / name, folder / "requirements" / name)
    return folder


@pytest.fixture(scope="module")
def run_sam(sam, checkout, aws):
    """Return a function that runs `sam` in the checkout. PYTHON names the interpreter for make."""

    def run(*arguments):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment |= {**aws.environment, "PYTHON": sys.executable, "MAKEFLAGS": ""}
        environment["TMPDIR"] = str(checkout.parent)  # `sam deploy` leaves folders there
        done = subprocess.run(
            [sam, *arguments], cwd=checkout, env=environment, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, f"sam {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    return run


@pytest.fixture(scope="module")
def built(run_sam, checkout):
    run_sam("build")
    return checkout / ".aws-sam" / "build"


@pytest.fixture(scope="module")
def deployed(run_sam, built, aws):
    run_sam("deploy", "--no-progressbar", "--stack-name", STACK)
    return aws.outputs(STACK)


def call(aws, arn, *samples):
    answer = aws.client("lambda").invoke(FunctionName=arn, Payload=json.dumps(samples), LogType="Tail")
    payload = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, payload
    return payload


def rewards(aws, arn, *samples):
    return [each["aggregate_reward_score"] for each in call(aws, arn, *samples)]


# --- Built ----------------------------------------------------------------------------------------


def test_sam_finds_the_template_valid(run_sam):
    assert "is a valid SAM Template" in run_sam("validate", "--lint")


@pytest.mark.parametrize("name", GRADERS)
def test_the_artifact_holds_the_graders_and_powertools_and_nothing_else(built, name):
    top = {re.sub(r"-[\d.]+\.dist-info$", "", entry.name) for entry in (built / name).iterdir()}
    packages = {"graders", "aws_lambda_powertools", "jmespath", "typing_extensions.py", "typing_extensions"}
    assert top - {"__pycache__"} == packages
    assert not list((built / name).rglob("RECORD"))
    assert not [file for file in (built / name).rglob("*") if file.suffix in {".so", ".pyd", ".exe"}]


@pytest.mark.parametrize("name", GRADERS)
def test_the_artifact_holds_every_module_of_graders(built, name):
    def modules(folder):
        return {file.relative_to(folder) for file in folder.rglob("*.py")}

    assert modules(built / name / "graders") == modules(ROOT / "graders")


@pytest.mark.parametrize("name", GRADERS)
def test_the_artifact_is_under_five_megabytes_zipped(built, name, tmp_path):
    archive = shutil.make_archive(str(tmp_path / name), "zip", built / name)
    assert 0 < Path(archive).stat().st_size < 5 * MB


@pytest.mark.parametrize("name", GRADERS)
def test_no_bytecode_is_another_interpreter_s(built, name):
    tags = {file.name.split(".")[-2] for file in (built / name).rglob("*.pyc")}
    # Without Python 3.13, the build prints a message and compiles nothing.
    assert tags <= {"cpython-313"}
    for file in (built / name).rglob("*.pyc"):
        flags = int.from_bytes(file.read_bytes()[4:8], "little")
        assert flags == 0b01, f"{file} is checked against a source whose time no zip keeps"


# --- Deployed -------------------------------------------------------------------------------------


def test_the_deployed_version_runs_the_artifact(aws, deployed):
    assert rewards(aws, deployed["WordProblemVersionArn"], RIGHT, WRONG) == [1.0, 0.0]
    right, wrong = rewards(aws, deployed["CorrectThenFormatVersionArn"], RIGHT, WRONG)
    assert right > 0.8
    assert wrong == 0.0


@pytest.mark.parametrize("kind", ["VersionArn", "AliasArn", "FunctionArn"])
def test_each_output_can_be_called(aws, deployed, kind):
    assert rewards(aws, deployed[f"WordProblem{kind}"], RIGHT) == [1.0]


def test_outputs_are_the_arns_that_they_say(deployed):
    assert re.fullmatch(
        r"arn:aws:lambda:us-west-2:\d{12}:function:[\w-]+:1", deployed["WordProblemVersionArn"]
    )
    assert deployed["WordProblemAliasArn"].endswith(":live")
    assert deployed["SubmitterPolicyArn"].startswith("arn:aws:iam::")


def test_the_function_is_what_the_template_says(aws, deployed):
    configuration = aws.client("lambda").get_function_configuration(
        FunctionName=deployed["WordProblemVersionArn"]
    )
    assert (configuration["Timeout"], configuration["MemorySize"]) == (60, 512)
    assert configuration["LoggingConfig"]["LogGroup"] == deployed["LogGroupName"]


def test_the_log_group_forgets_and_there_is_no_other(aws, deployed):
    call(aws, deployed["WordProblemVersionArn"], RIGHT)
    groups = aws.client("logs").describe_log_groups()["logGroups"]
    assert {group["logGroupName"]: group.get("retentionInDays") for group in groups} == {
        deployed["LogGroupName"]: 30
    }


def test_the_metrics_are_the_ones_that_the_alarms_watch(aws, deployed):
    call(aws, deployed["WordProblemVersionArn"], RIGHT, sample("no reference", reference=None))
    events = aws.client("logs").filter_log_events(logGroupName=deployed["LogGroupName"])["events"]
    lines = [json.loads(each["message"]) for each in events if each["message"].startswith('{"')]
    sent = [line for line in lines if "_aws" in line and line.get("Errors") == [1.0]]
    assert sent, "the grader sent no metrics"
    [metrics] = sent[-1]["_aws"]["CloudWatchMetrics"]
    assert metrics["Dimensions"] == [["service"]]

    alarms = aws.client("cloudwatch").describe_alarms()["MetricAlarms"]
    queries = [query for alarm in alarms for query in alarm.get("Metrics", [])]
    watched = [query["MetricStat"]["Metric"] for query in queries if "MetricStat" in query]
    watched += [alarm for alarm in alarms if alarm.get("MetricName")]
    service = [{"Name": "service", "Value": sent[-1]["service"]}]
    own = [each for each in watched if each["Dimensions"] == service]
    names = {each["Name"] for each in metrics["Metrics"]}
    needed = {"Errors", "Abstentions", "Samples", "RewardSpread", "RewardMean", "TimeoutUsed"}
    assert {each["MetricName"] for each in own} == needed <= names
    assert {each["Namespace"] for each in own} == {metrics["Namespace"]}


def alarms_of(aws, function_arn):
    """Return the names of a function's alarms, found by its name in their dimensions."""
    name = function_arn.rpartition(":")[2]
    alarms = aws.client("cloudwatch").describe_alarms()["MetricAlarms"]
    return [alarm["AlarmName"] for alarm in alarms if f"'{name}'" in str(alarm)]


@pytest.mark.parametrize("name", GRADERS)
def test_every_grader_has_its_alarms(aws, deployed, name):
    kinds = ["Errors", "Throttles", "Duration", "NoReward", "SameReward"]
    found = alarms_of(aws, deployed[f"{name}FunctionArn"])
    assert len(found) == len(kinds)
    assert all(any(f"{name}{kind}Alarm" in each for each in found) for kind in kinds)


def test_no_alarm_tells_anybody_without_a_topic(aws, deployed):
    alarms = aws.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert not [alarm for alarm in alarms if alarm["AlarmActions"]]


# --- Deployed again (every test continues from the state that the previous one left) ---------------


def test_deploying_the_same_again_changes_nothing(run_sam, aws, deployed):
    run_sam("build")
    said = run_sam("deploy", "--no-progressbar", "--stack-name", STACK)
    assert "No changes to deploy" in said
    assert aws.outputs(STACK) == deployed


def test_a_stack_fans_out_while_its_parameter_says_so_and_publishes_no_version_for_it(
    run_sam, checkout, built, aws, deployed
):
    def deploy():
        run_sam("build")
        run_sam("deploy", "--no-progressbar", "--stack-name", STACK)
        return aws.outputs(STACK)

    config = checkout / "samconfig.toml"
    before = config.read_text()
    # `sam deploy --guided` writes this line to the file's last table, which the build reads too.
    config.write_text(before + 'parameter_overrides = "FanOut=true FanOutBucket=our-runs"\n')
    now = deploy()
    assert {name: arn for name, arn in now.items() if not name.startswith("FanOut")} == deployed
    assert (now["FanOutBucket"], now["FanOutPrefix"]) == ("our-runs", "rft-runs")
    top = {entry.name for entry in (built / "FanOutWorker").iterdir() if "dist-info" not in entry.name}
    assert top - {"__pycache__"} == {"graders", "harness", "orjson"}
    states = aws.client("stepfunctions")
    machine = states.describe_state_machine(stateMachineArn=now["FanOutStateMachineArn"])
    assert f":function:{now['FanOutWorkerName']}" in machine["definition"]
    answer = aws.client("lambda").invoke(FunctionName=now["FanOutWorkerName"], Payload=b"{}")
    assert "InputError" in answer["Payload"].read().decode()
    # A deployment keeps the values of parameters that are not named.
    config.write_text(before + 'parameter_overrides = "FanOut=false"\n')
    assert deploy() == deployed
    config.write_text(before)
    assert states.list_state_machines()["stateMachines"] == []


def test_a_changed_grader_is_a_new_version_and_the_job_s_stays_as_it_was(run_sam, checkout, aws, deployed):
    grader = checkout / "graders" / "examples" / "word_problems.py"
    source = grader.read_text()
    changed = source.replace("    return same_number(", "    return not same_number(")
    assert changed != source
    grader.write_text(changed)
    run_sam("build")
    run_sam("deploy", "--no-progressbar", "--stack-name", STACK)
    now = aws.outputs(STACK)

    assert deployed["WordProblemVersionArn"].endswith(":1")
    assert now["WordProblemVersionArn"].endswith(":2")
    assert rewards(aws, deployed["WordProblemVersionArn"], RIGHT, WRONG) == [1.0, 0.0]
    assert rewards(aws, now["WordProblemVersionArn"], RIGHT, WRONG) == [0.0, 1.0]
    assert rewards(aws, now["WordProblemAliasArn"], RIGHT, WRONG) == [0.0, 1.0]


def memory(aws, arn):
    return aws.client("lambda").get_function_configuration(FunctionName=arn)["MemorySize"]


def test_a_changed_parameter_is_a_new_version_too(run_sam, aws, deployed):
    before = aws.outputs(STACK)
    values = "MemorySize=1024 TrainingAccountId=210987654321 GraderCheck=checks.text:exact()"
    given = ["--parameter-overrides", values]
    run_sam("deploy", "--no-progressbar", "--stack-name", STACK, *given)
    now = aws.outputs(STACK)
    for name in GRADERS:
        old, new = before[f"{name}VersionArn"], now[f"{name}VersionArn"]
        assert int(new.rpartition(":")[2]) == int(old.rpartition(":")[2]) + 1
        assert (memory(aws, old), memory(aws, new), memory(aws, now[f"{name}AliasArn"])) == (512, 1024, 1024)
    assert rewards(aws, deployed["WordProblemVersionArn"], RIGHT, WRONG) == [1.0, 0.0]
    assert rewards(aws, before["ReadyCheckVersionArn"], RIGHT, WRONG) == [1.0, 0.0]
    assert rewards(aws, now["ReadyCheckVersionArn"], RIGHT, EXACT) == [0.0, 1.0]


def test_a_grader_that_leaves_the_template_leaves_its_versions_to_the_jobs(run_sam, checkout, aws, deployed):
    template = checkout / "template.yaml"
    text = template.read_text()
    start = text.index("  CorrectThenFormat:\n")
    without = text[:start] + text[text.index("  ReadyCheck:\n") :]
    template.write_text(
        without.replace("[WordProblem, CorrectThenFormat, ReadyCheck]", "[WordProblem, ReadyCheck]")
    )
    run_sam("build")
    run_sam("deploy", "--no-progressbar", "--stack-name", STACK)
    assert "CorrectThenFormatVersionArn" not in aws.outputs(STACK)
    assert alarms_of(aws, deployed["CorrectThenFormatFunctionArn"]) == []
    assert len(alarms_of(aws, deployed["WordProblemFunctionArn"])) == 5
    for kind in ("VersionArn", "AliasArn"):
        right, wrong = rewards(aws, deployed[f"CorrectThenFormat{kind}"], RIGHT, WRONG)
        assert right > 0.8
        assert wrong == 0.0


def test_a_deleted_stack_leaves_what_its_versions_need_and_may_come_again(run_sam, aws, deployed):
    run_sam("delete", "--no-prompts", "--stack-name", STACK, "--region", aws.region)
    assert rewards(aws, deployed["WordProblemVersionArn"], RIGHT, WRONG) == [1.0, 0.0]
    configuration = aws.client("lambda").get_function_configuration(
        FunctionName=deployed["WordProblemVersionArn"]
    )
    assert aws.client("iam").get_role(RoleName=configuration["Role"].rpartition("/")[2])
    groups = aws.client("logs").describe_log_groups(logGroupNamePrefix=deployed["LogGroupName"])
    assert len(groups["logGroups"]) == 1
    assert aws.client("cloudwatch").describe_alarms()["MetricAlarms"] == []

    run_sam("deploy", "--no-progressbar", "--stack-name", STACK)
    again = aws.outputs(STACK)
    assert again["WordProblemFunctionArn"] != deployed["WordProblemFunctionArn"]
    assert again["LogGroupName"] != deployed["LogGroupName"]
