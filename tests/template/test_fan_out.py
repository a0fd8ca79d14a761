"""The template's fan-out: its text, and its execution on a local AWS with a worker that obeys its orders.

The executions show moto's reading of the language and are no evidence about AWS.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.fan_out_stack import deploy_fan_out, zipped

HANDLER = "harness/replay/fan_out/part_worker.py"
STAND_IN = b"""
class ServiceError(Exception): pass
class InputError(Exception): pass

def handler(order, context):
    if "fails" in order:
        raise globals()[order["fails"]](f"range {order['shard']}")
    going = min(order["from"] + order["step"], order["to"])
    return {"shard": order["shard"], "from": going, "to": order["to"], "done": going == order["to"]}
"""


@pytest.fixture(scope="module")
def stack(aws):
    return deploy_fan_out(aws, "stand-in", zipped({HANDLER: STAND_IN}), zipped({"empty.py": b""}))


@pytest.fixture
def states(stack):
    return stack.aws.client("stepfunctions")


def order(shard, step=10, **more):
    return {"shard": shard, "from": 0, "to": 30, "step": step, **more}


def counted(stack, orders, name):
    before = stack.aws.calls[stack.worker]
    arn = stack.execute(orders, name)
    return arn, stack.aws.calls[stack.worker] - before


def children(states, arn):
    [run] = states.list_map_runs(executionArn=arn)["mapRuns"]
    return states.describe_map_run(mapRunArn=run["mapRunArn"])


def test_each_range_is_replayed_until_its_worker_says_that_it_is_done(stack, states):
    arn, calls = counted(stack, [order(0), order(1, step=30), order(2, step=16)], "three")
    assert calls == 3 + 1 + 2
    assert states.describe_execution(executionArn=arn)["status"] == "SUCCEEDED"
    found = children(states, arn)
    assert found["itemCounts"]["succeeded"] == 3
    assert found["maxConcurrency"] == 2


@pytest.mark.parametrize(("kind", "calls"), [("InputError", 1), ("ServiceError", 5)])
def test_what_the_service_could_not_do_is_tried_again_and_what_was_wrong_is_not(stack, kind, calls):
    assert counted(stack, [order(0, fails=kind)], f"failing-{kind}")[1] == calls


def test_moto_still_says_succeeded_where_every_child_failed(stack, states):
    """This is why the harness checks the parts for completeness.

    If it fails, moto can test the tolerated failure percentage.
    """
    arn, _ = counted(stack, [order(shard, fails="InputError") for shard in range(5)], "all-fail")
    assert states.describe_execution(executionArn=arn)["status"] == "SUCCEEDED"
    found = children(states, arn)
    assert (found["status"], found["itemCounts"]["failed"]) == ("SUCCEEDED", 5)
    failed = states.list_executions(mapRunArn=found["mapRunArn"], statusFilter="FAILED")["executions"]
    causes = [states.describe_execution(executionArn=each["executionArn"]) for each in failed]
    assert {each["error"] for each in causes} == {"InputError"}
    assert sorted(json.loads(each["cause"])["errorMessage"] for each in causes) == [
        f"range {shard}" for shard in range(5)
    ]


# --- As it is written -----------------------------------------------------------------------------


def definition(text):
    [found] = re.findall(r"DefinitionString: \|\n((?: {8}.*\n)+)", text)
    return json.loads(found)


def test_the_map_stops_where_more_than_one_range_in_twenty_failed(text):
    # A float, because moto's parser requires one.
    assert '"ToleratedFailurePercentage": 5.0,' in text


def test_every_state_is_one_that_another_leads_to(text):
    machine = definition(text)
    [outer] = machine["States"].values()
    assert machine["StartAt"] in machine["States"]
    inner = outer["ItemProcessor"]
    led_to = set(re.findall(r'"(?:Next|Default|StartAt)": "(\w+)"', json.dumps(inner)))
    assert led_to == inner["States"].keys()


@pytest.mark.parametrize(
    ("right", "wrong", "found"),
    [("", "", False), ('"StartAt": "Ranges"', '"StartAt": "Range"', True), ('"Task"', '"Tusk"', True)],
    ids=["as it is", "no start", "no type"],
)
def test_the_linter_finds_nothing_in_the_definition(text, tmp_path, right, wrong, found):
    """cfn-lint checks the definition only in a template without the serverless transform."""
    changed = json.dumps(definition(text)).replace(right, wrong)
    machine = {
        "RoleArn": "arn:aws:iam::123456789012:role/machine",
        "DefinitionString": changed,
        "DefinitionSubstitutions": {"Worker": "arn:aws:lambda:us-west-2:123456789012:function:worker"},
    }
    resource = {"Type": "AWS::StepFunctions::StateMachine", "Properties": machine}
    file = tmp_path / "template.json"
    file.write_text(json.dumps({"Resources": {"Machine": resource}}))
    linter = Path(sys.executable).with_name("cfn-lint")
    done = subprocess.run([linter, file], capture_output=True, text=True, timeout=60)
    assert ("E3601" in done.stdout) == found
    assert (done.returncode != 0) == found, done.stdout


def test_only_errors_of_the_service_are_retried(text):
    [outer] = definition(text)["States"].values()
    retried = outer["ItemProcessor"]["States"]["Replay"]["Retry"]
    names = {name for each in retried for name in each["ErrorEquals"]}
    assert names == {
        "Lambda.TooManyRequestsException",
        "Lambda.ServiceException",
        "Lambda.SdkClientException",
        "Lambda.AWSLambdaException",
        "ServiceError",
    }


def test_without_the_parameter_there_is_nothing_of_fan_out(template):
    assert template["Parameters"]["FanOut"]["Default"] == "false"
    resources, outputs = template["Resources"], template["Outputs"]
    own = {name: each for name, each in {**resources, **outputs}.items() if name.startswith("FanOut")}
    assert {each.get("Condition") for each in own.values()} == {"HasFanOut"}
    assert "FanOut" not in str({name: each for name, each in resources.items() if name not in own})


def test_the_worker_has_as_long_as_lambda_allows_and_is_otherwise_like_the_graders(template, translated):
    worker, shared = template["Resources"]["FanOutWorker"]["Properties"], template["Globals"]["Function"]
    assert (worker["Timeout"], worker["MemorySize"]) == (900, 1024)
    for name in ("Runtime", "Architectures", "KmsKeyArn", "VpcConfig", "LoggingConfig"):
        assert worker[name] == shared[name]
    # Every published version counts as a grader.
    made = [name for name in translated["Resources"] if name.startswith("FanOutWorker")]
    assert made == ["FanOutWorker", "FanOutWorkerRole"]


@pytest.mark.parametrize(
    ("parameter", "value", "fits"),
    [
        ("FanOutDataArns", "", True),
        ("FanOutDataArns", "arn:aws:s3:::my-data/rollouts/*", True),
        ("FanOutDataArns", "arn:aws:s3:::my-data", False),
        ("FanOutDataArns", "*", False),
        ("FanOutDataArns", "s3://my-data/rollouts/*", False),
        ("FanOutPrefix", "team/runs", True),
        ("FanOutPrefix", "", False),
        ("FanOutPrefix", "runs/", False),
        ("FanOutPrefix", "*", False),
        ("FanOutBucket", "my-runs", True),
        ("FanOutBucket", "s3://my-runs", False),
        ("FanOutBucket", "*", False),
    ],
)
def test_what_roles_are_made_of_is_named_in_full(template, parameter, value, fits):
    assert bool(re.search(template["Parameters"][parameter]["AllowedPattern"], value)) == fits
