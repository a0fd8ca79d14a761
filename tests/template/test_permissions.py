"""Roles and policies allow the actions that their holders need, on the resources that they need."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from importlib import resources
from typing import Any

import cfnlint.data.AdditionalSpecs
import pytest

from support import sam_template

STACK = {"AWS::StackName": "rft-graders", "AWS::Region": "us-west-2", "AWS::Partition": "aws"}
STACK |= {"AWS::AccountId": "123456789012", "JudgeModel": "us.maker.model-v1:0"}
STACK |= {"FanOutBucket": "ours", "FanOutPrefix": "rft-runs", "FanOutMachine.Name": "machine"}
PREFIX = "arn:aws:lambda:us-west-2:123456789012:function:"
MACHINE = "arn:aws:states:us-west-2:123456789012:stateMachine:machine"
ARNS = {"FanOutMachine": MACHINE}


def resolved(resource) -> Any:
    """Return a resource's ARN as in a stack. GetAtt and Ref remain names."""
    if isinstance(resource, list):
        return [resolved(each) for each in resource]
    if isinstance(resource, dict) and "Fn::If" in resource:
        name, _, no = resource["Fn::If"]
        assert name == "HasFanOutData"
        return resolved(no)
    if isinstance(resource, dict) and "Ref" in resource:
        return ARNS.get(resource["Ref"], resource["Ref"])
    if isinstance(resource, dict) and "Fn::Sub" in resource:
        return re.sub(r"\$\{([^}]+)\}", lambda found: STACK[found[1]], resource["Fn::Sub"])
    return ".".join(resource["Fn::GetAtt"]) if isinstance(resource, dict) else resource


def chosen(items, true):
    """Return the items of a list for these true conditions."""
    found = []
    for each in items:
        if "Fn::If" in each:
            name, yes, no = each["Fn::If"]
            assert name in ("HasVpc", "HasJudgeModel", "HasJudgeModelArns", "HasFanOutKeys")
            assert no == {"Ref": "AWS::NoValue"}
            found += [yes] if name in true else []
        else:
            found.append(each)
    return found


def statements(document, *true):
    return [
        (
            {each["Action"]} if isinstance(each["Action"], str) else set(each["Action"]),
            resolved(each["Resource"]),
            each.get("Condition"),
        )
        for each in chosen(document["Statement"], true)
    ]


def role(template, name, *true):
    properties = template["Resources"][name]["Properties"]
    arns = properties.get("ManagedPolicyArns", [])
    managed = [template["Resources"][each["Ref"]]["Properties"] for each in arns]
    policies = [*managed, *chosen(properties.get("Policies", []), true)]
    return [each for policy in policies for each in statements(policy["PolicyDocument"], *true)]


def submitter(template):
    return policy(template, "SubmitterPolicy")


def policy(template, name, *true):
    return statements(template["Resources"][name]["Properties"]["PolicyDocument"], *true)


def test_there_is_no_role_but_those_that_are_written_out(translated):
    roles = {name: each for name, each in translated["Resources"].items() if each["Type"] == "AWS::IAM::Role"}
    assert roles.keys() == {"GraderRole", "JudgeRole", "FanOutWorkerRole", "FanOutRole"}
    for name, each in roles.items():
        machine = name == "FanOutRole"
        assert each["Properties"].get("ManagedPolicyArns") == (None if machine else [{"Ref": "GraderPolicy"}])
        boundary = ["HasPermissionsBoundary", {"Ref": "PermissionsBoundary"}, {"Ref": "AWS::NoValue"}]
        assert each["Properties"]["PermissionsBoundary"] == {"Fn::If": boundary}
        [trust] = each["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Principal"] == {"Service": f"{'states' if machine else 'lambda'}.amazonaws.com"}


WRITE_LOGS = ({"logs:CreateLogStream", "logs:PutLogEvents"}, "GraderLogs.Arn", None)


def test_a_grader_may_write_its_log_and_nothing_else(template):
    assert role(template, "GraderRole") == [WRITE_LOGS]


def test_in_a_vpc_a_grader_may_have_network_interfaces_made_too(template):
    logs, (actions, resource, condition) = role(template, "GraderRole", "HasVpc")
    assert (logs, resource, condition) == (WRITE_LOGS, "*", None)
    assert {action.split(":")[0] for action in actions} == {"ec2"}
    assert {"ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface"} < actions


def test_a_judge_s_grader_may_ask_no_model_until_one_is_named(template):
    assert role(template, "JudgeRole") == [WRITE_LOGS]
    assert {template["Parameters"][name]["Default"] for name in ("JudgeModel", "JudgeModelArns")} == {""}


FOUNDATION = "arn:aws:bedrock:*::foundation-model/"
PROFILE = "arn:aws:bedrock:*:123456789012:inference-profile/us.maker.model-v1:0"


def test_it_may_ask_the_model_that_is_named_as_a_model_and_as_a_profile_and_no_other(template):
    logs, named, through = role(template, "JudgeRole", "HasJudgeModel")
    assert logs == WRITE_LOGS
    assert named == ({"bedrock:InvokeModel"}, [f"{FOUNDATION}us.maker.model-v1:0", PROFILE], None)
    actions, models, condition = through
    assert (actions, models) == ({"bedrock:InvokeModel"}, f"{FOUNDATION}*")
    assert condition.keys() == {"StringLike"}
    assert resolved(condition["StringLike"]["bedrock:InferenceProfileArn"]) == PROFILE


def test_it_may_ask_what_the_list_of_arns_names_and_any_model_through_its_profiles(template):
    logs, listed, through = role(template, "JudgeRole", "HasJudgeModelArns")
    assert logs == WRITE_LOGS
    assert listed == ({"bedrock:InvokeModel"}, "JudgeModelArns", None)
    only = {"StringEquals": {"bedrock:InferenceProfileArn": {"Ref": "JudgeModelArns"}}}
    assert through == ({"bedrock:InvokeModel"}, f"{FOUNDATION}*", only)


@pytest.mark.parametrize(
    ("model", "fits"),
    [
        ("", True),
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", True),
        ("openai.gpt-oss-120b-1:0", True),
        ("moonshotai.kimi-k2.5", True),
        ("*", False),
        ("maker.*", False),
        ("arn:aws:bedrock:us-west-2::foundation-model/maker.model-v1:0", False),
    ],
)
def test_a_judge_s_model_is_named_by_its_id(template, model, fits):
    assert bool(re.search(template["Parameters"]["JudgeModel"]["AllowedPattern"], model)) == fits


@pytest.mark.parametrize(
    ("arn", "fits"),
    [
        ("arn:aws:bedrock:us-west-2::foundation-model/maker.model-v1:0", True),
        ("arn:aws:bedrock:us-west-2:123456789012:inference-profile/us.maker.model", True),
        ("", True),
        ("maker.model-v1:0", False),
        ("*", False),
    ],
)
def test_its_other_models_are_named_by_their_arns(template, arn, fits):
    assert bool(re.search(template["Parameters"]["JudgeModelArns"]["AllowedPattern"], arn)) == fits


def test_no_action_is_a_pattern_and_no_resource_is_everything_but_where_there_is_none(template):
    everything = [
        *role(template, "GraderRole"),
        *role(template, "JudgeRole", "HasJudgeModel", "HasJudgeModelArns"),
        *submitter(template),
        *role(template, "FanOutWorkerRole", "HasFanOutKeys"),
        *role(template, "FanOutRole", "HasFanOutKeys"),
        *policy(template, "FanOutChildren"),
        *policy(template, "FanOutPolicy", "HasFanOutKeys"),
    ]
    assert not [action for actions, _, _ in everything for action in actions if "*" in action]
    broad = [actions for actions, resource, _ in everything if resource == "*"]
    assert broad == [
        {"bedrock:CallWithBearerToken", "bedrock-mantle:CallWithBearerToken"},
        {"lambda:GetAccountSettings"},
    ]


@pytest.mark.parametrize("name", ["WordProblem-1A2B3C", "WordProblem-1A2B3C:3", "WordProblem-1A2B3C:live"])
def test_the_submitter_may_call_every_grader_with_or_without_a_version(template, name):
    [pattern] = [
        resource for actions, resource, _ in submitter(template) if "lambda:InvokeFunction" in actions
    ]
    assert fnmatchcase(f"{PREFIX}rft-graders-{name}", pattern)


@pytest.mark.parametrize(
    "name", ["payments", "rft-graders", "my-rft-graders-WordProblem-1A", "rft-gradersx-1"]
)
def test_the_submitter_may_call_nothing_else(template, name):
    [pattern] = [
        resource for actions, resource, _ in submitter(template) if "lambda:InvokeFunction" in actions
    ]
    assert not fnmatchcase(PREFIX + name, pattern)


def test_the_submitter_may_do_what_a_job_needs_from_its_file_to_the_tuned_model(template):
    allowed = {action for actions, _, _ in submitter(template) for action in actions}
    needed = (
        "CreateFile GetFile ListFiles DeleteFile CreateFineTuningJob GetFineTuningJob ListFineTuningJobs "
    )
    needed += "CancelFineTuningJob CreateInference GetModel ListModels GetCustomizedModel CallWithBearerToken"
    assert {f"bedrock-mantle:{name}" for name in needed.split()} <= allowed


def test_the_submitter_may_do_what_aws_s_own_policy_for_inference_allows(template):
    allowed = {action for actions, _, _ in submitter(template) for action in actions}
    inference = "CreateInference GetProject ListProjects ListTagsForResource"
    assert {f"bedrock-mantle:{name}" for name in inference.split()} <= allowed


def test_another_account_may_call_the_published_version_if_it_is_named(template):
    permissions = {
        name: each
        for name, each in template["Resources"].items()
        if each["Type"] == "AWS::Lambda::Permission"
    }
    assert len(permissions) == 3
    for name, each in permissions.items():
        assert each["Condition"] == "HasTrainingAccount"
        grader = name.removesuffix("TrainingAccount")
        assert each["Properties"] == {
            "Action": "lambda:InvokeFunction",
            "FunctionName": {"Ref": f"{grader}.Version"},
            "Principal": {"Ref": "TrainingAccountId"},
        }


RUNS = "arn:aws:s3:::ours/rft-runs/*"
EXECUTIONS = [f"{MACHINE.replace(':stateMachine:', ':execution:')}{end}" for end in (":*", "/*")]
USE_KEYS = ({"kms:Decrypt", "kms:GenerateDataKey"}, "FanOutKeyArns", None)


def test_a_worker_may_call_published_versions_read_data_and_write_below_the_folder_of_runs(template):
    assert role(template, "FanOutWorkerRole") == [
        WRITE_LOGS,
        ({"lambda:InvokeFunction", "lambda:GetFunctionConfiguration"}, f"{PREFIX}rft-graders-*:*", None),
        ({"s3:GetObject", "s3:GetObjectVersion"}, "arn:aws:s3:::ours/*", None),
        ({"s3:GetObject", "s3:PutObject"}, RUNS, None),
        ({"s3:ListBucket"}, "arn:aws:s3:::ours", None),
    ]
    assert role(template, "FanOutWorkerRole", "HasFanOutKeys")[-1] == USE_KEYS


def test_the_machine_may_read_its_list_call_the_worker_and_start_its_children(template):
    assert role(template, "FanOutRole") == [
        ({"lambda:InvokeFunction"}, "FanOutWorker.Arn", None),
        ({"s3:GetObject"}, RUNS, None),
    ]
    assert template["Resources"]["FanOutChildren"]["Properties"]["Roles"] == [{"Ref": "FanOutRole"}]
    assert policy(template, "FanOutChildren") == [
        ({"states:StartExecution"}, MACHINE, None),
        ({"states:DescribeExecution", "states:StopExecution"}, EXECUTIONS, None),
    ]


def test_whoever_fans_out_may_start_the_machine_and_call_no_grader(template):
    allowed = policy(template, "FanOutPolicy")
    assert ({"states:StartExecution", "states:ListExecutions"}, MACHINE, None) in allowed
    assert ({"s3:GetObject", "s3:PutObject"}, RUNS, None) in allowed
    assert "lambda:InvokeFunction" not in {action for actions, _, _ in allowed for action in actions}
    assert policy(template, "FanOutPolicy", "HasFanOutKeys")[-1] == USE_KEYS


def test_data_that_is_named_is_all_that_is_read(template):
    reading = [
        one["Resource"]
        for name in ("FanOutWorkerRole", "FanOutPolicy")
        for one in json_statements(template["Resources"][name])
        if "s3:GetObjectVersion" in one["Action"]
    ]
    assert len(reading) == 2
    for each in reading:
        assert each["Fn::If"][:2] == ["HasFanOutData", {"Ref": "FanOutDataArns"}]


def json_statements(resource):
    properties = resource["Properties"]
    documents = [each["PolicyDocument"] for each in properties.get("Policies", [properties])]
    return [one for document in documents for one in document["Statement"] if "Action" in one]


@pytest.mark.parametrize("name", ["SubmitterPolicy", "FanOutPolicy", "FanOutChildren"])
def test_every_action_exists_and_knows_its_resource(template, name):
    """The source is the service authorization data in cfn-lint."""
    file = resources.files(cfnlint.data.AdditionalSpecs) / "Policies.json"
    known = json.loads(file.read_text())
    for actions, resource, _ in policy(template, name):
        for action in actions:
            service, _, verb = action.partition(":")
            kinds = known[service]["Actions"][verb.lower()].get("Resources", [])
            assert (resource == "*") == (not kinds), action
            formats = [one for kind in kinds for one in known[service]["Resources"][kind]["ARNFormats"]]
            for arn in [resource] if isinstance(resource, str) else resource:
                assert not kinds or any(_fits(arn, each) for each in formats), (action, arn)


def _fits(arn, form):
    parts = re.split(r"(\$\{\w+\}|\.\*)", form)
    pattern = "".join(".*" if index % 2 else re.escape(part) for index, part in enumerate(parts))
    return re.fullmatch(pattern, arn) is not None


def test_the_policies_are_read_as_they_are_written():
    """The helpers of this file fail on unknown forms instead of ignoring them."""
    with pytest.raises(AssertionError):
        statements({"Statement": [{"Fn::If": ["Other", {}, {}]}]})
    with pytest.raises(KeyError):
        resolved(sam_template.load("!Sub arn:${Unknown}"))
