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
STACK |= {
    "AWS::AccountId": "123456789012",
    "JudgeModelId": "maker.model-v1:0",
    "JudgeInferenceProfileId": "us.m",
}
PREFIX = "arn:aws:lambda:us-west-2:123456789012:function:"


def resolved(resource):
    """A resource's ARN as it would read in the stack; GetAtt stays a name."""
    if isinstance(resource, dict) and "Fn::Sub" in resource:
        return re.sub(r"\$\{([^}]+)\}", lambda found: STACK[found[1]], resource["Fn::Sub"])
    return ".".join(resource["Fn::GetAtt"]) if isinstance(resource, dict) else resource


def statements(document, profile=False):
    found = document["Statement"]
    if isinstance(found, dict):
        name, yes, no = found["Fn::If"]
        assert name == "HasJudgeProfile"
        found = yes if profile else no
    return [
        (
            {each["Action"]} if isinstance(each["Action"], str) else set(each["Action"]),
            resolved(each["Resource"]),
            each.get("Condition"),
        )
        for each in found
    ]


def role(template, name, profile=False):
    policies = template["Resources"][name]["Properties"]["Policies"]
    return [each for policy in policies for each in statements(policy["PolicyDocument"], profile)]


def submitter(template):
    return statements(template["Resources"]["SubmitterPolicy"]["Properties"]["PolicyDocument"])


def test_there_is_no_role_but_the_two_that_are_written_out(translated):
    roles = {name: each for name, each in translated["Resources"].items() if each["Type"] == "AWS::IAM::Role"}
    assert roles.keys() == {"GraderRole", "JudgeRole"}
    for each in roles.values():
        assert "ManagedPolicyArns" not in each["Properties"]
        [trust] = each["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}


WRITE_LOGS = ({"logs:CreateLogStream", "logs:PutLogEvents"}, "GraderLogs.Arn", None)


def test_a_grader_may_write_its_log_and_nothing_else(template):
    assert role(template, "GraderRole") == [WRITE_LOGS]


def test_there_is_no_judge_unless_it_is_asked_for(template):
    assert template["Resources"]["JudgeRole"]["Condition"] == "HasJudge"
    assert template["Parameters"]["JudgeModelId"]["Default"] == ""


def test_a_judge_s_grader_may_ask_one_model(template):
    asks = ({"bedrock:InvokeModel"}, "arn:aws:bedrock:us-west-2::foundation-model/maker.model-v1:0", None)
    assert role(template, "JudgeRole") == [WRITE_LOGS, asks]


def test_through_a_profile_the_model_is_allowed_everywhere_but_only_through_it(template):
    logs, profile, model = role(template, "JudgeRole", profile=True)
    arn = "arn:aws:bedrock:us-west-2:123456789012:inference-profile/us.m"
    assert logs == WRITE_LOGS
    assert profile == ({"bedrock:InvokeModel"}, arn, None)
    actions, resource, condition = model
    assert (actions, resource) == (
        {"bedrock:InvokeModel"},
        "arn:aws:bedrock:*::foundation-model/maker.model-v1:0",
    )
    [(operator, [(key, value)])] = [(name, list(each.items())) for name, each in condition.items()]
    assert (operator, key, resolved(value)) == ("StringEquals", "bedrock:InferenceProfileArn", arn)


def test_no_action_is_a_pattern_and_no_resource_is_everything_but_where_there_is_none(template):
    everything = [
        *role(template, "GraderRole"),
        *role(template, "JudgeRole", profile=True),
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
    with pytest.raises((KeyError, AssertionError)):
        statements({"Statement": {"Fn::If": ["Other", [], []]}})
    with pytest.raises(KeyError):
        resolved(sam_template.load("!Sub arn:${Unknown}"))
