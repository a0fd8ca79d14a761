"""`rft replay --fan-out` with the state machine, workers and graders deployed in moto.

The state machine reports SUCCEEDED even if its children failed, so a run that relies on its status fails
these tests.
"""

from __future__ import annotations

import json
import os
import re
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.data.typed_json import as_json
from harness.runs.store import open_run
from support.asked_permissions import asked_permissions, refused
from support.fan_out_code import add_grader, grader_code, worker_code
from support.fan_out_stack import BUCKET, FanOutStack, deploy_fan_out, zipped
from support.moto_aws import local_aws
from support.rft_command import rft
from support.rollout_files import write_many

pytestmark = pytest.mark.slow

STACK = "far"
COUNT = 2000
# A deployed function does not report the range of its rewards.
LABEL = ["--label", "is_right", "--range", "0", "1"]
HANDLER = "harness/replay/fan_out/part_worker.py"
FAILING = """
class KIND(Exception):
    pass

def handler(order, context):
    raise KIND("this is why")
"""
SLOW_AT_FIRST = """
import os, pathlib, time

marks = pathlib.Path("/tmp")

def handler(event, context):
    mark = marks / "was-here"
    if not mark.exists():
        mark.touch()
        time.sleep(5)
    return [{"id": one["id"], "aggregate_reward_score": 1.0} for one in event]
"""
"""Each environment is slow on its first call."""


@dataclass(frozen=True)
class Desk:
    """A user's folder with rollouts, which are also in S3, and the user's commands."""

    folder: Path
    stack: FanOutStack
    name: str

    @property
    def url(self) -> str:
        return f"s3://{BUCKET}/{self.name}/rollouts.jsonl"

    @property
    def local(self) -> Path:
        return self.folder / "rollouts.jsonl"

    def rft(self, *words: object) -> Any:
        return rft(self.folder, *words, env=os.environ | self.stack.aws.environment)

    def fan_out(
        self, *more: object, source: str | None = None, grader: str | None = None, yes: bool = True
    ) -> Any:
        where = ["--arn", grader or self.stack.grader, "--stack", STACK, "--workers", "2"]
        words = [*LABEL, *where, "--fan-out", *(["--yes"] if yes else [])]
        return self.rft("replay", source or self.url, *words, "--name", self.name, *more)

    def calls(self) -> tuple[int, int]:
        """Return the number of calls so far: of the worker, and of all graders."""
        made = dict(self.stack.aws.calls)
        worker = made.pop(self.stack.worker, 0)
        return worker, sum(made.values())

    def run(self, name: str | None = None) -> Any:
        return open_run(self.folder / "runs" / (name or self.name))


@pytest.fixture(scope="module")
def stack():
    with local_aws() as aws:
        yield deploy_fan_out(aws, STACK, worker_code(), grader_code())


@pytest.fixture
def desk(stack, tmp_path, request):
    made = Desk(tmp_path, stack, re.sub(r"[^a-z0-9]+", "-", request.node.name)[-40:].strip("-"))
    body = write_many(made.local, getattr(request, "param", COUNT)).read_bytes()
    stack.put(f"{made.name}/rollouts.jsonl", body)
    return made


@contextmanager
def worker_fails(stack, kind):
    """Deploy a worker that fails, until the block ends."""
    functions = stack.aws.client("lambda")
    code = zipped({HANDLER: FAILING.replace("KIND", kind).encode()})
    functions.update_function_code(FunctionName=stack.worker, ZipFile=code)
    try:
        yield
    finally:
        functions.update_function_code(FunctionName=stack.worker, ZipFile=worker_code())


def timeless(run):
    rows = map(json.loads, run.rewards.read_bytes().splitlines())
    return [{name: value for name, value in row.items() if name != "ms"} for row in rows]


def totals(run):
    """Return the run's totals without times."""
    return {name: value for name, value in as_json(run.totals).items() if "ms" not in name}


def numbered(said):
    """Return how many shards are missing, and of how many, from an error message."""
    [(missing, shards)] = re.findall(r"([\d,]+) of ([\d,]+) shards are not graded", said)
    return int(missing), int(shards)


@pytest.mark.parametrize("desk", [20_000], indirect=True)
def test_a_fanned_out_run_equals_a_local_one_except_for_times(desk):
    done = desk.fan_out()
    assert done.returncode == 0, done.stderr
    calls = desk.calls()
    here = desk.rft("replay", desk.local, "--arn", desk.stack.grader, *LABEL, "--name", "near")
    assert here.returncode == 0, here.stderr
    far, near = desk.run(), desk.run("near")
    assert len(timeless(far)) == 20_000
    assert timeless(far) == timeless(near)
    assert totals(far) == totals(near)
    assert far.done
    # All parts exist, so the second call invokes nothing.
    calls = desk.calls()
    again = desk.fan_out()
    assert (again.returncode, desk.calls()) == (0, calls)
    for verb in ("show", "signal", "report"):
        said = desk.rft(verb, desk.name)
        assert said.returncode == 0, said.stderr
        assert said.stdout


@pytest.mark.parametrize("desk", [500], indirect=True)
def test_several_objects_are_one_input_in_a_fan_out_too(desk):
    # The first object has no newline at its end. The next one still starts a new line.
    desk.stack.put(f"{desk.name}/first.jsonl", write_many(desk.local, 300).read_bytes().rstrip())
    folder = desk.url.removesuffix("rollouts.jsonl")
    done = desk.fan_out(source=folder)
    assert done.returncode == 0, done.stderr
    here = desk.rft("replay", folder, "--arn", desk.stack.grader, *LABEL, "--name", "near")
    assert here.returncode == 0, here.stderr
    assert len(timeless(desk.run())) == 800
    assert timeless(desk.run()) == timeless(desk.run("near"))


def test_nothing_starts_before_it_was_agreed_to(desk):
    before = desk.calls()
    done = desk.fan_out(yes=False)
    assert done.returncode == 2
    assert "--yes" in done.stderr
    assert desk.calls() == before


def test_no_more_workers_start_than_the_account_leaves_calls_for(desk):
    before = desk.calls()
    done = desk.fan_out("--workers", 201)  # each worker is one call and makes four more
    assert done.returncode == 2
    assert "--workers 200" in done.stderr
    assert desk.calls() == before
    agreed = desk.fan_out(yes=False)
    assert "leaves 1,000 concurrent calls" in agreed.stderr


def test_shards_whose_worker_was_killed_are_named_and_the_same_command_grades_those(desk):
    functions = desk.stack.aws.client("lambda")
    # The grader's first call takes longer than the worker's timeout.
    slow = add_grader(desk.stack, "slow-at-first", SLOW_AT_FIRST)
    functions.update_function_configuration(FunctionName=desk.stack.worker, Timeout=3)
    first = desk.fan_out(grader=slow)
    assert first.returncode == 3
    missing, shards = numbered(first.stderr)
    assert 0 < missing <= shards
    assert "Task timed out" in first.stderr
    assert not desk.run().done
    functions.update_function_configuration(FunctionName=desk.stack.worker, Timeout=900)
    before, _ = desk.calls()
    second = desk.fan_out(grader=slow)
    assert second.returncode == 0, second.stderr
    assert desk.calls()[0] == before + missing
    assert len(timeless(desk.run())) == COUNT


def test_a_grader_that_crashes_ends_the_run_with_its_cause(desk):
    crash = "def handler(event, context):\n    raise ValueError('no such key')\n"
    done = desk.fan_out(grader=add_grader(desk.stack, "crash", crash))
    assert done.returncode == 1
    assert "no such key" in done.stdout + done.stderr
    assert desk.run().done


@pytest.mark.parametrize(("kind", "code"), [("InputError", 2), ("ServiceError", 3)])
def test_all_children_fail_though_the_execution_says_that_it_succeeded(desk, kind, code):
    states = desk.stack.aws.client("stepfunctions")
    with worker_fails(desk.stack, kind):
        done = desk.fan_out()
    assert done.returncode == code
    missing, shards = numbered(done.stderr)
    assert missing == shards > 0
    assert f"{kind}: this is why" in done.stderr
    run = desk.run()
    assert not run.done
    assert not run.rewards.exists()
    said = states.describe_execution(executionArn=run.facts.fan_out.execution)["status"]
    assert said == "SUCCEEDED"
    assert "is not finished" in desk.rft("show", desk.name).stderr
    mended = desk.fan_out()
    assert mended.returncode == 0, mended.stderr
    assert len(timeless(desk.run())) == COUNT


def test_data_replaced_in_the_meantime_is_refused_and_never_mixed(desk):
    with worker_fails(desk.stack, "InputError"):
        assert desk.fan_out().returncode == 2
    desk.stack.put(f"{desk.name}/rollouts.jsonl", write_many(desk.local, COUNT // 2).read_bytes())
    before = desk.calls()
    again = desk.fan_out()
    assert again.returncode == 2
    assert desk.calls() == before


def test_the_worker_is_not_listed_as_a_grader(desk):
    said = desk.rft("stack", STACK, "--json")
    assert said.returncode == 0, said.stderr
    found = json.loads(said.stdout)
    assert found["graders"].keys() == {"WordProblem"}
    assert found["fan_out_machine"] == desk.stack.machine
    assert found["fan_out_prefix"] == f"s3://{BUCKET}/rft-runs"


# --- Rights ---------------------------------------------------------------------------------------


@pytest.fixture
def policies(stack):
    """Return the policy documents of a resource in the stack, by its logical ID."""
    iam, formation = stack.aws.client("iam"), stack.aws.client("cloudformation")

    def document(arn):
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        return iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]

    def of(name):
        found = formation.describe_stack_resource(StackName=STACK, LogicalResourceId=name)
        held = found["StackResourceDetail"]["PhysicalResourceId"]
        if held.startswith("arn:"):
            return [document(held)]
        attached = iam.list_attached_role_policies(RoleName=held)["AttachedPolicies"]
        inline = iam.list_role_policies(RoleName=held)["PolicyNames"]
        return [
            *(document(each["PolicyArn"]) for each in attached),
            *(iam.get_role_policy(RoleName=held, PolicyName=each)["PolicyDocument"] for each in inline),
        ]

    return of


def test_the_policies_allow_what_a_fan_out_asks_of_aws(desk, policies):
    """Covers calls by commands, workers and the state machine, but not the calls that AWS makes itself."""
    with asked_permissions() as asked:
        with worker_fails(desk.stack, "InputError"):
            failed = desk.fan_out()
        done = desk.fan_out()
    assert (failed.returncode, done.returncode) == (2, 0), done.stderr
    asked = {one for one in asked if one.action != "lambda:UpdateFunctionCode"}
    starter, worker, machine = "testing", "worker", "ak"
    seen = {(one.who, one.action) for one in asked}
    assert {
        (starter, "states:StartExecution"),
        (starter, "states:DescribeMapRun"),
        (starter, "s3:PutObject"),
        (worker, "lambda:InvokeFunction"),
        (worker, "s3:PutObject"),
        (machine, "lambda:InvokeFunction"),
        (machine, "s3:GetObject"),
    } <= seen
    assert refused(asked, starter, policies("FanOutPolicy")) == []
    assert refused(asked, worker, policies("FanOutWorkerRole")) == []
    assert refused(asked, machine, policies("FanOutRole")) == []
