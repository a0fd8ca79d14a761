"""Parameters whose changes do not publish a new version. SAM's own translator confirms each case."""

from __future__ import annotations

import pytest

from harness.deploy.publishing_checks import check_publishing
from harness.findings import Place
from support import sam_template

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  One: {Type: String, Default: "512"}
  Two: {Type: String, Default: "yes"}
Conditions:
  IsTwo: !Equals [!Ref Two, "yes"]
  IsOne: !Equals [!Ref One, "512"]
  IsBoth: !And [!Condition IsTwo, !Equals [!Ref One, "512"]]
Mappings:
  Sizes: {"512": {Value: 60}, "1024": {Value: 120}}
Resources:
  Math:
    Type: AWS::Serverless::Function
    DeletionPolicy: Retain
    Properties:
      CodeUri: s3://bucket/key
      Handler: app.math
      Runtime: python3.13
      AutoPublishAlias: live
      AutoPublishAliasAllProperties: true
      PROPERTY
"""

DECIDING = [
    "MemorySize: !Ref One",
    "Environment: {Variables: {Threshold: !Ref One}}",
    'Environment: {Variables: {Threshold: !Sub "at ${One}"}}',
    'Environment: {Variables: {Threshold: !Sub ["at ${That}", {That: !Ref One}]}}',
    "Timeout: !FindInMap [Sizes, !Ref One, Value]",
    "Timeout: !If [IsOne, 60, 120]",
    'Role: !Join ["", [a, !Ref One]]',
]
NOT_DECIDING = [
    "MemorySize: 512",
    "Description: !Ref One",
    "KmsKeyArn: !Ref One",
    "ReservedConcurrentExecutions: !Ref One",
    'Environment: {Variables: {Region: !Ref AWS::Region, Text: !Sub "${!One} ${AWS::StackName}"}}',
]


def checked(line, text=TEMPLATE):
    template = sam_template.load(text.replace("PROPERTY", line))
    found = check_publishing("Math", template, template["Resources"]["Math"]["Properties"], Place())
    return [(one.id, one.message) for one in found]


def version_of(line, text=TEMPLATE, **values):
    template = sam_template.load(text.replace("PROPERTY", line))
    translated = sam_template.translate(template, {"One": "512", "Two": "yes", **values})["Resources"]
    [version] = [name for name, one in translated.items() if one["Type"] == "AWS::Lambda::Version"]
    return version, translated[version]


@pytest.mark.parametrize("line", DECIDING)
def test_a_parameter_that_decides_a_setting_is_found(line):
    [(rule, message)] = checked(line)
    assert rule == "D013"
    assert message.startswith(f"Math takes {line.partition(':')[0]} from One, but")


@pytest.mark.parametrize("line", DECIDING)
def test_sam_gives_the_same_version_for_another_value_of_it(line):
    assert version_of(line) == version_of(line, One="1024")


@pytest.mark.parametrize("line", NOT_DECIDING)
def test_what_decides_no_reward_is_passed_over(line):
    assert checked(line) == []


def test_a_condition_s_parameters_decide_too():
    [(_, message)] = checked("Timeout: !If [IsBoth, 60, 120]")
    assert message.startswith("Math takes Timeout from Two and One, but")


def test_sam_gives_another_version_for_another_literal():
    assert version_of("MemorySize: 512")[0] != version_of("MemorySize: 1024")[0]


def test_a_parameter_that_sam_hashes_publishes_a_version():
    line = "MemorySize: !Ref One\n      AutoPublishCodeSha256: !Ref One"
    assert version_of(line)[0] != version_of(line, One="1024")[0]
    assert checked(line) == []


def test_a_parameter_in_the_version_s_description_replaces_the_version():
    line = "MemorySize: !Ref One\n      VersionDescription: !Ref One"
    assert version_of(line)[1]["Properties"]["Description"] == {"Ref": "One"}
    assert "UpdateReplacePolicy" not in version_of(line)[1]
    assert checked(line)[0][0] == "D018"
    retained = TEMPLATE.replace(
        "DeletionPolicy: Retain", "DeletionPolicy: Retain\n    UpdateReplacePolicy: Retain"
    )
    assert version_of(line, retained)[1]["UpdateReplacePolicy"] == "Retain"
    assert checked(line, retained) == []


def test_a_function_that_its_removal_deletes_is_found():
    text = TEMPLATE.replace("    DeletionPolicy: Retain\n", "")
    assert version_of("MemorySize: 512", text)[1]["DeletionPolicy"] == "Retain"
    assert [rule for rule, _ in checked("MemorySize: 512", text)] == ["D019"]


def test_conditions_in_a_circle_end():
    text = TEMPLATE.replace('IsTwo: !Equals [!Ref Two, "yes"]', "IsTwo: !Condition IsBoth")
    assert [rule for rule, _ in checked("Timeout: !If [IsTwo, 60, 120]", text)] == ["D013"]
