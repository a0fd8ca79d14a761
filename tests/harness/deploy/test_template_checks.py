from __future__ import annotations

import contextlib
import copy
import json
from datetime import date
from pathlib import Path

import pytest

from harness.deploy.settings_checks import check_settings
from harness.deploy.template_checks import check_template
from harness.errors import InputError
from harness.findings import Place
from harness.localaws.template import read_template

ROOT = Path(__file__).resolve().parents[3]

GOOD = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Seconds: {Type: Number, Default: 60}
  Subnet: {Type: String, Default: ""}
Conditions:
  HasVpc: !Not [!Equals [!Ref Subnet, ""]]
Globals:
  Function:
    CodeUri: .
    Runtime: python3.13
    Timeout: !Ref Seconds
    MemorySize: 512
    AutoPublishAlias: live
    LoggingConfig: {LogGroup: !Ref Logs}
    VpcConfig: !If [HasVpc, {SubnetIds: [!Ref Subnet]}, !Ref AWS::NoValue]
Resources:
  Logs: {Type: AWS::Logs::LogGroup, Properties: {RetentionInDays: 30}}
  Math:
    Type: AWS::Serverless::Function
    DeletionPolicy: RetainExceptOnCreate
    UpdateReplacePolicy: Retain
    Properties:
      Handler: app.math
      AutoPublishAliasAllProperties: true
      VersionDescription: !Sub ${Seconds} s ${Subnet}
  MathAlarm:
    Type: AWS::CloudWatch::Alarm
    Properties: {Dimensions: [{Name: FunctionName, Value: !Ref Math}]}
"""
LOOP = """
  Fn::ForEach::Alarms:
    - Name
    - LIST
    - ${Name}Alarm: {Type: AWS::CloudWatch::Alarm, Properties: {}}
"""


def found(tmp_path, text):
    path = tmp_path / "template.yaml"
    path.write_text(text)
    (tmp_path / "app.py").touch()
    return check_template(path)


def rules(tmp_path, text):
    return sorted({one.id for one in found(tmp_path, text)})


def test_a_good_template_has_no_findings(tmp_path):
    assert rules(tmp_path, GOOD) == []


def test_the_template_of_the_project_has_no_findings():
    assert check_template(ROOT / "template.yaml") == []


@pytest.mark.parametrize(
    ("instead", "of", "rule"),
    [
        ("", "    Timeout: !Ref Seconds\n", "D001"),
        ("Default: 3}", "Default: 60}", "D001"),
        ("", "    MemorySize: 512\n", "D002"),
        ("MemorySize: 128", "MemorySize: 512", "D002"),
        ("", "    AutoPublishAlias: live\n", "D003"),
        ("", "      AutoPublishAliasAllProperties: true\n", "D004"),
        ("", "RetentionInDays: 30", "D005"),
        ("", "    LoggingConfig: {LogGroup: !Ref Logs}\n", "D005"),
        ("python3.13\n    Environment: {Variables: {GRADER_LOG_CONTENT: 1}}", "python3.13", "D006"),
        ("app.math\n      Policies: AdministratorAccess", "app.math", "D007"),
        ("app.math\n      Policies: [AmazonS3FullAccess]", "app.math", "D008"),
        ("python3.9", "python3.13", "D009"),
        ("AWS::SNS::Topic", "AWS::Serverless::Function", "D011"),
        ("!Ref Logs", "!Ref Math", "D012"),
        ("", "${Seconds} s ", "D013"),
        ("Default: 901", "Default: 60", "D014"),
        ("MemorySize: 20000", "MemorySize: 512", "D014"),
        ("elsewhere.math", "app.math", "D015"),
        ("CodeUri: nowhere", "CodeUri: .", "D015"),
        ("Metadata: {BuildMethod: makefile}\n    Properties:\n      H", "Properties:\n      H", "D016"),
        ("", "    UpdateReplacePolicy: Retain\n", "D018"),
        ("", "    DeletionPolicy: RetainExceptOnCreate\n", "D019"),
        ("CodeUri: s3://bucket/key", "CodeUri: .", "D050"),
        ("", "    CodeUri: .\n", "D050"),
        ('Default: "subnet-1"', 'Default: ""', "D050"),
        ("app.math\n      Layers: [a]", "app.math", "D050"),
    ],
)
def test_each_fault_is_found_alone(tmp_path, instead, of, rule):
    assert of in GOOD
    assert rules(tmp_path, GOOD.replace(of, instead)) == [rule]


@pytest.mark.parametrize(
    ("instead", "of", "said"),
    [
        ("app.math\n      Layers: [a]", "app.math", "Math: its layers"),
        ("app.math\n      EphemeralStorage: {Size: 1024}", "app.math", "1024 MB of /tmp"),
        ("app.math\n      PackageType: Image", "app.math", "Math is a container image"),
        ("app.math\n      FileSystemConfigs: [{Arn: a}]", "app.math", "Math: its file systems"),
        ('Default: "subnet-1"', 'Default: ""', "Math: its VPC"),
        ("AWS::Lambda::Function", "AWS::Serverless::Function", "Math is a function without SAM"),
        ("AWS::CloudFormation::Stack", "AWS::Logs::LogGroup", "Logs is a nested stack"),
        (
            "Fn::ForEach::Loop: [N, [A], {x: {Type: AWS::Serverless::Function}}]\n  Logs:",
            "Logs:",
            "Fn::ForEach::Loop",
        ),
    ],
)
def test_what_is_not_checked_is_said_in_a_line(tmp_path, instead, of, said):
    findings = found(tmp_path, GOOD.replace(of, instead, 1))
    assert sum(one.id == "D050" and said in one.message for one in findings) == 1


@pytest.mark.parametrize(
    ("listed", "forgotten"),
    [
        ("[Math, Other]", []),
        ("[Other]", ["D012"]),
        ("!FindInMap [Graders, All, Names]", []),
        ("!FindInMap [Graders, All, Others]", ["D012"]),
        ("!Ref Names", []),
        ("!Ref Unknown", []),
    ],
)
def test_a_grader_that_the_list_of_its_alarms_forgets_is_found(tmp_path, listed, forgotten):
    text = GOOD.replace("Value: !Ref Math", "Value: none") + LOOP.replace("LIST", listed)
    text += "Mappings: {Graders: {All: {Names: [Math], Others: [Other]}}}\n"
    text = text.replace(
        "Parameters:", "Parameters:\n  Names: {Type: CommaDelimitedList, Default: 'Other, Math'}"
    )
    findings = found(tmp_path, text)
    assert [one.id for one in findings] == forgotten
    if forgotten:
        assert findings[0].fix == "Add its name to the list of Fn::ForEach::Alarms."


def test_an_alarm_over_every_function_watches_each(tmp_path):
    query = 'SELECT SUM(Errors) FROM SCHEMA("AWS/Lambda", FunctionName) GROUP BY FunctionName'
    text = GOOD.replace(
        "{Dimensions: [{Name: FunctionName, Value: !Ref Math}]}", f"{{Metrics: [{{Expression: '{query}'}}]}}"
    )
    assert rules(tmp_path, text) == []


def test_a_storage_beyond_lambda_s_is_found(tmp_path):
    assert rules(tmp_path, GOOD.replace("512", "512\n    EphemeralStorage: {Size: 20000}")) == [
        "D014",
        "D050",
    ]


def test_a_role_s_policies_are_read(tmp_path):
    role = """
  Role:
    Type: AWS::IAM::Role
    Properties:
      ManagedPolicyArns: [arn:aws:iam::aws:policy/AmazonBedrockFullAccess]
      Policies:
        - PolicyDocument: {Statement: [{Effect: Allow, Action: "bedrock:*", Resource: "*"}]}
"""
    assert sorted(one.id for one in found(tmp_path, GOOD + role)) == ["D007", "D008"]


def test_policies_that_a_parameter_chooses_are_read_too(tmp_path):
    role = """
  Role:
    Type: AWS::IAM::Role
    Properties:
      Policies:
        - Fn::If:
            - Judged
            - PolicyDocument: {Statement: [{Effect: Allow, Action: "bedrock:*", Resource: "*"}]}
            - !Ref AWS::NoValue
"""
    assert [one.id for one in found(tmp_path, GOOD + role)] == ["D007"]


def test_what_only_a_deployment_could_know_is_no_fault(tmp_path):
    text = GOOD.replace("!Ref Seconds", "!ImportValue seconds").replace("512", "!ImportValue memory")
    text = text.replace("!Ref Logs", "!ImportValue logs").replace("python3.13", "!ImportValue runtime")
    assert rules(tmp_path, text) == []


def test_a_finding_says_the_line_of_its_function(tmp_path):
    [one] = found(tmp_path, GOOD.replace("python3.13", "python3.8"))
    place = one.place
    assert (Path(place.file).name, GOOD.splitlines()[place.line - 1].strip()) == ("template.yaml", "Math:")


@pytest.mark.parametrize("junk", [None, 3, "x", [1], {"Ref": 3}, {"Fn::If": ["a"]}, {"Fn::Sub": []}])
def test_junk_anywhere_in_a_template_is_survived(tmp_path, junk):
    (tmp_path / "good.yaml").write_text(GOOD + LOOP.replace("LIST", "[Math]"))
    template = read_template(tmp_path / "good.yaml")
    for *way, last in _places(template):
        changed = copy.deepcopy(template)
        inside = changed
        for key in way:
            inside = inside[key]
        inside[last] = junk
        path = tmp_path / "template.json"
        path.write_text(json.dumps(changed, default=str))
        with contextlib.suppress(InputError):
            check_template(path)


def _places(value, way=()):
    """Yield the path of every value in a template."""
    items = value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else ())
    for key, part in items:
        yield (*way, key)
        yield from _places(part, (*way, key))


@pytest.mark.parametrize("text", ["", "[]", "Resources: 3", "{"])
def test_what_is_no_template_is_refused(tmp_path, text):
    with pytest.raises(InputError):
        found(tmp_path, text)


@pytest.mark.parametrize(
    ("today", "rules"),
    [(date(2026, 1, 1), []), (date(2028, 6, 1), ["D010"]), (date(2028, 10, 31), ["D009"])],
)
def test_a_runtime_is_judged_by_the_day(today, rules):
    settings = {"timeout_s": 60, "memory_mb": 512, "environment": {}, "today": today}
    assert [one.id for one in check_settings(Place(), runtime="python3.12", **settings)] == rules
