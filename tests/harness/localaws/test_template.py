from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InputError
from harness.localaws.template import read_declared, read_function, read_functions, read_template

TEMPLATE = """
AWSTemplateFormatVersion: 2010-09-09
Transform: AWS::Serverless-2016-10-31
Parameters:
  Stage:
    Type: String
    Default: dev
  Memory:
    Type: Number
    Default: 512
  Secret:
    Type: String
Globals:
  Function:
    Runtime: python3.12
    Timeout: 30
    MemorySize: !Ref Memory
    Environment:
      Variables:
        LEVEL: INFO
        COLOUR: blue
Resources:
  Bucket:
    Type: AWS::S3::Bucket
  Words:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: Words
      Handler: app.word_problem
      AutoPublishAlias: live
      Environment:
        Variables:
          COLOUR: red
          STAGE: !Ref Stage
          SUB: !Sub "${Stage}-${AWS::Region}-${!literal}"
          MAPPED: !Sub ["${Part}/${Stage}", {Part: !Ref AWS::AccountId}]
          JOINED: !Join [":", [a, !Ref Stage]]
          NAME: !Ref Judge
          ARN: !GetAtt Judge.Arn
          ARN_TOO: !Sub "${Judge.Arn}"
          NUMBER: 1.5
          FLAG: true
          BUCKET: !Ref Bucket
          BUCKET_ARN: !GetAtt [Bucket, Arn]
          SECRET: !Ref Secret
          CHOICE: !If [IsProd, a, b]
  Judge:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: !Sub "judge-${Stage}"
      CodeUri: ./Judge
      Handler: judge.handler
      Runtime: python3.13
      Timeout: 900
  Script:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: Words, Handler: index.handler, Runtime: nodejs22.x}
  Container:
    Type: AWS::Serverless::Function
    Properties: {PackageType: Image}
"""


@pytest.fixture
def template(tmp_path):
    (tmp_path / "Words").mkdir()
    (tmp_path / "Judge").mkdir()
    path = tmp_path / "template.yaml"
    path.write_text(TEMPLATE)
    return path


def test_python_functions_in_folders_are_read_and_no_others(template):
    assert list(read_functions(template)) == ["Words", "Judge"]


def test_globals_lie_under_a_functions_own_properties(template):
    words, judge = read_functions(template).values()
    assert (words.runtime, words.timeout_s, words.memory_mb) == ("python3.12", 30.0, 512)
    assert (judge.runtime, judge.timeout_s, judge.memory_mb) == ("python3.13", 900.0, 512)
    assert (words.name, judge.name) == ("Words", "judge-dev")
    assert words.artifact == template.parent / "Words"
    assert judge.environment == {"LEVEL": "INFO", "COLOUR": "blue"}


def test_values_are_resolved_where_the_template_knows_them(template):
    arn = "arn:aws:lambda:us-east-1:123456789012:function:judge-dev"
    assert read_functions(template)["Words"].environment == {
        "LEVEL": "INFO",
        "COLOUR": "red",
        "STAGE": "dev",
        "SUB": "dev-us-east-1-${literal}",
        "MAPPED": "123456789012/dev",
        "JOINED": "a:dev",
        "NAME": "judge-dev",
        "ARN": arn,
        "ARN_TOO": arn,
        "NUMBER": "1.5",
        "FLAG": "true",
    }


def test_what_only_a_deployment_knows_is_left_out_and_named(template):
    notes = read_functions(template)["Words"].notes
    assert [note.split()[2] for note in notes] == ["BUCKET", "BUCKET_ARN", "SECRET", "CHOICE"]


def test_a_parameter_that_is_given_replaces_its_default(template):
    words = read_function(template, "Words", {"Stage": "prod", "Secret": "s", "AWS::Region": "eu-west-1"})
    assert (words.environment["STAGE"], words.environment["SECRET"]) == ("prod", "s")
    assert words.environment["ARN"] == "arn:aws:lambda:eu-west-1:123456789012:function:judge-prod"
    assert words.region == "eu-west-1"


def test_a_function_is_found_by_its_logical_id_and_by_its_name(template):
    assert read_function(template, "Judge") == read_function(template, "judge-dev")


@pytest.mark.parametrize("name", [None, "nobody"])
def test_a_name_that_fits_no_single_function_is_refused_with_the_names_that_would(template, name):
    with pytest.raises(InputError, match="Words, Judge"):
        read_function(template, name)


def test_json_reads_like_yaml(template, tmp_path):
    path = tmp_path / "template.json"
    path.write_text(json.dumps(read_template(template)))
    assert read_functions(path) == read_functions(template)


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ("CodeUri: Words, Handler: a.b", "no Runtime"),
        ("Handler: a.b, Runtime: python3.12", "no CodeUri"),
        ("CodeUri: Nowhere, Handler: a.b, Runtime: python3.12", "not a folder"),
        ("CodeUri: Words, Handler: a.b, Runtime: python3.12, Timeout: soon", "must be numbers"),
        ("CodeUri: Words, Handler: a.b, Runtime: python3.12, Timeout: 901", "1 to 900"),
        ("CodeUri: Words, Handler: a.b, Runtime: python3.12, MemorySize: 64", "128 to 10240"),
        ("CodeUri: !Ref Nothing, Handler: a.b, Runtime: python3.12", "no CodeUri"),
    ],
)
def test_a_function_that_lambda_would_refuse_is_refused(tmp_path, properties, message):
    (tmp_path / "Words").mkdir()
    path = tmp_path / "template.yaml"
    path.write_text(f"Resources: {{F: {{Type: 'AWS::Serverless::Function', Properties: {{{properties}}}}}}}")
    with pytest.raises(InputError, match=message):
        read_functions(path)


@pytest.mark.parametrize("text", ["", "[]", "a: b", "{", "a: !Foo [", "\t", "Resources: 1"])
def test_what_is_no_template_is_refused(tmp_path, text):
    path = tmp_path / "template.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match="template"):
        read_template(path)


def test_a_template_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot read the template"):
        read_template(tmp_path / "none.yaml")


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=60))
def test_a_text_without_references_is_kept_by_sub(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("template")
    path = folder / "template.json"
    text = text.replace("$", "")
    function = {
        "Type": "AWS::Serverless::Function",
        "Properties": {
            "CodeUri": ".",
            "Handler": "a.b",
            "Runtime": "python3.12",
            "Environment": {"Variables": {"TEXT": {"Fn::Sub": text}, "PLAIN": text}},
        },
    }
    path.write_text(json.dumps({"Resources": {"F": function}}))
    assert read_function(path).environment == {"TEXT": text, "PLAIN": text}


# --- Values and conditions ------------------------------------------------------------------------


def environment(folder, variables, top=""):
    path = folder / "template.yaml"
    path.write_text(
        f"""
Parameters: {{Stage: {{Default: dev}}, Open: {{Type: String}}}}
Conditions:
  IsDev: !Equals [!Ref Stage, dev]
  IsProd: !Not [!Condition IsDev]
  Both: !And [!Condition IsDev, !Condition IsProd]
  Either: !Or [!Condition IsDev, !Condition IsProd]
  Unknown: !Equals [!Ref Open, x]
  Circle: !Not [!Condition Circle]
Mappings: {{Sizes: {{dev: {{memory: 256}}}}}}
{top}
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      {{CodeUri: ., Handler: a.b, Runtime: python3.13, Environment: {{Variables: {{{variables}}}}}}}
"""
    )
    return read_functions(path)["F"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("!If [IsDev, a, b]", "a"),
        ("!If [IsProd, a, b]", "b"),
        ("!If [Both, a, b]", "b"),
        ("!If [Either, a, b]", "a"),
        ("!If [IsDev, !If [IsProd, a, b], c]", "b"),
        ("!FindInMap [Sizes, !Ref Stage, memory]", "256"),
        ("!If [IsProd, a, !Ref AWS::NoValue]", None),
    ],
)
def test_choices_and_maps_are_decided_by_the_defaults(tmp_path, value, expected):
    found = environment(tmp_path, f"X: {value}")
    assert (found.environment.get("X"), found.notes) == (expected, ())


@pytest.mark.parametrize(
    "value",
    [
        "!If [Unknown, a, b]",
        "!If [Circle, a, b]",
        "!If [Nowhere, a, b]",
        "!If [IsDev]",
        "!If x",
        "!FindInMap [Sizes, prod, memory]",
        "!Join [a]",
        "!Sub [1, 2]",
        "{a: b, c: d}",
        "!ImportValue x",
    ],
)
def test_what_cannot_be_decided_is_left_out_and_named(tmp_path, value):
    found = environment(tmp_path, f"X: {value}")
    assert found.environment == {}
    assert [note.split()[2] for note in found.notes] == ["X"]


def test_globals_with_choices_are_taken(tmp_path):
    top = "Globals: {Function: {MemorySize: !If [IsDev, 256, !Ref AWS::NoValue], Architectures: [arm64]}}"
    found = environment(tmp_path, "A: b", top)
    assert (found.memory_mb, found.architecture) == (256, "arm64")


@pytest.mark.parametrize(
    ("value", "noted"),
    [
        ("{SubnetIds: [a]}", True),
        ("!If [IsProd, {}, !Ref AWS::NoValue]", False),
        ("!If [Unknown, {}, {}]", True),
    ],
)
def test_a_vpc_is_noted_where_there_may_be_one(tmp_path, value, noted):
    found = environment(tmp_path, "A: b", f"Globals: {{Function: {{VpcConfig: {value}}}}}")
    assert any("VPC" in note for note in found.notes) is noted


@pytest.mark.parametrize(
    "properties",
    [
        "[]",
        "text",
        "{Environment: []}",
        "{Environment: {Variables: x}}",
        "{EphemeralStorage: 5}",
        "{Architectures: arm64}",
        "{Architectures: []}",
        "{Architectures: [sparc]}",
    ],
)
def test_a_property_of_another_kind_is_refused_with_its_place(tmp_path, properties):
    base = {"CodeUri": ".", "Handler": "a.b", "Runtime": "python3.13"}
    path = tmp_path / "template.yaml"
    path.write_text(
        f"Globals: {{Function: {json.dumps(base)}}}\n"
        f"Resources: {{F: {{Type: 'AWS::Serverless::Function', Properties: {properties}}}}}"
    )
    with pytest.raises(InputError, match=r"template\.yaml"):
        read_functions(path)


def test_a_template_nested_without_end_is_refused(tmp_path):
    path = tmp_path / "template.yaml"
    path.write_text("[" * 20_000)
    with pytest.raises(InputError, match="nested too deeply"):
        read_template(path)


def test_images_are_declared_with_their_command_context_and_what_sam_refuses(tmp_path):
    path = tmp_path / "template.yaml"
    path.write_text(
        """
Globals: {Function: {Runtime: python3.13, CodeUri: .}}
Resources:
  Big:
    Type: AWS::Serverless::Function
    Metadata: {DockerContext: images/Big, Runtime: python3.12}
    Properties: {PackageType: Image, ImageConfig: {Command: [pk.grade]}, Architectures: [arm64]}
  Zip: {Type: AWS::Serverless::Function, Properties: {Handler: a.b}}
  Node: {Type: AWS::Serverless::Function, Properties: {Handler: a.b, Runtime: nodejs22.x}}
"""
    )
    declared = read_declared(path)
    assert list(declared) == ["Big", "Zip"]
    big = declared["Big"]
    assert (big.image, big.handler, big.runtime, big.architecture) == (
        True,
        "pk.grade",
        "python3.12",
        "arm64",
    )
    assert (big.code, big.refused) == (tmp_path / "images" / "Big", ("Runtime",))
    assert (declared["Zip"].image, declared["Zip"].refused) == (False, ())
    assert list(read_functions(path)) == ["Zip"]


@pytest.mark.parametrize(
    ("layers", "noted"),
    [
        ("[arn]", True),
        ("!If [IsDev, [arn], !Ref AWS::NoValue]", True),
        ("!If [IsProd, [arn], !Ref AWS::NoValue]", False),
        ("!If [Unknown, [arn], !Ref AWS::NoValue]", True),
    ],
)
def test_what_is_not_imitated_is_noted_where_the_function_has_it_or_may_have_it(tmp_path, layers, noted):
    found = environment(tmp_path, "A: b", f"Globals: {{Function: {{Layers: {layers}}}}}")
    assert any("layers" in note for note in found.notes) == noted
