"""Who may do what: each role and policy allows what its holder needs, on what it needs it for."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from importlib import resources

import cfnlint.data.AdditionalSpecs
import pytest

from support import sam_template

STACK = {"AWS::StackName": "rft-graders", "AWS::Region": "us-west-2", "AWS::Partition": "aws"}
STACK |= {"AWS::AccountId": "123456789012", "JudgeModel": "us.maker.model-v1:0"}
PREFIX = "arn:aws:lambda:us-west-2:123456789012:function:"


def resolved(resource):
    """A resource's ARN as it would read in the stack; GetAtt and Ref stay names."""
    if isinstance(resource, list):
        return [resolved(each) for each in resource]
    if isinstance(resource, dict) and "Ref" in resource:
        return resource["Ref"]
    if isinstance(resource, dict) and "Fn::Sub" in resource:
        return re.sub(r"\$\{([^}]+)\}", lambda found: STACK[found[1]], resource["Fn::Sub"])
    return ".".join(resource["Fn::GetAtt"]) if isinstance(resource, dict) else resource


def chosen(items, true):
    """The items of a list, where these conditions are true."""
    found = []
    for each in items:
        if "Fn::If" in each:
            name, yes, no = each["Fn::If"]
            assert name in ("HasVpc", "HasJudgeModel", "HasJudgeModelArns")
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
    managed = [template["Resources"][each["Ref"]]["Properties"] for each in properties["ManagedPolicyArns"]]
    policies = [*managed, *chosen(properties.get("Policies", []), true)]
    return [each for policy in policies for each in statements(policy["PolicyDocument"], *true)]


def submitter(template):
    return statements(template["Resources"]["SubmitterPolicy"]["Properties"]["PolicyDocument"])


def test_there_is_no_role_but_the_two_that_are_written_out(translated):
    roles = {name: each for name, each in translated["Resources"].items() if each["Type"] == "AWS::IAM::Role"}
    assert roles.keys() == {"GraderRole", "JudgeRole"}
    for each in roles.values():
        assert each["Properties"]["ManagedPolicyArns"] == [{"Ref": "GraderPolicy"}]
        boundary = ["HasPermissionsBoundary", {"Ref": "PermissionsBoundary"}, {"Ref": "AWS::NoValue"}]
        assert each["Properties"]["PermissionsBoundary"] == {"Fn::If": boundary}
        [trust] = each["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}


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
    ]
    assert not [action for actions, _, _ in everything for action in actions if "*" in action]
    broad = [actions for actions, resource, _ in everything if resource == "*"]
    assert broad == [{"bedrock:CallWithBearerToken", "bedrock-mantle:CallWithBearerToken"}]


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


def test_every_action_of_the_submitter_exists_and_knows_its_resource(template):
    """Against the service authorisation data that cfn-lint carries."""
    file = resources.files(cfnlint.data.AdditionalSpecs) / "Policies.json"
    known = json.loads(file.read_text())
    for actions, resource, _ in submitter(template):
        for action in actions:
            service, name = action.split(":")
            kinds = known[service]["Actions"][name.lower()].get("Resources", [])
            assert (resource == "*") == (not kinds), action
            assert not kinds or any(f":{kind}" in resource for kind in kinds), action


def test_the_policies_are_read_as_they_are_written():
    """The reader of this file's tests fails on a form that it does not know, rather than pass it."""
    with pytest.raises(AssertionError):
        statements({"Statement": [{"Fn::If": ["Other", {}, {}]}]})
    with pytest.raises(KeyError):
        resolved(sam_template.load("!Sub arn:${Unknown}"))
