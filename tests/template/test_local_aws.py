"""The local AWS fails where AWS would. Otherwise, the deployment tests would prove nothing."""

from __future__ import annotations

import io
import json
import sys
import zipfile

import pytest
from botocore.exceptions import ClientError
from moto.awslambda.models import LambdaBackend, lambda_backends
from moto.cloudformation.models import CloudFormationBackend, cloudformation_backends

from harness.projects.kinds import KINDS
from harness.projects.scaffold import make_project
from support import sam_template

RUNTIME = f"python3.{sys.version_info.minor}"
BUCKET = "artifacts"


def put_code(aws, key, body):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("app.py", body)
    s3 = aws.client("s3")
    if BUCKET not in [each["Name"] for each in s3.list_buckets()["Buckets"]]:
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": aws.region})
    s3.put_object(Bucket=BUCKET, Key=key, Body=held.getvalue())
    return f"s3://{BUCKET}/{key}"


def answering(value):
    return f"def handler(event, context):\n    return [{value!r}, event, context.invoked_function_arn]\n"


def stack(code, **properties):
    function = {"CodeUri": code, "Handler": "app.handler", "Runtime": RUNTIME, "AutoPublishAlias": "live"}
    outputs = {"Version": {"Ref": "Answer.Version"}, "Alias": {"Ref": "Answer.Alias"}}
    return {
        "Transform": sam_template.SAM_TRANSFORM,
        "Resources": {
            "Answer": {"Type": "AWS::Serverless::Function", "Properties": {**function, **properties}}
        },
        "Outputs": {name: {"Value": value} for name, value in outputs.items()},
    }


def deploy(aws, name, template, parameters=None):
    """Deploy with a change set, as `sam deploy` does."""
    formation = aws.client("cloudformation")
    stacks = [each["StackName"] for each in formation.describe_stacks()["Stacks"]]
    set_of_changes = formation.create_change_set(
        StackName=name,
        ChangeSetName="changes",
        ChangeSetType="UPDATE" if name in stacks else "CREATE",
        TemplateBody=json.dumps(template),
        Parameters=[
            {"ParameterKey": key, "ParameterValue": value} for key, value in (parameters or {}).items()
        ],
    )
    formation.execute_change_set(ChangeSetName=set_of_changes["Id"], StackName=name)
    return aws.outputs(name)


def call(aws, arn, event=None):
    answer = aws.client("lambda").invoke(FunctionName=arn, Payload=json.dumps(event))
    return answer, json.loads(answer["Payload"].read())


def value(aws, arn):
    return call(aws, arn)[1][0]


def test_a_version_runs_its_own_code_after_the_next_one_was_deployed(aws):
    first = deploy(aws, "two", stack(put_code(aws, "two-1", answering("first"))))
    second = deploy(aws, "two", stack(put_code(aws, "two-2", answering("second"))))
    assert (first["Version"][-2:], second["Version"][-2:]) == (":1", ":2")
    assert [value(aws, arn) for arn in (first["Version"], second["Version"], second["Alias"])] == [
        "first",
        "second",
        "second",
    ]


def test_a_version_without_a_retain_policy_is_deleted(aws):
    """Without this, tests could not show the effect of `DeletionPolicy: Retain`."""
    first = deploy(aws, "gone", stack(put_code(aws, "gone-1", answering(1)), VersionDeletionPolicy="Delete"))
    deploy(aws, "gone", stack(put_code(aws, "gone-2", answering(2)), VersionDeletionPolicy="Delete"))
    with pytest.raises(ClientError, match="Function not found"):
        call(aws, first["Version"])


def test_a_changed_property_is_in_the_next_version_and_not_in_the_last(aws):
    code = put_code(aws, "timeout", answering(1))
    first = deploy(aws, "timeout", stack(code, Timeout=5, AutoPublishAliasAllProperties=True))
    second = deploy(aws, "timeout", stack(code, Timeout=6, AutoPublishAliasAllProperties=True))
    configured = aws.client("lambda").get_function_configuration
    timeouts = [configured(FunctionName=each["Version"])["Timeout"] for each in (first, second)]
    assert timeouts == [5, 6]


def test_the_handler_gets_the_event_and_the_arn_that_was_called(aws):
    outputs = deploy(aws, "event", stack(put_code(aws, "event", answering(1))))
    answer, (_, event, arn) = call(aws, outputs["Version"], {"text": "é"})
    assert event == {"text": "é"}
    assert arn == outputs["Version"]
    assert answer["ExecutedVersion"] == "1"


def test_a_handler_that_raises_is_an_error_of_the_function(aws):
    body = "def handler(event, context):\n    raise ValueError('no')\n"
    answer, payload = call(aws, deploy(aws, "raises", stack(put_code(aws, "raises", body)))["Version"])
    assert answer["FunctionError"] == "Unhandled"
    assert (payload["errorType"], payload["errorMessage"]) == ("ValueError", "no")


def test_a_handler_that_is_not_in_the_artifact_is_an_error_of_the_function(aws):
    outputs = deploy(aws, "missing", stack(put_code(aws, "missing", ""), Handler="graders.missing"))
    answer, payload = call(aws, outputs["Version"])
    assert answer["FunctionError"] == "Unhandled"
    assert payload["errorType"] == "Runtime.ImportModuleError"


def test_a_function_that_does_not_exist_cannot_be_called(aws):
    with pytest.raises(ClientError, match="Function not found"):
        call(aws, "nobody")


def test_local_code_is_refused_as_cloudformation_refuses_it(aws):
    with pytest.raises(ClientError, match="'CodeUri' is not a valid S3 Uri"):
        deploy(aws, "local", stack("."))


def test_moto_is_itself_again_afterwards(aws):
    """`_extended` restores the classes that it replaced."""
    assert cloudformation_backends.backend is not CloudFormationBackend
    assert lambda_backends.backend is not LambdaBackend


def test_its_clients_reach_nothing_else(aws):
    assert aws.client("sts").meta.endpoint_url == aws.endpoint
    assert aws.environment["AWS_ENDPOINT_URL"] == aws.endpoint


# --- The project's own template, with its parameters ----------------------------------------------


@pytest.fixture
def template_of_the_project(aws, template):
    # This interpreter's runtime, because the deployed code is a stand-in for the artifact.
    template["Globals"]["Function"]["Runtime"] = RUNTIME
    return sam_template.packaged(template, put_code(aws, "project", answering(1)))


def policies_of(aws, stack_name, role):
    found = aws.client("cloudformation").describe_stack_resource(StackName=stack_name, LogicalResourceId=role)
    name = found["StackResourceDetail"]["PhysicalResourceId"]
    iam = aws.client("iam")
    policies = iam.list_role_policies(RoleName=name)["PolicyNames"]
    documents = [iam.get_role_policy(RoleName=name, PolicyName=each)["PolicyDocument"] for each in policies]
    statements = [statement for document in documents for statement in document["Statement"]]
    return [(statement["Action"], statement["Resource"]) for statement in statements]


def test_parameters_let_a_judge_s_role_ask_models_and_tell_a_topic(aws, template_of_the_project):
    topic = aws.client("sns").create_topic(Name="alarms")["TopicArn"]
    outputs = deploy(aws, "project", template_of_the_project)
    assert policies_of(aws, "project", "JudgeRole") == []
    configured = aws.client("lambda").get_function_configuration
    assert "JudgeRole" in configured(FunctionName=outputs["ReadyCheckVersionArn"])["Role"]

    given = {"JudgeModel": "us.maker.model-v1:0", "AlarmTopicArn": topic}
    deploy(aws, "project", template_of_the_project, given)
    profile = "arn:aws:bedrock:*:123456789012:inference-profile/us.maker.model-v1:0"
    named = ["arn:aws:bedrock:*::foundation-model/us.maker.model-v1:0", profile]
    through = ("bedrock:InvokeModel", "arn:aws:bedrock:*::foundation-model/*")
    assert policies_of(aws, "project", "JudgeRole") == [("bedrock:InvokeModel", named), through]

    model = f"arn:aws:bedrock:{aws.region}::foundation-model/maker.model-v1:0"
    profile = f"arn:aws:bedrock:{aws.region}:123456789012:application-inference-profile/abc"
    deploy(aws, "project", template_of_the_project, given | {"JudgeModelArns": f"{model},{profile}"})
    assert ("bedrock:InvokeModel", [model, profile]) in policies_of(aws, "project", "JudgeRole")

    alarms = aws.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert {tuple(each["AlarmActions"]) for each in alarms} == {(topic,)}


def test_the_template_of_a_judge_s_project_lets_its_function_ask_its_model_at_once(aws, tmp_path):
    make_project(tmp_path / "shop", kind="judge")
    template = sam_template.expanded(sam_template.load((tmp_path / "shop" / "template.yaml").read_text()))
    template["Globals"]["Function"]["Runtime"] = RUNTIME
    code = put_code(aws, "shop", answering(1))
    outputs = deploy(aws, "shop", sam_template.packaged(template, code))
    found = aws.client("lambda").get_function_configuration(FunctionName=outputs["JudgeCheckVersionArn"])
    assert "JudgeRole" in found["Role"]
    assert found["Timeout"] == 300
    assert found["Environment"]["Variables"]["GRADER_LOG_CONTENT"] == "0"
    (_, asked), (_, through) = policies_of(aws, "shop", "JudgeRole")
    model = KINDS["judge"].judge
    assert {arn.rpartition("/")[2] for arn in asked} == {model}
    assert through == "arn:aws:bedrock:*::foundation-model/*"


def test_the_submitter_s_policy_is_one_that_iam_accepts(aws, template_of_the_project):
    arn = deploy(aws, "policy", template_of_the_project)["SubmitterPolicyArn"]
    version = aws.client("iam").get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]
    document = version["Document"]
    [call_the_graders] = [each for each in document["Statement"] if each["Sid"] == "CallTheGraders"]
    assert call_the_graders["Resource"] == f"arn:aws:lambda:{aws.region}:123456789012:function:policy-*"


def test_a_log_group_s_arn_ends_as_in_cloudformation(aws, template_of_the_project):
    deploy(aws, "logged", template_of_the_project)
    resources = ("logs:PutLogEvents", "arn:aws:logs:")
    policies = aws.client("iam").list_policies(Scope="Local")["Policies"]
    [arn] = [each["Arn"] for each in policies if each["PolicyName"].startswith("logged-GraderPolicy")]
    document = aws.client("iam").get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"][
        "Document"
    ]
    [statement] = document["Statement"]
    assert resources[0] in statement["Action"]
    assert statement["Resource"].startswith(resources[1])
    assert statement["Resource"].endswith(":*")


def test_a_parameter_of_the_functions_is_in_the_next_version_and_not_in_the_last(
    aws, template_of_the_project
):
    first = deploy(aws, "sized", template_of_the_project)
    given = {"MemorySize": "1024", "TrainingAccountId": "210987654321"}
    second = deploy(aws, "sized", template_of_the_project, given)
    configured = aws.client("lambda").get_function_configuration
    arns = [each["WordProblemVersionArn"] for each in (first, second)]
    assert [configured(FunctionName=arn)["MemorySize"] for arn in arns] == [512, 1024]
    assert second["WordProblemAliasArn"] == first["WordProblemAliasArn"]
    assert configured(FunctionName=second["WordProblemAliasArn"])["MemorySize"] == 1024


def test_a_grader_that_leaves_the_template_stays_in_aws(aws, template_of_the_project):
    before = deploy(aws, "left", template_of_the_project)
    del template_of_the_project["Resources"]["CorrectThenFormat"]
    template_of_the_project["Mappings"]["Graders"]["All"]["Names"].remove("CorrectThenFormat")
    for section in ("Resources", "Outputs"):
        kept = {
            key: one
            for key, one in template_of_the_project[section].items()
            if not key.startswith("CorrectThenFormat")
        }
        template_of_the_project[section] = kept
    after = deploy(aws, "left", template_of_the_project)
    assert "CorrectThenFormatVersionArn" not in after
    configured = aws.client("lambda").get_function_configuration
    for kind in ("VersionArn", "AliasArn", "FunctionArn"):
        assert configured(FunctionName=before[f"CorrectThenFormat{kind}"])["State"] == "Active"
