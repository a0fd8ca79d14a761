from __future__ import annotations

import io
import json
import zipfile

import pytest

from harness.aws import NotInAws
from harness.deploy.outputs import Stack, read_stack
from harness.errors import InputError, ServiceError
from harness.localaws.loopback import HttpResponse, LoopbackServer

FUNCTION = "arn:aws:lambda:us-west-2:123456789012:function:rft-Math-1A2B"


def make_stack(aws, name, outputs):
    template = {
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": name}}},
        "Outputs": {key: {"Value": value} for key, value in outputs.items()},
    }
    aws.client("cloudformation").create_stack(StackName=name, TemplateBody=json.dumps(template))


def test_a_stack_s_graders_are_read_from_its_outputs(aws):
    outputs = {
        "MathVersionArn": f"{FUNCTION}:3",
        "MathAliasArn": f"{FUNCTION}:live",
        "MathFunctionArn": FUNCTION,
        "OtherArn": f"{FUNCTION}2:1",
        "SubmitterPolicyArn": "arn:aws:iam::123456789012:policy/submitter",
        "Address": "https://example.com",
    }
    make_stack(aws, "full", outputs)
    stack = read_stack("full")
    assert (stack.region, stack.status) == ("us-west-2", "CREATE_COMPLETE")
    assert list(stack.graders) == ["Math", "Other"]
    assert stack.arn("Math") == f"{FUNCTION}:3"
    assert stack.graders["Math"].alias == f"{FUNCTION}:live"
    assert stack.graders["Math"].function == FUNCTION
    assert stack.arn("Other") == f"{FUNCTION}2:1"
    assert stack.submitter_policy == outputs["SubmitterPolicyArn"]
    assert json.loads(json.dumps(stack.to_json()))["graders"]["Other"]["alias"] is None


@pytest.mark.parametrize(
    ("grader", "message"),
    [
        (None, "the stack has 2 graders. Name one with --function: Math, Other."),
        ("Nobody", "the stack has no grader 'Nobody'. Its graders: Math, Other."),
    ],
)
def test_what_a_stack_has_not_is_said(aws, grader, message):
    make_stack(aws, f"two-{grader}", {"MathVersionArn": f"{FUNCTION}:3", "OtherArn": f"{FUNCTION}2:1"})
    with pytest.raises(InputError) as refused:
        read_stack(f"two-{grader}").arn(grader)
    assert message in str(refused.value)


def test_a_stack_says_what_fans_replays_out(aws):
    machine = "arn:aws:states:us-west-2:123456789012:stateMachine:FanOut"
    where = {"FanOutBucket": "my-runs", "FanOutPrefix": "rft/runs", "FanOutStateMachineArn": machine}
    make_stack(aws, "wide", {"MathVersionArn": f"{FUNCTION}:3", **where})
    stack = read_stack("wide")
    assert (stack.fan_out_machine, stack.fan_out_prefix) == (machine, "s3://my-runs/rft/runs")
    assert list(stack.graders) == ["Math"]
    make_stack(aws, "narrow", {"MathVersionArn": f"{FUNCTION}:3"})
    assert read_stack("narrow").fan_out_prefix is None


def test_a_stack_of_one_grader_needs_no_name(aws):
    make_stack(aws, "one", {"MathAliasArn": f"{FUNCTION}:live"})
    assert read_stack("one").arn() == f"{FUNCTION}:live"


def test_no_such_stack(aws):
    with pytest.raises(NotInAws, match="stack nobody: there is no such stack in us-west-2") as missing:
        read_stack("nobody")
    assert missing.value.exit_code == 2


def test_a_stack_without_graders(aws):
    make_stack(aws, "empty", {"Address": "https://example.com"})
    with pytest.raises(
        InputError, match="no output is the ARN of a Lambda function, and no function publishes"
    ):
        read_stack("empty")


def lambda_stack(aws, name, outputs):
    """Create a stack with a grader that publishes a version, and with a helper function."""
    s3 = aws.client("s3")
    if not s3.list_buckets()["Buckets"]:
        s3.create_bucket(Bucket="code", CreateBucketConfiguration={"LocationConstraint": aws.region})
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w") as archive:
            archive.writestr("app.py", "")
        s3.put_object(Bucket="code", Key="zip", Body=held.getvalue())
    function = {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Code": {"S3Bucket": "code", "S3Key": "zip"},
            "Handler": "app.handler",
            "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            "Runtime": "python3.13",
        },
    }
    version = {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "Math"}}}
    alias = {"Name": "live", "FunctionName": {"Ref": "Math"}}
    alias |= {"FunctionVersion": {"Fn::GetAtt": ["MathVersion1", "Version"]}}
    template = {
        "Resources": {
            "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Statement": []}}},
            "Math": function,
            "Helper": function,
            "MathVersion1": version,
            "MathAliaslive": {"Type": "AWS::Lambda::Alias", "Properties": alias},
        },
        "Outputs": {key: {"Value": value} for key, value in outputs.items()},
    }
    aws.client("cloudformation").create_stack(StackName=name, TemplateBody=json.dumps(template))


@pytest.mark.parametrize(
    ("outputs", "called"),
    [
        ({}, "Math"),
        ({"MathAliasArn": {"Ref": "MathAliaslive"}}, "Math"),
        ({"SumsArn": {"Ref": "MathAliaslive"}}, "Sums"),
    ],
    ids=["no outputs", "the alias alone", "another name"],
)
def test_a_grader_that_no_output_names_is_found_by_its_version(aws, outputs, called):
    name = f"listed-{len(outputs)}-{called}"
    lambda_stack(aws, name, outputs)
    [grader] = read_stack(name).graders.values()
    assert grader.name == called
    assert grader.version == f"{grader.function}:1"
    assert grader.alias == f"{grader.function}:live"
    assert f":function:{name}-Math" in str(grader.function)


DESCRIBED = """<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">
<DescribeStacksResult><Stacks><member><StackName>s</StackName><StackStatus>CREATE_COMPLETE</StackStatus>
<StackId>arn:aws:cloudformation:us-west-2:123456789012:stack/s/1</StackId>
<CreationTime>2026-11-25T00:00:00Z</CreationTime><Outputs>{outputs}</Outputs></member></Stacks>
</DescribeStacksResult></DescribeStacksResponse>"""
OUTPUT = f"<member><OutputKey>MathArn</OutputKey><OutputValue>{FUNCTION}:3</OutputValue></member>"
REFUSED = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"


@pytest.fixture
def outputs_only(aws, monkeypatch):
    """Credentials that may describe a stack but not list its resources."""
    outputs: list[str] = []

    def answer(request):
        if b"Action=ListStackResources" in request.body:
            return HttpResponse(403, REFUSED.encode())
        return HttpResponse(200, DESCRIBED.format(outputs="".join(outputs)).encode())

    server = LoopbackServer(answer, "outputs only")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{server.address}")
    yield outputs
    server.close()


def test_where_the_resources_may_not_be_listed_the_outputs_count_and_that_is_said(outputs_only):
    outputs_only.append(OUTPUT)
    stack = read_stack("s")
    assert stack.arn("Math") == f"{FUNCTION}:3"
    assert "do not allow ListStackResources" in str(stack.not_listed)


def test_without_outputs_and_resources_the_reason_is_said(outputs_only):
    with pytest.raises(InputError, match="do not allow ListStackResources"):
        read_stack("s")


def test_a_stack_is_looked_for_in_the_region_of_samconfig(aws, monkeypatch, tmp_path):
    make_stack(aws, "by-samconfig", {"MathVersionArn": f"{FUNCTION}:3"})
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "samconfig.toml").write_text('[default.deploy.parameters]\nregion = "us-west-2"\n')
    assert read_stack("by-samconfig").region == "us-west-2"


def test_no_region(aws, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    with pytest.raises(InputError, match="no AWS region is configured"):
        read_stack("full")
    monkeypatch.setenv("AWS_REGION", "us-west-2")  # boto3 itself does not read this variable
    with pytest.raises(NotInAws):
        read_stack("nobody")


def test_no_credentials(aws, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with pytest.raises(InputError, match="no AWS credentials are configured"):
        read_stack("full")


def test_a_profile_that_does_not_exist(aws, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(InputError, match="the AWS profile does not exist"):
        read_stack("full")


def test_nobody_at_the_endpoint(aws, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(ServiceError, match="AWS cannot be reached"):
        read_stack("full")


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (403, "AccessDenied", "these credentials do not allow DescribeStacks"),
        (403, "ExpiredToken", "AWS does not accept the credentials"),
        (500, "InternalFailure", "AWS refused DescribeStacks"),
    ],
)
def test_a_refusal_is_the_service_s(aws, monkeypatch, status, code, message):
    body = f"<ErrorResponse><Error><Code>{code}</Code><Message>no\n\n no</Message></Error></ErrorResponse>"
    server = LoopbackServer(lambda request: HttpResponse(status, body.encode()), "refusing")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{server.address}")
    try:
        with pytest.raises(ServiceError) as refused:
            read_stack("full")
    finally:
        server.close()
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)
    assert refused.value.exit_code == 3


@pytest.mark.parametrize("status", [200, 404])
@pytest.mark.parametrize(
    "body", [b"<html>\n<p>Sign in</p>\n</html>", b'{"no": "xml"}' * 100, b"<html>", b""], ids=len
)
def test_what_is_not_aws_is_told_from_it(aws, monkeypatch, status, body):
    server = LoopbackServer(lambda request: HttpResponse(status, body), "portal")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{server.address}")
    try:
        with pytest.raises(ServiceError) as refused:
            read_stack("full")
    finally:
        server.close()
    assert ("\n" in str(refused.value), len(str(refused.value)) < 600) == (False, True)


def test_a_stack_is_data():
    assert Stack("s", "us-west-2", "CREATE_COMPLETE").to_json()["graders"] == {}
