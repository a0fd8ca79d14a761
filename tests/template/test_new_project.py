"""The template of `rft init` equals the project's own, except for the graders."""

from __future__ import annotations

import re

import pytest

from harness.projects.scaffold import make_project
from support import sam_template

GRADERS, SHARED = "  # --- The graders ---", "  # --- What they share ---"
# The comment before the mappings differs, because it names the project's files.
PARTS = [("\nMappings:\n", GRADERS), (SHARED, None)]


@pytest.fixture(scope="module", params=[None, "json", "judge"], ids=["python", "ready check", "judge"])
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def made(tmp_path_factory, kind):
    folder = tmp_path_factory.mktemp("made") / "my-grader"
    make_project(folder, kind=kind)
    return (folder / "template.yaml").read_text()


def without_names(text, kind):
    text = re.sub(r"(?<=Names: )\[.*\]", "", text)
    text = re.sub(r"(?<=  JudgeModel:\n    Type: String\n    Default: ).*", "", text)
    if kind is None:  # no grader of this project uses the parameter
        return re.sub(r"  GraderCheck:\n(?: {4}.*\n)*", "", text)
    text = re.sub(r"(?<=  GraderCheck:\n    Type: String\n    Default: ).*", "", text)
    return re.sub(r"(?<=The check that )\w+(?= runs)", "", text)


@pytest.mark.parametrize(("start", "end"), PARTS, ids=["settings", "shared"])
def test_what_is_not_a_grader_is_the_same_text(text, made, kind, start, end):
    def part(whole):
        return whole[whole.index(start) : whole.index(end) if end else None]

    assert without_names(part(made), kind) == without_names(part(text), kind)


def functions(template):
    return {
        name: each
        for name, each in template["Resources"].items()
        if isinstance(each, dict) and each["Type"] == "AWS::Serverless::Function"
    }


def test_its_graders_have_what_the_project_s_own_have(text, made, kind):
    own = {"Description", "Handler"}
    mine, theirs = (functions(sam_template.load(each)) for each in (made, text))
    alike = [each for name, each in theirs.items() if (name == "ReadyCheck") == (kind is not None)]
    [expected] = {str(_without(each, own)) for each in alike}
    assert {str(_without(each, own)) for each in mine.values()} == {expected}
    assert all(each["Properties"].keys() & own for each in mine.values())


def _without(resource, names):
    kept = {key: value for key, value in resource["Properties"].items() if key not in names}
    return {**resource, "Properties": kept}


def test_its_list_names_all_its_graders(made):
    template = sam_template.load(made)
    assert template["Mappings"]["Graders"]["All"]["Names"] == list(functions(template))
