from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.deploy.policies import check_statements, decide
from harness.findings import Place

ARN = "arn:aws:lambda:us-west-2:123456789012:function:rft-Math-1A2B"
INVOKE = "lambda:InvokeFunction"
SOME = {"StringEquals": {"aws:x": "y"}}


def policy(action=INVOKE, resource=ARN, effect="Allow", **more):
    statement = {"Effect": effect, "Action": action, "Resource": resource, **more}
    return {"Version": "2012-10-17", "Statement": statement}


@pytest.mark.parametrize(
    ("documents", "verdict"),
    [
        ([], "not allowed"),
        ([policy()], "allowed"),
        ([policy(action="lambda:invokefunction")], "allowed"),
        ([policy(action=["s3:GetObject", "lambda:Invoke*"])], "allowed"),
        ([policy(action="lambda:?nvokeFunction")], "allowed"),
        ([policy(action="lambda:InvokeFunctio")], "not allowed"),
        ([policy(action="*", resource="*")], "allowed"),
        ([policy(resource=ARN.upper())], "not allowed"),
        ([policy(resource=[f"{ARN}:1", ARN])], "allowed"),
        ([policy(resource="arn:aws:lambda:*:*:function:rft-*")], "allowed"),
        ([policy(resource=f"{ARN}:*")], "not allowed"),  # the function itself needs its own line
        ([policy(), policy(effect="Deny")], "denied"),
        ([policy(effect="Deny"), policy()], "denied"),
        ([policy(), policy(effect="Deny", resource=f"{ARN}:1")], "allowed"),
        ([policy(Condition=SOME)], "conditional"),
        ([policy(Condition=SOME), policy()], "allowed"),
        ([policy(), policy(Condition=SOME)], "allowed"),
        ([policy(), policy(effect="Deny", Condition=SOME)], "conditional"),
        ([policy(effect="Deny", Condition=SOME), policy()], "conditional"),
        ([policy(effect="Deny", Condition=SOME)], "not allowed"),
        ([{"Statement": [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}]}], "allowed"),
        ([{"Statement": [{"Effect": "Allow", "NotAction": "lambda:*", "Resource": "*"}]}], "not allowed"),
        ([{"Statement": [{"Effect": "Allow", "Action": "*", "NotResource": ARN}]}], "not allowed"),
        ([{"Statement": "nonsense"}, None, {}], "not allowed"),
    ],
)
def test_a_policy_is_decided_as_iam_would(documents, verdict):
    assert decide(documents, INVOKE, ARN) == verdict


def test_a_qualified_arn_needs_a_pattern_that_covers_it():
    assert decide([policy()], INVOKE, f"{ARN}:7") == "not allowed"
    assert decide([policy(resource=f"{ARN}*")], INVOKE, f"{ARN}:7") == "allowed"


names = st.text("abcXYZ019-_.+()[]", min_size=1, max_size=12)


@given(names, names, names)
def test_nothing_in_a_name_is_taken_for_a_pattern_but_stars_and_marks(before, middle, after):
    exact = policy(resource=before + middle + after)
    assert decide([exact], INVOKE, before + middle + after) == "allowed"
    assert decide([exact], INVOKE, before + middle + "x" + after) == "not allowed"
    assert decide([policy(resource=f"{before}*{after}")], INVOKE, before + middle + after) == "allowed"


@given(st.lists(st.sampled_from([policy(), policy(effect="Deny"), policy(action="s3:*")]), max_size=5))
def test_one_denial_outweighs_everything(documents):
    verdict = decide(documents, INVOKE, ARN)
    if policy(effect="Deny") in documents:
        assert verdict == "denied"
    else:
        assert verdict == ("allowed" if policy() in documents else "not allowed")


@pytest.mark.parametrize(
    ("document", "rules"),
    [
        (policy(), []),
        (policy(resource="*"), ["D008"]),
        (policy(resource="*", Condition={"StringEquals": {}}), []),
        (policy(action="*", resource="*"), ["D007"]),
        (policy(action="lambda:*", resource=ARN), ["D007"]),
        (policy(action="lambda:*", effect="Deny", resource="*"), []),
        (policy(action=["bedrock:CallWithBearerToken"], resource="*"), []),
        (policy(action=["bedrock:CallWithBearerToken", INVOKE], resource="*"), ["D008"]),
        ({"Statement": {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}}, ["D007"]),
        (
            {"Statement": {"Fn::If": ["Has", [policy(resource="*")["Statement"]], policy()["Statement"]]}},
            ["D008"],
        ),
        (policy(resource={"Fn::Sub": "arn:${AWS::Region}"}), []),
    ],
)
def test_a_statement_that_allows_too_much_is_found(document, rules):
    assert [one.id for one in check_statements(document, Place(file="x"), "the role")] == rules
