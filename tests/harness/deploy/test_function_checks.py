"""Checks of deployed functions, in a local AWS where each test creates one fault."""

from __future__ import annotations

import io
import json
import zipfile
from itertools import count

import pytest
from moto.core.exceptions import AccessDeniedError
from moto.iam.responses import IamResponse

from harness.deploy.function_checks import JobSettings, check_function
from harness.deploy.identities import identity_of
from harness.errors import InputError, ServiceError

WRITE_LOGS = {
    "Effect": "Allow",
    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
    "Resource": "arn:aws:logs:*",
}
LAMBDA = {"Service": "lambda.amazonaws.com"}
TRUST = {"Statement": {"Effect": "Allow", "Principal": LAMBDA, "Action": "sts:AssumeRole"}}
JUDGE = {"Effect": "Allow", "Action": "bedrock:InvokeModel", "Resource": "*"}
serial = count(1)


@pytest.fixture
def make(aws):
    """Create a function that passes every check, unless a test changes its settings. Returns the ARN."""

    def make_one(*, role=WRITE_LOGS, retention=30, publish=True, **settings):
        name = f"grader-{next(serial)}"
        iam, functions = aws.client("iam"), aws.client("lambda")
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]
        if role is not None:
            document = json.dumps({"Version": "2012-10-17", "Statement": role})
            iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document)
        if retention is not None:
            group = f"/aws/lambda/{name}"
            aws.client("logs").create_log_group(logGroupName=group)
            if retention:
                aws.client("logs").put_retention_policy(logGroupName=group, retentionInDays=retention)
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w") as archive:
            archive.writestr("app.py", "")
        asked = {"Runtime": "python3.13", "Timeout": 60, "MemorySize": 512, **settings}
        asked |= {"Role": made["Arn"], "Handler": "app.same", "Code": {"ZipFile": held.getvalue()}}
        found = functions.create_function(FunctionName=name, **asked)
        if publish:
            return functions.publish_version(FunctionName=name)["FunctionArn"]
        return found["FunctionArn"]

    return make_one


def rules(arn, **job):
    """Return the ids of the findings, without those that only moto causes.

    Moto has no GetAccountSettings, and the user that STS reports does not exist in its IAM.
    """
    findings, _ = check_function(arn, JobSettings(**job))
    here = ("GetAccountSettings", "this does not exist")
    return [one.id for one in findings if not any(word in one.message for word in here)]


MODEL = "us.maker.model-v1:0"


@pytest.mark.parametrize(
    ("resource", "found"),
    [
        (f"arn:aws:bedrock:*::foundation-model/{MODEL}", []),
        (f"arn:aws:bedrock:us-west-2:123456789012:inference-profile/{MODEL}", []),
        ("arn:aws:bedrock:*::foundation-model/maker.other", ["D036"]),
    ],
)
def test_a_function_in_aws_has_to_be_allowed_the_models_that_its_judges_ask(make, resource, found):
    arn = make(role=[WRITE_LOGS, {**JUDGE, "Resource": resource}])
    findings, _ = check_function(arn, JobSettings(), [MODEL])
    assert [one.id for one in findings if one.id.startswith("D03")] == found


def test_a_function_as_it_should_be_has_no_findings_and_its_figures(make):
    arn = make()
    assert rules(arn, region="us-west-2", model="openai.gpt-oss-20b") == []
    _, figures = check_function(arn, JobSettings())
    assert (figures["version"], figures["timeout_s"], figures["memory_mb"]) == ("1", 60, 512)
    assert figures["code_sha256"]


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"Timeout": 3}, "D001"),
        ({"MemorySize": 128}, "D002"),
        ({"retention": None}, "D005"),
        ({"retention": 0}, "D005"),
        ({"Environment": {"Variables": {"GRADER_LOG_CONTENT": "1"}}}, "D006"),
        ({"role": [WRITE_LOGS, {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}, "D007"),
        ({"role": [WRITE_LOGS, JUDGE]}, "D008"),
        ({"Runtime": "python3.9"}, "D009"),
        ({"publish": False}, "D061"),
        ({"role": None}, "D064"),
        ({"role": [WRITE_LOGS, {**WRITE_LOGS, "Effect": "Deny"}]}, "D064"),
    ],
)
def test_each_fault_is_found_alone(make, settings, rule):
    assert rules(make(**settings)) == [rule]


def test_an_alias_may_move(aws, make):
    arn = make()
    name = arn.split(":")[6]
    aws.client("lambda").create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    assert rules(f"{arn.removesuffix(':1')}:live") == ["D061"]


@pytest.mark.parametrize(("reserved", "found"), [(0, ["D062"]), (2, ["D063"]), (100, [])])
def test_reserved_concurrency(aws, make, reserved, found):
    arn = make()
    functions = aws.client("lambda")
    name = arn.split(":")[6]
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=reserved)
    assert rules(arn) == found


def test_the_job_s_region_and_model(make):
    arn = make()
    assert rules(arn, region="us-east-1", model="openai.gpt-oss-20b") == ["D066", "D067"]
    assert rules(arn, model="unheard-of") == []


@pytest.mark.parametrize(
    ("resource", "found"),
    [("{plain}*", []), ("{plain}", ["D065"]), ("arn:aws:lambda:*:*:function:other-*", ["D065"])],
)
def test_the_stack_s_policy_has_to_cover_the_version(aws, make, resource, found):
    arn = make()
    allowed = [
        {
            "Effect": "Allow",
            "Action": "lambda:InvokeFunction",
            "Resource": resource.format(plain=arn.removesuffix(":1")),
        },
        {"Effect": "Allow", "Action": "bedrock-mantle:*", "Resource": "*"},
    ]
    document = json.dumps({"Version": "2012-10-17", "Statement": allowed})
    policy = aws.client("iam").create_policy(PolicyName=f"p{next(serial)}", PolicyDocument=document)["Policy"]
    assert rules(arn, submitter_policy=policy["Arn"]) == found


def test_who_is_signed_in_is_held_to_their_own_and_their_groups_policies(aws, make, monkeypatch):
    arn, iam = make(), aws.client("iam")
    user, group = f"user-{next(serial)}", f"group-{next(serial)}"
    iam.create_user(UserName=user)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
    assert rules(arn) == ["D065", "D065"]
    iam.create_group(GroupName=group)
    iam.add_user_to_group(GroupName=group, UserName=user)
    statement = {"Effect": "Allow", "Action": ["lambda:Invoke*", "bedrock-mantle:*"], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    iam.put_group_policy(GroupName=group, PolicyName="own", PolicyDocument=document)
    assert rules(arn) == []
    limited = {**statement, "Condition": {"StringEquals": {"aws:RequestedRegion": "us-west-2"}}}
    document = json.dumps({"Version": "2012-10-17", "Statement": limited})
    iam.put_group_policy(GroupName=group, PolicyName="own", PolicyDocument=document)
    assert rules(arn) == ["D069", "D069"]


def test_no_such_function(aws):
    with pytest.raises(InputError, match="this does not exist"):
        check_function("arn:aws:lambda:us-west-2:123456789012:function:nobody:1", JobSettings())


def test_no_arn():
    with pytest.raises(InputError, match="this is not the ARN of a Lambda function"):
        check_function("grader", JobSettings())


def test_an_aws_that_is_away(aws, make, monkeypatch):
    arn = make()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(ServiceError):
        check_function(arn, JobSettings())


@pytest.mark.parametrize(
    ("arn", "kind", "name"),
    [
        ("arn:aws:iam::123456789012:user/team/ann", "user", "ann"),
        ("arn:aws:iam::123456789012:role/service/grader", "role", "grader"),
        ("arn:aws:sts::123456789012:assumed-role/Admin/ann@example.com", "role", "Admin"),
        ("arn:aws:iam::123456789012:root", "root", ""),
        ("arn:aws-us-gov:iam::123456789012:user/ann", "user", "ann"),
    ],
)
def test_an_identity_is_read_out_of_its_arn(arn, kind, name):
    found = identity_of(arn)
    assert (found.kind, found.name, found.account) == (kind, name, "123456789012")


@pytest.mark.parametrize("arn", ["", "arn:aws:sts::123456789012:federated-user/ann", "grader"])
def test_what_is_no_identity(arn):
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - its message is the ARN
        identity_of(arn)
    assert str(refused.value) == arn


def test_who_may_not_ask_the_simulator_is_told_so_and_nothing_is_guessed(make, monkeypatch):
    def refused(self):
        raise AccessDeniedError("somebody", "iam:SimulatePrincipalPolicy")

    arn = make(role=None)
    monkeypatch.setattr(IamResponse, "simulate_principal_policy", refused)
    findings, _ = check_function(arn, JobSettings())
    said = [(one.id, one.message) for one in findings if "GetAccountSettings" not in one.message]
    assert [rule for rule, _ in said] == ["D069", "D069"]
    assert "do not allow iam:SimulatePrincipalPolicy" in said[0][1]
