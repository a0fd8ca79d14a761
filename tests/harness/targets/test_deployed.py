from __future__ import annotations

import json
import threading
from dataclasses import replace

import pytest

from harness.errors import InputError, ServiceError
from harness.localaws.invoke import LambdaServer
from harness.localaws.loopback import HttpResponse, LoopbackServer
from harness.replay.grading import grade_batch, profiles_of
from harness.rollouts.read import Rollout
from harness.runs.rows import failure_of
from harness.targets.deployed import DeployedTarget
from harness.targets.protocol import Graded, GraderFault, ServiceFault, Target
from support.artifacts import ECHO_GRADER, write_function
from support.meeting import ATTEND, Meeting
from support.rollout_files import rollout

ARN = "arn:aws:lambda:us-east-1:123456789012:function:grader"
EVENT = [{"id": "a", "messages": []}]


@pytest.fixture(autouse=True)
def credentials(monkeypatch, tmp_path):
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))


@pytest.fixture
def server(tmp_path):
    with LambdaServer() as server:
        server.add(
            write_function(tmp_path / "good", ECHO_GRADER, name="grader"), version="1", aliases=("live",)
        )
        yield server


@pytest.fixture
def opened():
    targets = []

    def open_one(function, server, **options):
        url = server if isinstance(server, str) else server.url
        targets.append(DeployedTarget(function, endpoint_url=url, **options))
        return targets[-1]

    yield open_one
    for target in targets:
        target.close()


@pytest.fixture
def refusing():
    """Start a service that answers every call with an error."""
    servers = []

    def start(status, code, message="said AWS", *, only=""):
        def handle(request):
            if only and only not in request.path:
                return HttpResponse(200, json.dumps({"FunctionName": "grader", "Timeout": 3}).encode())
            body = json.dumps({"Type": "User", "Message": message}).encode()
            return HttpResponse(status, body, {"x-amzn-ErrorType": code})

        servers.append(LoopbackServer(handle, "refusing"))
        return f"http://{servers[-1].address}"

    yield start
    for server in servers:
        server.close()


@pytest.mark.parametrize(
    "function", ["grader", "grader:live", ARN, f"{ARN}:live", f"{ARN}:1", f"{ARN}:$LATEST"]
)
def test_a_function_grades_by_name_and_by_arn(server, opened, function):
    target: Target = opened(function, server)
    answer = target.grade(EVENT)
    assert (answer.items, answer.fault) == ([Graded(1.0, {}, None)], None)
    assert (target.name, target.max_bytes) == (function, 6_291_456)
    assert answer.ms > 0


def test_its_configuration_is_read(server, opened):
    assert opened("grader:live", server).configuration["Version"] == "1"


def test_a_function_that_fails_is_the_graders_fault_and_is_called_once(server, opened, tmp_path):
    source = """
calls = 0

def handler(event, context):
    global calls
    calls += 1
    raise OSError(f"broken in call {calls}")
"""
    server.add(write_function(tmp_path / "bad", source, name="bad"))
    fault = opened("bad", server).grade(EVENT).fault
    assert fault == GraderFault("OSError", "broken in call 1 (app.py:7)")


def test_a_function_that_hangs_is_the_graders_fault(server, opened, tmp_path):
    source = "import time\ndef handler(event, context): time.sleep(60)"
    server.add(write_function(tmp_path / "slow", source, name="slow", timeout_s=0.5))
    fault = opened("slow", server).grade(EVENT).fault
    assert isinstance(fault, GraderFault)
    assert fault.error_type == "Sandbox.Timedout"


POISONED = """
import os, time

def handler(event, context):
    for one in event:
        match one["messages"][-1]["content"]:
            case "exits":
                os._exit(3)
            case "fills memory":
                held = bytearray(400 * 2**20)
                time.sleep(60)
            case "hangs":
                time.sleep(60)
            case "raises":
                raise OSError("broken")
    return [{"id": one["id"], "aggregate_reward_score": 1} for one in event]
"""


@pytest.mark.parametrize(
    ("completion", "kind", "settings"),
    [
        ("exits", "Runtime.ExitError", {}),
        ("fills memory", "Runtime.ExitError", {"memory_mb": 128}),
        ("hangs", "Sandbox.Timedout", {"timeout_s": 0.5}),
        ("raises", "OSError: broken", {}),
    ],
)
def test_one_sample_of_a_batch_that_ends_the_function_costs_itself_alone(
    server, opened, tmp_path, completion, kind, settings
):
    server.add(write_function(tmp_path / "poisoned", POISONED, name="poisoned", **settings))
    given = [rollout(at, completion if at == 40 else "fine") for at in range(64)]
    batch = [Rollout(at, at, "g", one) for at, one in enumerate(given)]
    rows = grade_batch(opened("poisoned", server), batch, profiles_of("open-weight"), 1, keep_label=False)
    assert [row["id"] for row in rows] == list(range(64))
    assert [row["reward"] for row in rows] == [None if at == 40 else 1.0 for at in range(64)]
    assert failure_of(rows[40])[1].startswith(kind)


def test_a_throttled_call_is_tried_again_until_it_gets_through(tmp_path, opened):
    with Meeting() as meeting, LambdaServer(concurrency=1) as server:
        source = f"""
def handler(event, context):
    if event[0]["id"] == "busy":
        {ATTEND % meeting.port}
    return [{{"id": item["id"], "aggregate_reward_score": 1}} for item in event]
"""
        server.add(write_function(tmp_path, source, name="grader", timeout_s=60))
        target = opened("grader", server)
        busy = threading.Thread(target=target.grade, args=([{**EVENT[0], "id": "busy"}],))
        busy.start()
        meeting.wait_for(1)
        # Usually releases the first call shortly after the second one was refused.
        threading.Timer(0.3, meeting.release).start()
        assert target.grade(EVENT).fault is None
        busy.join()


@pytest.mark.parametrize(
    ("status", "code", "retryable", "said"),
    [
        (
            429,
            "TooManyRequestsException",
            True,
            "too many calls at the same time (TooManyRequestsException): said AWS. Lower the",
        ),
        (500, "ServiceException", True, "AWS refused Invoke (ServiceException): said AWS"),
        (
            403,
            "AccessDeniedException",
            False,
            "these credentials do not allow Invoke. Allow Invoke for these credentials",
        ),
        (
            403,
            "ExpiredTokenException",
            False,
            "AWS does not accept the credentials (Expired",
        ),
        (
            403,
            "UnrecognizedClientException",
            False,
            "AWS does not accept the credentials",
        ),
        (
            404,
            "ResourceNotFoundException",
            False,
            "this does not exist in this account",
        ),
        (400, "KMSDisabledException", False, "AWS refused Invoke (KMSDisabledException): said AWS"),
    ],
)
def test_a_service_that_refuses_a_call_is_no_fault_of_the_grader(
    opened, refusing, status, code, retryable, said
):
    target = opened("grader", refusing(status, code, only="/invocations"), attempts=2)
    fault = target.grade(EVENT).fault
    assert isinstance(fault, ServiceFault)
    assert (fault.error_type, fault.retryable) == (code, retryable)
    assert fault.message.startswith(said)


def test_a_service_that_went_away_is_retryable(opened, tmp_path):
    server = LambdaServer()
    server.add(write_function(tmp_path, ECHO_GRADER, name="grader"))
    target = opened("grader", server, attempts=1)
    server.close()
    fault = target.grade(EVENT).fault
    assert isinstance(fault, ServiceFault)
    assert fault.retryable
    assert "cannot be reached" in fault.message


def test_who_may_only_invoke_can_still_grade(opened, refusing):
    target = opened("grader", refusing(403, "AccessDeniedException"), attempts=1)
    assert target.configuration == {}


def test_a_page_of_a_proxy_is_told_from_the_service(opened):
    page = HttpResponse(200, b"<html>Sign in</html>", content_type="text/html")
    server = LoopbackServer(lambda request: page, "portal")
    try:
        with pytest.raises(ServiceError, match="grader: the endpoint is not AWS"):
            opened("grader", f"http://{server.address}")
    finally:
        server.close()


@pytest.mark.parametrize("function", ["no body", "", "arn:aws:s3:::bucket", f"{ARN}:a:b", "a" * 65])
def test_what_is_no_function_is_an_input_error(function):
    with pytest.raises(InputError, match="not a Lambda function"):
        DeployedTarget(function)


def test_an_arn_fixes_the_region():
    with pytest.raises(InputError, match="us-east-1, not eu-west-1"):
        DeployedTarget(ARN, region="eu-west-1")


@pytest.mark.parametrize("function", ["nobody", "grader:none"])
def test_an_unknown_function_is_an_input_error(server, opened, function):
    with pytest.raises(InputError, match="this does not exist in this account and region"):
        opened(function, server)


@pytest.mark.parametrize(
    ("code", "said"),
    [("ExpiredTokenException", "does not accept the credentials"), ("ServiceException", "refused")],
)
def test_a_service_that_refuses_at_once_is_a_service_error(opened, refusing, code, said):
    with pytest.raises(ServiceError, match=said):
        opened("grader", refusing(403, code), attempts=1)


def test_a_service_that_is_not_there_is_a_service_error(opened):
    gone = LoopbackServer(lambda request: None, "gone")
    gone.close()
    with pytest.raises(ServiceError, match="cannot be reached"):
        opened("grader", f"http://{gone.address}", attempts=1)


def test_missing_credentials_are_an_input_error(server, opened, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(InputError, match="no AWS credentials are configured.*aws sso login"):
        opened("grader", server)


def test_half_of_the_credentials_are_an_input_error(server, opened, monkeypatch):
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(InputError, match="the AWS credentials are incomplete"):
        opened("grader", server)


def test_a_missing_region_is_an_input_error_unless_an_arn_names_one(server, opened, monkeypatch):
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(InputError, match="no AWS region is configured"):
        opened("grader", server)
    assert opened(ARN, server).grade(EVENT).fault is None


def test_an_unknown_profile_is_an_input_error(server, opened, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(InputError, match="profile does not exist"):
        opened("grader", server)


def test_an_endpoint_that_is_no_url_is_an_input_error(opened):
    with pytest.raises(InputError, match="the request to AWS cannot be made.*localhost.*http://HOST:PORT"):
        opened("grader", "localhost")


def test_an_answer_that_no_job_could_use_is_the_graders_fault(server, opened, tmp_path):
    server.add(write_function(tmp_path / "nan", "def handler(e, c): return [float('nan')]", name="nan"))
    fault = opened("nan", server).grade(EVENT).fault
    assert isinstance(fault, GraderFault)
    assert fault.error_type == "InvalidAnswer"


def test_an_event_over_the_limit_is_not_sent(server, opened):
    fault = opened("grader", server).grade([{"id": "x" * 6_291_456}]).fault
    assert isinstance(fault, ServiceFault)
    assert fault.error_type == "RequestEntityTooLargeException"


def test_the_local_runtime_and_the_deployed_function_answer_the_same(server, opened, tmp_path):
    from harness.targets.lambda_runtime import LocalRuntimeTarget

    spec = write_function(tmp_path / "good-too", ECHO_GRADER, name="grader")
    local = LocalRuntimeTarget(replace(spec, timeout_s=5), concurrency=1)
    try:
        assert local.grade(EVENT).items == opened("grader", server).grade(EVENT).items
    finally:
        local.close()
