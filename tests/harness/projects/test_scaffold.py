from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from harness.data.validate import validate
from harness.deploy.shadowing import check_folder
from harness.deploy.template_checks import check_template
from harness.errors import InputError
from harness.projects.scaffold import GRADER, make_project
from support import sam_template
from support.template_references import unresolved

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def project(tmp_path):
    make_project(tmp_path / "my-grader")
    return tmp_path / "my-grader"


def test_its_files_are_all_there_and_nothing_is_left_to_fill_in(project):
    names = sorted(path.name for path in project.iterdir())
    assert names == sorted(
        [".gitignore", "Makefile", "README.md", "math_grader.py", "records.jsonl", "rollouts.jsonl"]
        + ["samconfig.toml", "template.yaml", "test_math_grader.py"]
    )
    for path in project.iterdir():
        assert not [word for word in ("@NAME@", "@RECORDS@", "@ROLLOUTS@") if word in path.read_text()], path


def test_nothing_in_it_hides_the_library(project):
    assert list(check_folder(project)) == []


def test_its_template_refers_to_nothing_that_is_not_there(project):
    template = sam_template.expanded(sam_template.load((project / "template.yaml").read_text()))
    assert unresolved(template) == []
    assert sam_template.translate(sam_template.packaged(template))["Resources"]["MathAnswer"]


def test_its_template_has_no_findings(project):
    assert check_template(project / "template.yaml") == []


def test_its_function_takes_ten_lines(project):
    lines = (project / "template.yaml").read_text().splitlines()
    start = lines.index("  MathAnswer:")
    assert lines.index("", start) - start == 10


def test_its_handler_is_its_grader_and_the_makefile_builds_it(project):
    function = sam_template.load((project / "template.yaml").read_text())["Resources"]["MathAnswer"]
    assert function["Properties"]["Handler"] == GRADER.replace(".py:", ".")
    assert "\nbuild-MathAnswer:\n" in (project / "Makefile").read_text()


def test_its_grader_has_five_lines(project):
    source = (project / "math_grader.py").read_text().splitlines()
    code = [line for line in source if line.strip() and not line.strip().startswith('"""')]
    assert len(code) == 5


def test_its_records_are_valid_and_its_rollouts_are_theirs(project):
    assert validate(project / "records.jsonl").errors == 0
    records = [json.loads(line)["task_id"] for line in (project / "records.jsonl").read_text().splitlines()]
    rollouts = [json.loads(line) for line in (project / "rollouts.jsonl").read_text().splitlines()]
    assert {one["record"] for one in rollouts} == set(records)
    assert len(rollouts) == 8 * len(records)
    assert {one["is_right"] for one in rollouts} == {True, False}


def test_its_name_is_the_stack_s(tmp_path):
    make_project(tmp_path / "some folder", "receipts")
    config = tomllib.loads((tmp_path / "some folder" / "samconfig.toml").read_text())
    assert config["default"]["global"]["parameters"]["stack_name"] == "receipts"


def test_an_empty_folder_will_do_and_another_is_refused(tmp_path):
    folder = tmp_path / "my-grader"
    folder.mkdir()
    make_project(folder)
    before = {path: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(InputError, match="the folder is not empty"):
        make_project(folder)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("name", ["", "9lives", "a_b", "a b", "é", "a" * 41, "-x", "../x"])
def test_a_name_that_aws_would_refuse_is_refused(tmp_path, name):
    with pytest.raises(InputError, match="cannot name a project"):
        make_project(tmp_path / "new", name)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["graders", "harness"])
def test_a_folder_that_would_hide_the_library_is_refused(tmp_path, name):
    with pytest.raises(InputError, match=f"a folder called {name} hides the library"):
        make_project(tmp_path / name, "mine")


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write it"):
        make_project(tmp_path / "file" / "new")
    with pytest.raises(InputError, match="cannot write it"):
        make_project(tmp_path / "file")
