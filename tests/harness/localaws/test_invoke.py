"""The local Invoke API, called by boto3 with only its endpoint changed."""

from __future__ import annotations

import base64
import http.client
import io
import json
import threading
from dataclasses import replace

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from harness.errors import InputError
from harness.localaws import limits
from harness.localaws.invoke import LambdaServer
from harness.localaws.runtime import LocalRuntime
from support.artifacts import MISBEHAVING, write_function
from support.meeting import Meeting

ARN = "arn:aws:lambda:us-east-1:123456789012:function:grader"


def make_client(url, attempts=1):
    return boto3.client(
        "lambda",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=Config(retries={"total_max_attempts": attempts, "mode": "standard"}, read_timeout=10),
    )


@pytest.fixture(scope="module")
def spec(tmp_path_factory):
    return write_function(tmp_path_factory.mktemp("artifact"), MISBEHAVING, name="grader", timeout_s=1.0)


@pytest.fixture(scope="module")
def server(spec, tmp_path_factory):
    old = write_function(tmp_path_factory.mktemp("old"), "def handler(e, c): return 'old'", name="grader")
    with LambdaServer() as server:
        server.add(old, version="1", aliases=("live",))
        server.add(spec, version="2", aliases=("next",))
        server.add(replace(spec, name="other"))
        yield server


@pytest.fixture(scope="module")
def client(server):
    client = make_client(server.url)
    yield client
    client.close()


def invoke(client, event, name="grader", **options):
    response = client.invoke(FunctionName=name, Payload=json.dumps(event), **options)
    return response, response["Payload"].read()


@pytest.mark.parametrize(
    ("name", "options", "version"),
    [
        ("grader", {}, "$LATEST"),
        ("grader:2", {}, "2"),
        ("grader", {"Qualifier": "next"}, "2"),
        ("grader", {"Qualifier": "$LATEST"}, "$LATEST"),
        ("123456789012:function:grader", {}, "$LATEST"),
        ("123456789012:function:grader:next", {}, "2"),
        (ARN, {}, "$LATEST"),
        (f"{ARN}:next", {}, "2"),
        (f"{ARN}:next", {"Qualifier": "next"}, "2"),
        (ARN, {"Qualifier": "2"}, "2"),
        ("other", {}, "$LATEST"),
    ],
)
def test_a_function_is_found_by_name_version_alias_and_arn(client, name, options, version):
    response, body = invoke(client, {}, name, **options)
    assert (response["StatusCode"], response["ExecutedVersion"]) == (200, version)
    assert "FunctionError" not in response
    seen = json.loads(body)
    assert seen["version"] == version
    assert seen["arn"].split(":")[6] == name.split(":")[-2 if name.endswith((":2", ":next")) else -1]


def test_the_handler_sees_the_arn_that_was_called(client):
    assert json.loads(invoke(client, {}, f"{ARN}:next")[1])["arn"] == f"{ARN}:next"
    assert json.loads(invoke(client, {}, "grader", Qualifier="2")[1])["arn"] == f"{ARN}:2"


def test_an_alias_keeps_its_version_when_a_newer_one_is_added(client):
    assert invoke(client, {}, "grader:live")[1] == b'"old"'


@pytest.mark.parametrize(
    ("event", "error_type"),
    [
        ({"do": "raise", "what": "x"}, "ValueError"),
        ({"do": "hang"}, "Sandbox.Timedout"),
        ({"do": "memory", "mb": 200}, "Runtime.ExitError"),
        ({"do": "exit", "code": 1}, "Runtime.ExitError"),
        ({"do": "large", "size": 7_000_000}, "Function.ResponseSizeTooLarge"),
        ({"do": "set"}, "Runtime.MarshalError"),
    ],
)
def test_a_function_that_fails_is_unhandled_and_the_next_call_works(client, event, error_type):
    response, body = invoke(client, event)
    assert (response["StatusCode"], response["FunctionError"]) == (200, "Unhandled")
    assert json.loads(body)["errorType"] == error_type
    assert json.loads(invoke(client, {})[1])["event"] == {}


def test_an_import_error_reaches_the_caller(server, client, tmp_path):
    server.add(write_function(tmp_path, "import no_such_thing", name="broken"))
    response, body = invoke(client, {}, "broken")
    assert response["FunctionError"] == "Unhandled"
    assert json.loads(body)["errorType"] == "Runtime.ImportModuleError"


def test_nan_and_a_thread_left_behind_are_no_errors(client):
    assert invoke(client, {"do": "nan"})[1] == b'{"reward": NaN}'
    assert "FunctionError" not in invoke(client, {"do": "thread", "daemon": False})[0]


def test_the_log_comes_back_when_it_is_asked_for(client):
    response, _ = invoke(client, {"do": "flood", "lines": 3}, LogType="Tail")
    log = base64.b64decode(response["LogResult"]).decode()
    assert "the last line\n" in log
    assert "REPORT RequestId: " in log
    assert "LogResult" not in invoke(client, {})[0]


@pytest.mark.parametrize("name", ["nobody", "grader:9", "grader:none", f"{ARN}:none", f"{ARN}x"])
def test_an_unknown_function_is_not_found(client, name):
    with pytest.raises(client.exceptions.ResourceNotFoundException) as caught:
        invoke(client, {}, name)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    assert "Function not found: arn:aws:lambda:us-east-1:123456789012:function:" in str(caught.value)


def test_two_qualifiers_that_differ_are_refused(client):
    with pytest.raises(client.exceptions.InvalidParameterValueException, match="does not match"):
        invoke(client, {}, "grader:2", Qualifier="1")


def test_an_event_over_the_limit_is_refused(client):
    with pytest.raises(ClientError) as caught:
        client.invoke(FunctionName="grader", Payload=b'"' + b"x" * limits.REQUEST_BYTES + b'"')
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413
    assert caught.value.response["Error"]["Code"] == "RequestEntityTooLargeException"
    assert "(limit 6291456 bytes)" in str(caught.value)


@pytest.mark.parametrize("payload", [b"{", b'{"a": NaN}', b"\xff", b"[" * 100_000])
def test_an_event_that_is_no_json_is_refused(client, payload):
    with pytest.raises(client.exceptions.InvalidRequestContentException, match="Could not parse"):
        client.invoke(FunctionName="grader", Payload=payload)


def test_an_event_with_the_escape_of_a_lone_surrogate_runs(client):
    response = client.invoke(FunctionName="grader", Payload=b'{"do": "set", "text": "\\ud800"}')
    assert json.loads(response["Payload"].read())["errorType"] == "Runtime.MarshalError"


def encoded(value):
    return base64.b64encode(json.dumps(value).encode()).decode()


CONTEXT = {"client": {"installation_id": "i"}, "custom": {"who": "Zo\u00eb"}, "env": {"locale": "de"}}
ECHO = """
def handler(event, context):
    return context.client_context and context.client_context.custom
"""


def test_the_client_context_reaches_the_handler(client, server, tmp_path):
    server.add(write_function(tmp_path, ECHO, name="echo"))
    assert json.loads(invoke(client, {}, "echo", ClientContext=encoded(CONTEXT))[1]) == CONTEXT["custom"]
    assert json.loads(invoke(client, {}, "echo")[1]) is None


@pytest.mark.parametrize(
    "context", ["{}", "bm8=", encoded([1]), encoded("text"), encoded({"custom": {"x": "y" * 3583}})]
)
def test_a_client_context_that_is_no_object_is_refused(client, context):
    with pytest.raises(client.exceptions.InvalidRequestContentException, match="Client context must be"):
        invoke(client, {}, ClientContext=context)


@pytest.mark.parametrize(
    ("header", "value", "said"),
    [
        ("X-Amz-Invocation-Type", "Foo", "enum value set: [RequestResponse, Event, DryRun]"),
        ("X-Amz-Log-Type", "Head", "enum value set: [None, Tail]"),
    ],
)
def test_a_header_with_an_unknown_value_is_refused(server, header, value, said):
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"))
    connection.request("POST", "/2015-03-31/functions/grader/invocations", b"{}", {header: value})
    answer = connection.getresponse()
    assert (answer.status, answer.headers["x-amzn-ErrorType"]) == (400, "ValidationException")
    assert said in json.loads(answer.read())["message"]
    connection.close()


def test_a_name_that_lambda_would_not_take_is_refused_as_there(client):
    with pytest.raises(ClientError, match="less than or equal to 64") as caught:
        invoke(client, {}, "x" * 65)
    assert caught.value.response["Error"]["Code"] == "ValidationException"


def test_a_taken_port_is_said_in_one_sentence(server):
    port = int(server.url.rpartition(":")[2])
    with pytest.raises(InputError, match=f"cannot listen on port {port}: Address already in use"):
        LambdaServer(port=port)


def test_a_payload_as_a_file_is_read(client):
    response = client.invoke(FunctionName="grader", Payload=io.BytesIO(b'{"a": 1}'))
    assert json.loads(response["Payload"].read())["event"] == {"a": 1}


def test_a_dry_run_runs_nothing(client):
    before = json.loads(invoke(client, {})[1])["calls"]
    assert invoke(client, {}, InvocationType="DryRun")[0]["StatusCode"] == 204
    assert json.loads(invoke(client, {})[1])["calls"] == before + 1


def test_an_asynchronous_event_is_accepted_and_runs_later(client, spec, server):
    server.add(replace(spec, name="later", timeout_s=60))
    with Meeting() as meeting:
        event = {"do": "meet", "port": meeting.port}
        response, body = invoke(client, event, "later", InvocationType="Event")
        meeting.wait_for(1)
    assert (response["StatusCode"], body) == (202, b"")


def test_an_asynchronous_event_has_a_smaller_limit(client):
    with pytest.raises(ClientError, match="for the Event invocation type"):
        client.invoke(
            FunctionName="grader",
            InvocationType="Event",
            Payload=b'"' + b"x" * limits.ASYNC_REQUEST_BYTES + b'"',
        )


def test_calls_beyond_the_concurrency_are_throttled(spec):
    with Meeting() as meeting, LambdaServer(concurrency=1) as server:
        server.add(replace(spec, timeout_s=60))
        client, other = make_client(server.url), make_client(server.url)
        busy = threading.Thread(target=invoke, args=(other, {"do": "meet", "port": meeting.port}))
        busy.start()
        meeting.wait_for(1)
        with pytest.raises(client.exceptions.TooManyRequestsException) as caught:
            invoke(client, {})
        meeting.release()
        busy.join()
        assert "FunctionError" not in invoke(client, {})[0]
        client.close()
        other.close()
    assert caught.value.response["Reason"] == "ConcurrentInvocationLimitExceeded"


def test_boto3_gets_through_a_throttled_function_by_itself(spec):
    with Meeting() as meeting, LambdaServer(lambda each: LocalRuntime(each, wait=False)) as server:
        server.add(replace(spec, timeout_s=60))
        client, other = make_client(server.url, attempts=8), make_client(server.url)
        busy = threading.Thread(target=invoke, args=(other, {"do": "meet", "port": meeting.port}))
        busy.start()
        meeting.wait_for(1)
        client.meta.events.register("response-received.lambda.Invoke", lambda **_: meeting.release())
        response, _ = invoke(client, {})
        busy.join()
        client.close()
        other.close()
    assert response["ResponseMetadata"]["RetryAttempts"] >= 1
    assert "FunctionError" not in response


def test_a_configuration_tells_what_parity_and_doctor_ask(client, spec):
    found = client.get_function_configuration(FunctionName="grader", Qualifier="next")
    assert (found["Version"], found["Timeout"], found["MemorySize"]) == ("2", 1, 128)
    assert (found["Handler"], found["Runtime"]) == ("app.handler", spec.runtime)
    assert found["FunctionArn"] == f"{ARN}:next"
    assert found["CodeSha256"] == spec.code_sha256()
    assert client.get_function(FunctionName=ARN)["Configuration"]["Version"] == "$LATEST"
    old = client.get_function_configuration(FunctionName="grader:1")
    assert old["CodeSha256"] != found["CodeSha256"]


def test_an_alias_tells_its_version(client):
    assert client.get_alias(FunctionName="grader", Name="live")["FunctionVersion"] == "1"
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_alias(FunctionName="grader", Name="none")


def test_what_is_not_served_is_refused(client):
    with pytest.raises(ClientError) as caught:
        client.list_functions()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_a_page_from_elsewhere_cannot_call_a_function(server):
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"))
    headers = {"Host": "rebound.example"}
    connection.request("POST", "/2015-03-31/functions/grader/invocations", b"{}", headers)
    assert connection.getresponse().status == 403
    connection.close()
