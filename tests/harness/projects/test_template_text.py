from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import InputError
from harness.localaws.template import read_functions, read_template
from harness.projects.template_files import filled
from harness.projects.template_text import NO_MODEL, ROLE, NoPlace, grader_resource, with_grader

ROOT = Path(__file__).resolve().parents[3]
CHECK = dict.fromkeys(["@CHECK_PARAMETER@", "@CHECK_VERSION@", "@CHECK_VARIABLE@"], "")
WORDS = {"@MEMORY@": "512", "@LOGICAL_ID@": "First", "@HANDLER@": "first.first", "@NAME@": "mine", **CHECK}
WORDS |= {"@ROLE@": ROLE, "@JUDGE_MODEL@": NO_MODEL}
MADE = filled("new_project/template.yaml.template", WORDS).decode()
TYPE = "AWS::Serverless::Function"
SMALL = """
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {CodeUri: ., Runtime: python3.13}}
Resources:
  GraderRole: {Type: AWS::IAM::Role}
  First:
    Type: AWS::Serverless::Function
    Properties:
      Handler: a.b
      Role: !GetAtt GraderRole.Arn
"""


@pytest.fixture
def extended(tmp_path):
    """Write a template, add a grader to it, and return the new text."""

    def extend(text, name="template.yaml"):
        path = tmp_path / name
        path.write_bytes(text.encode())
        new = with_grader(path, "Second", "second.second").decode()
        path.write_bytes(new.encode())
        assert read_functions(path)["Second"].handler == "second.second"
        return new

    return extend


def added(before, after):
    """Return the added lines, after checking that all others are unchanged and in order."""
    left, new = before.splitlines(keepends=True), []
    for line in after.splitlines(keepends=True):
        if left and line == left[0]:
            left.pop(0)
        else:
            new.append(line)
    assert left == []
    return "".join(new)


@pytest.mark.parametrize("text", [MADE, (ROOT / "template.yaml").read_text()], ids=["new", "own"])
def test_only_the_resource_is_new(extended, text):
    new = extended(text)
    start = new.index("  Second:\n")
    assert new[start:].startswith(grader_resource("Second", "second.second"))
    assert len(new) - len(text) == len(grader_resource("Second", "second.second") + "\n, Second")


@pytest.mark.parametrize(
    "text",
    [
        SMALL,
        SMALL.rstrip("\n"),
        SMALL.replace("\n", "\r\n"),
        SMALL
        + "      # a comment of First's\n\n  # a comment of Other's\n  Other: {Type: AWS::SQS::Queue}\n",
        SMALL + "    Metadata:\n      Why: |\n        many\n\n        lines\n\n\nOutputs: {}\n",
        SMALL
        + "    Metadata:\n      Why: >-\n        many\n        lines\n  Other: {Type: AWS::SQS::Queue}\n",
        SMALL + "    DependsOn:\n      - GraderRole\n\n\nOutputs: {}  # none\n",
        SMALL + "    Condition:\nOutputs: {}\n",
        SMALL + "# the end",
        SMALL.replace("First:", '"First":  # é'),
        SMALL.replace("  GraderRole", "  # --- é\n\n\n  GraderRole"),
    ],
)
def test_every_line_stays_however_it_is_written(extended, text):
    new = added(text if text.endswith("\n") else text + "\n", extended(text).removesuffix("\n") + "\n")
    assert "Second:" in new
    assert "Handler: second.second" in new


@pytest.mark.parametrize("step", [1, 4])
def test_the_indentation_is_the_template_s(extended, step):
    deep = "\n".join(
        " " * (step * ((len(line) - len(line.lstrip())) // 2)) + line.lstrip() for line in SMALL.splitlines()
    )
    assert f"\n{' ' * step}Second:\n{' ' * 2 * step}Type:" in extended(deep)


NAMED = SMALL + "Mappings:\n  Graders: {All: {Names: [First]}}\n"


@pytest.mark.parametrize(
    "text",
    [
        NAMED,
        NAMED.replace("[First]", "[First, ]"),
        NAMED.replace("[First]", "[ Third,\n    First  # the first\n  ]"),
        SMALL + "Mappings:\n  Graders:\n    All:\n      Names:\n        - First  # it\n\nOutputs: {}\n",
        "Mappings:\n  Graders:\n    All:\n      Names:\n      - Third\n      - First\n" + SMALL,
        "Mappings: {Graders: {All: {Names: [Third, First]}}}\r\n" + SMALL.replace("\n", "\r\n"),
    ],
)
def test_its_name_goes_to_the_end_of_the_list_of_graders(extended, tmp_path, text):
    extended(text)
    names = read_template(tmp_path / "template.yaml")["Mappings"]["Graders"]["All"]["Names"]
    assert names[-2:] == ["First", "Second"]


OWN = """
      Description: the first's
      FunctionName: first
      Environment:
        Variables: {WHOSE: the first's}
      Timeout: 30
      Role: !GetAtt GraderRole.Arn
  Judge:
    Type: AWS::Serverless::Function
    Properties:
      Handler: judge.judge
      Role: !GetAtt JudgeRole.Arn
"""


def test_it_is_like_the_last_grader_of_the_usual_role_but_for_what_is_that_one_s_alone(extended, tmp_path):
    extended(SMALL.replace("\n      Role: !GetAtt GraderRole.Arn\n", OWN))
    resources = read_template(tmp_path / "template.yaml")["Resources"]
    assert list(resources) == ["GraderRole", "First", "Judge", "Second"]
    assert resources["Second"] == {
        "Type": TYPE,
        "Properties": {
            "Handler": "second.second",
            "Timeout": 30,
            "Role": {"Fn::GetAtt": "GraderRole.Arn"},
        },
    }


def test_what_a_grader_takes_from_an_anchor_the_next_takes_too(extended, tmp_path):
    start = "x: &role {Fn::GetAtt: GraderRole.Arn}\ny: &kept {DeletionPolicy: Retain}\n"
    text = SMALL.replace("Role: !GetAtt GraderRole.Arn", "Role: *role").replace(
        "    Properties", "    <<: *kept\n    Properties"
    )
    extended(start + text)
    first, second = list(read_template(tmp_path / "template.yaml")["Resources"].values())[1:]
    assert second == {**first, "Properties": {**first["Properties"], "Handler": "second.second"}}


def test_beside_graders_that_all_ask_a_model_it_gets_the_role_of_one_that_does_not(extended, tmp_path):
    role = "      Role: !GetAtt JudgeRole.Arn\n      Timeout: 300\n"
    extended(filled("new_project/template.yaml.template", WORDS | {"@ROLE@": role}).decode())
    second = read_template(tmp_path / "template.yaml")["Resources"]["Second"]["Properties"]
    assert second["Role"] == {"Fn::GetAtt": "GraderRole.Arn"}
    assert "Timeout" not in second


def test_a_comment_stays_with_its_resource(extended):
    new = extended(
        SMALL + "      # a comment of First's\n\n  # a comment of Other's\n  Other: {Type: AWS::SQS::Queue}\n"
    )
    assert new.index("of First's") < new.index("Second:") < new.index("of Other's")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (SMALL.replace("Handler: a.b", "PackageType: Image"), "no grader in it is written as indented lines"),
        (
            f"Resources: {{First: {{Type: {TYPE}, Properties: {{Handler: a.b}}}}}}\n",
            "no grader in it is written",
        ),
        (
            f"Resources:\n  First: {{Type: {TYPE}, Properties: {{Handler: a.b}}}}\n",
            "no grader in it is written",
        ),
        (f"Resources:\n  First:\n    Type: {TYPE}\n    Properties: {{Handler: a.b}}\n", "no grader in it is"),
        (f'{{"Resources": {{"First": {{"Type": "{TYPE}"}}}}}}', "no grader in it is written"),
        ("Resources: {}\n", "no grader in it is written"),
        (SMALL.replace(", Runtime: python3.13", ""), "the function has no Runtime"),
        (SMALL.replace("CodeUri: .", "CodeUri: code"), "its graders' code is in code, not next to it"),
    ],
)
def test_where_there_is_no_place_the_lines_to_write_are_given(tmp_path, text, why):
    path = tmp_path / "template.yaml"
    path.write_text(text)
    with pytest.raises(NoPlace, match=why) as refused:
        with_grader(path, "Second", "second.second")
    assert refused.value.lines == grader_resource("Second", "second.second")
    assert path.read_text() == text


@pytest.mark.parametrize("section", ["Parameters", "Conditions", "Outputs"])
def test_a_name_that_the_template_has_is_refused(tmp_path, section):
    (tmp_path / "template.yaml").write_text(SMALL + f"{section}:\n  Second: {{}}\n")
    with pytest.raises(InputError, match=f"Second is already in its {section}"):
        with_grader(tmp_path / "template.yaml", "Second", "second.second")


@pytest.mark.parametrize("text", ["", "[]", "a: [", "Resources:\n\tFirst:"])
def test_what_is_no_template_is_refused(tmp_path, text):
    (tmp_path / "template.yaml").write_text(text)
    with pytest.raises(
        InputError, match=r"template.yaml: (this is not a template|the template cannot be parsed)"
    ):
        with_grader(tmp_path / "template.yaml", "Second", "second.second")
