"""Checks of a template's permissions for the models that its judges use."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.deploy.judge_checks import check_judges, unanswered
from harness.deploy.judge_question import AskedJudges
from harness.localaws.function import FunctionSpec
from harness.projects.scaffold import make_project
from harness.targets.built import AskedModel

MODEL = "us.maker.model-v1:0"
ALLOWED = "arn:aws:bedrock:us-west-2::foundation-model/maker.own"


def template_with(folder, role, policies="", more=""):
    path = folder / "template.yaml"
    path.write_text(
        f"""
Transform: AWS::Serverless-2016-10-31
Parameters:
  Asked: {{Type: String, Default: ""}}
  Untold: {{Type: String}}
Conditions:
  Asks: !Not [!Equals [!Ref Asked, ""]]
Resources:
  Judged:
    Type: AWS::Serverless::Function
    Properties: {{Handler: a.b, Runtime: python3.13, CodeUri: .{role}}}
  Policy:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Statement: {{Effect: Allow, Action: "logs:*", Resource: "*"}}
  Role:
    Type: AWS::IAM::Role
    Properties:
      ManagedPolicyArns: [!Ref Policy]
      Policies: [{policies}]
{more}"""
    )
    return path


def judged(model=MODEL, **more):
    return AskedModel("bedrock", "us-west-2 ", model, **more)


def found(template, *judges, parameters=None, **variables):
    spec = FunctionSpec(name="Judged", artifact=Path(), handler="a.b", environment=variables)
    return [one.id for one in check_judges(spec, "Judged", judges, template, parameters or {})]


OWN = ", Role: !GetAtt Role.Arn"


def policy(resource, action="bedrock:InvokeModel", effect="Allow", **more):
    statement = {"Effect": effect, "Action": action, "Resource": resource, **more}
    return f"{{PolicyDocument: {{Statement: [{statement}]}}}}".replace("'!Ref Untold'", "!Ref Untold")


@pytest.mark.parametrize(
    ("policies", "rules"),
    [
        (policy(ALLOWED), ["D036"]),
        (policy("arn:aws:bedrock:*::foundation-model/us.maker.model-v1:0"), []),
        (policy("arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.maker.model-v1:0"), []),
        (policy("arn:aws:bedrock:*::foundation-model/*", Condition={"StringEquals": {"a": "b"}}), ["D036"]),
        (policy("*", action=["bedrock:Invoke*"]), []),
        (policy("*", action="bedrock:ListModels"), ["D036"]),
        (policy("*", effect="Deny"), ["D036"]),
        (policy(["arn:aws:s3:::bucket", "!Ref Untold"]), ["D050"]),
        (f"!If [Asks, {policy('*')}, !Ref AWS::NoValue]", ["D036"]),
        (f"!If [Elsewhere, {policy('*')}, !Ref AWS::NoValue]", ["D050"]),
        ("", ["D036"]),
    ],
)
def test_a_judge_s_model_has_to_be_allowed_by_the_role(tmp_path, policies, rules):
    assert found(template_with(tmp_path, OWN, policies), judged()) == rules


def test_a_parameter_may_allow_it(tmp_path):
    template = template_with(tmp_path, OWN, f"!If [Asks, {policy('*')}, !Ref AWS::NoValue]")
    assert found(template, judged(), parameters={"Asked": MODEL}) == []


@pytest.mark.parametrize(
    ("role", "rules"),
    [
        (", Role: arn:aws:iam::123456789012:role/theirs", ["D050"]),
        (", Role: !GetAtt Elsewhere.Arn", ["D050"]),
        (", Role: !ImportValue theirs", ["D050"]),
        ("", ["D036"]),
        (", Policies: [{Statement: [{Effect: Allow, Action: 'bedrock:InvokeModel', Resource: '*'}]}]", []),
    ],
)
def test_a_role_that_is_not_in_the_template_cannot_be_told(tmp_path, role, rules):
    assert found(template_with(tmp_path, role), judged()) == rules


def test_a_model_may_be_named_by_its_arn(tmp_path):
    template = template_with(tmp_path, OWN, policy(ALLOWED))
    assert found(template, judged(ALLOWED)) == []
    assert found(template, judged(f"{ALLOWED}-v2")) == ["D036"]


def test_the_project_of_a_judge_may_ask_its_own_model_and_no_other(tmp_path):
    make_project(tmp_path / "shop", kind="judge")
    template = tmp_path / "shop" / "template.yaml"
    spec = FunctionSpec(name="JudgeCheck", artifact=Path(), handler="a.b")
    own = template.read_text().partition("  JudgeModel:\n")[2].partition("Default: ")[2].partition("\n")[0]

    def rules(model, **parameters):
        judges = (judged(model),)
        return [one.id for one in check_judges(spec, "JudgeCheck", judges, template, parameters)]

    assert rules(own) == []
    assert rules(MODEL) == ["D036"]
    assert rules(MODEL, JudgeModel=MODEL) == []
    assert rules(own, JudgeModel="", JudgeModelArns=f"{ALLOWED},x") == ["D036"]
    assert rules(ALLOWED, JudgeModelArns=f"{ALLOWED},x") == []


def test_another_service_needs_its_key_and_no_role(tmp_path):
    template = template_with(tmp_path, OWN)
    judge = AskedModel("openai", "https://api.openai.com/v1", "some-model", "THE_KEY")
    assert found(template, judge) == ["D037"]
    assert found(template, judge, THE_KEY="x") == []


def test_a_model_that_did_not_answer_is_an_error_with_its_reason():
    known = judged(parts={"form": "tool"})
    asked = AskedJudges((judged("silent"), known), samples=3, trouble="the judge silent is throttled")
    [one] = unanswered(asked, "rollouts.jsonl")
    assert (one.id, one.message) == ("D038", "silent: the judge silent is throttled")
    [one] = unanswered(AskedJudges((judged("silent"),), samples=3), "rollouts.jsonl")
    assert one.message == "silent: 3 samples were graded, and no check asked it about any of them"
