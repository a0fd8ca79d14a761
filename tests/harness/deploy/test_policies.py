from __future__ import annotations

import pytest

from harness.deploy.policies import check_statements
from harness.findings import Place

ARN = "arn:aws:lambda:us-west-2:123456789012:function:rft-Math-1A2B"
INVOKE = "lambda:InvokeFunction"


def policy(action=INVOKE, resource=ARN, effect="Allow", **more):
    statement = {"Effect": effect, "Action": action, "Resource": resource, **more}
    return {"Version": "2012-10-17", "Statement": statement}


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
