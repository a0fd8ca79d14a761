"""The template of `rft init` is the project's own around another grader: they cannot drift apart."""

from __future__ import annotations

import re

import pytest

from harness.projects.scaffold import make_project
from support import sam_template

GRADERS, SHARED = "  # --- The graders ---", "  # --- What they share ---"
# The comment before the mappings speaks of each project's own files.
PARTS = [("\nMappings:\n", GRADERS), (SHARED, None)]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "my-grader"
    make_project(folder)
    return (folder / "template.yaml").read_text()


def without_names(text):
    return re.sub(r"(?<=Names: )\[.*\]", "", text)


@pytest.mark.parametrize(("start", "end"), PARTS, ids=["settings", "shared"])
def test_what_is_not_a_grader_is_the_same_text(text, made, start, end):
    def part(whole):
        return whole[whole.index(start) : whole.index(end) if end else None]

    assert without_names(part(made)) == without_names(part(text))


def functions(template):
    return {
        name: each
        for name, each in template["Resources"].items()
        if isinstance(each, dict) and each["Type"] == "AWS::Serverless::Function"
    }


def test_its_graders_have_what_the_project_s_own_have(text, made):
    own = {"Description", "Handler"}
    mine, theirs = (functions(sam_template.load(each)) for each in (made, text))
    [expected] = {str(_without(each, own)) for each in theirs.values()}
    assert {str(_without(each, own)) for each in mine.values()} == {expected}
    assert all(each["Properties"].keys() & own for each in mine.values())


def _without(resource, names):
    kept = {key: value for key, value in resource["Properties"].items() if key not in names}
    return {**resource, "Properties": kept}


def test_its_list_names_all_its_graders(made):
    template = sam_template.load(made)
    assert template["Mappings"]["Graders"]["All"]["Names"] == list(functions(template))
