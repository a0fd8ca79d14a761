from __future__ import annotations

import importlib
import json
import re
import shutil
import subprocess
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from graders.configured import READY_HANDLER
from harness.cli.groups import VERBS, module_of
from harness.config import find_configuration
from harness.data.validate import validate
from harness.deploy.samconfig import read_samconfig
from harness.deploy.shadowing import check_folder
from harness.deploy.template_checks import check_template
from harness.errors import InputError
from harness.projects.handler_file import read_handler
from harness.projects.kinds import KINDS, files_of_kind
from harness.projects.scaffold import make_project
from harness.targets.ready_checks import cost_of, find_check
from support import sam_template
from support.rft_command import rft
from support.template_references import unresolved

ROOT = Path(__file__).resolve().parents[3]

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@pytest.fixture
def project(tmp_path):
    make_project(tmp_path / "my-grader")
    return tmp_path / "my-grader"


def test_its_files_are_all_there_and_nothing_is_left_to_fill_in(project):
    names = sorted(path.name for path in project.iterdir())
    assert names == sorted(
        [".gitignore", "Makefile", "README.md", "math_grader.py", "records.jsonl", "rollouts.jsonl"]
        + ["pyproject.toml", "requirements.txt", "rft.toml", "samconfig.toml", "template.yaml"]
        + ["test_math_grader.py"]
    )
    for path in project.iterdir():
        assert not re.search("@[A-Z_]+@", path.read_text()), path


def test_its_settings_are_understood_and_those_of_sam(project):
    found = find_configuration(project)
    assert found is not None
    values = {key: one.value for key, one in found.settings.items()}
    assert values.keys() == {"grader", "rollouts", "records", "label", "stack", "region"}
    assert all((project / values[key]).is_file() for key in ("rollouts", "records"))
    sam = read_samconfig(project)
    assert sam is not None
    assert (values["stack"], values["region"]) == (sam.stack_name, sam.region)


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
    assert function["Properties"]["Handler"] == "math_grader.math_answer"
    assert "\nbuild-%: installed\n" in (project / "Makefile").read_text()


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


@pytest.mark.parametrize("name", ["", "9lives", "a_b", "a b", "é", "a" * 41, "-x", "x-", "../x"])
def test_a_name_that_aws_would_refuse_is_refused(tmp_path, name):
    with pytest.raises(InputError, match="is not a valid name for a project"):
        make_project(tmp_path / "new", name)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["graders", "harness"])
def test_a_folder_that_would_hide_the_library_is_refused(tmp_path, name):
    with pytest.raises(InputError, match=f"a folder called {name} hides the library"):
        make_project(tmp_path / name, "mine")


def test_a_project_s_own_file_is_not_replaced_by_one_of_that_name_beside_a_handler(tmp_path, handler):
    made = make_project(tmp_path / "around", own=handler)
    assert made.left_out == ("README.md",)
    assert "made by `rft init`" in (tmp_path / "around" / "README.md").read_text()


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written: Not a directory"):
        make_project(tmp_path / "file" / "new")
    with pytest.raises(InputError, match="is not a folder"):
        make_project(tmp_path / "file")


def test_a_killed_one_is_completed_by_the_same_command(project):
    before = {path.name: path.read_bytes() for path in project.iterdir()}
    for name in ("Makefile", "rollouts.jsonl"):
        (project / name).unlink()
    (project / ".rft-new").mkdir()
    make_project(project)
    assert {path.name: path.read_bytes() for path in project.iterdir()} == before


def test_one_that_was_begun_and_then_changed_is_left_alone(project):
    (project / "Makefile").unlink()
    (project / "math_grader.py").write_text("mine")
    with pytest.raises(InputError, match=r"math_grader.py: already exists"):
        make_project(project)
    assert (project / "math_grader.py").read_text() == "mine"
    assert not (project / "Makefile").exists()


@pytest.mark.parametrize("name", ["rft-graders", "pytest", "PyTest"])
def test_a_project_that_would_depend_on_itself_is_refused(tmp_path, name):
    with pytest.raises(InputError, match="depend on itself"):
        make_project(tmp_path / "new", name)


def test_its_pyproject_names_what_it_needs_and_installs_nothing_of_its_own(project):
    found = tomllib.loads((project / "pyproject.toml").read_text())
    assert found["project"]["name"] == "my-grader"
    needed = Requirement(found["project"]["dependencies"][0])
    assert (needed.name, needed.extras) == ("rft-graders", {"all", "telemetry"})
    assert needed.specifier.contains(version("rft-graders"))
    assert found["dependency-groups"]["dev"] == ["pytest"]
    assert found["tool"]["setuptools"]["py-modules"] == []


def test_its_requirements_are_none_until_somebody_writes_one(project):
    lines = (project / "requirements.txt").read_text().splitlines()
    assert lines
    assert all(line.startswith("#") for line in lines)


def ignored(project, paths):
    """Return the paths that git ignores. The paths need not exist."""
    subprocess.run(["git", "init", "-q", str(project)], check=True)
    asked = subprocess.run(
        ["git", "-C", str(project), "check-ignore", *paths], capture_output=True, text=True
    )
    return set(asked.stdout.split())


@needs_git
def test_git_ignores_every_folder_that_a_command_writes_into_by_default(project):
    defaults = {
        str(option.default)
        for verb in VERBS
        for option in importlib.import_module(module_of(verb)).command.params
        if isinstance(option.default, Path)
    }
    assert {"runs", "jobs"} <= defaults
    written = {f"{each}/x" for each in defaults} | {".aws-sam/x", ".venv/x", "records.asked.json"}
    assert ignored(project, written) == written


@needs_git
def test_git_ignores_nothing_of_the_project(project):
    own = {path.name for path in project.iterdir()}
    assert ignored(project, own) == set()


HANDLER = """
import json

import numpy
from prices import table

TABLE = json.load(open("prices.json"))

def lambda_handler(event, context):
    return []
"""


@pytest.fixture
def handler(tmp_path):
    folder = tmp_path / "theirs"
    folder.mkdir()
    (folder / "lambda_function.py").write_text(HANDLER)
    (folder / "prices.py").write_text("table = 'README.md'")
    (folder / "prices.json").write_text("{}")
    (folder / "README.md").write_text("theirs")
    return read_handler(folder / "lambda_function.py")


def test_a_project_around_a_handler_keeps_it_and_deploys_it(tmp_path, handler):
    made = make_project(tmp_path / "around", own=handler)
    assert (tmp_path / "around" / "lambda_function.py").read_text() == HANDLER
    assert (tmp_path / "around" / "prices.json").read_text() == "{}"
    template = sam_template.load((tmp_path / "around" / "template.yaml").read_text())
    assert template["Resources"]["LambdaFunction"]["Properties"]["Handler"] == made.handler
    assert made.handler == "lambda_function.lambda_handler"
    assert "rft_replay(repeats=2)" in (tmp_path / "around" / "test_lambda_function.py").read_text()
    assert check_template(tmp_path / "around" / "template.yaml") == []
    for path in (tmp_path / "around").iterdir():
        assert not re.search("@[A-Z_]+@", path.read_text()), path


def test_the_packages_of_a_handler_are_required_as_they_are_installed_here(tmp_path, handler):
    make_project(tmp_path / "around", own=handler)
    lines = (tmp_path / "around" / "requirements.txt").read_text().splitlines()
    assert [line for line in lines if line[0] != "#"] == [f"numpy=={version('numpy')}"]


def test_a_requirements_file_beside_a_handler_comes_along(tmp_path, handler):
    handler.files["requirements.txt"] = b"numpy\n"
    make_project(tmp_path / "around", own=handler)
    assert (tmp_path / "around" / "requirements.txt").read_text() == "numpy\n"


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_grades_its_own_samples_by_a_ready_check(tmp_path, kind):
    folder = tmp_path / "my-grader"
    made = make_project(folder, kind=kind)
    assert made.handler == READY_HANDLER
    assert not [path for path in folder.glob("*.py") if not path.name.startswith("test_")]
    for path in folder.rglob("*"):
        assert path.suffix == ".jsonl" or not re.search(r"@[A-Z_]+@", path.read_text()), path
    report = validate(folder / "records.jsonl")
    assert report.errors == 0
    replayed = rft(folder, "replay", "--json")
    said = json.loads(replayed.stdout)
    assert replayed.returncode == 0, replayed.stdout
    agrees = KINDS[kind].agrees.partition("=")[2]
    assert said["agreement"] >= float(agrees or 1)
    assert list(check_template(folder / "template.yaml")) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_whose_check_needs_a_package_pins_the_one_that_is_installed(kind):
    check = find_check(tomllib.loads(files_of_kind(kind)["grader.toml"].decode())["check"])
    if check.extra is None:
        assert KINDS[kind].packages == ""
    else:
        assert KINDS[kind].packages.split() == [cost_of(check.family).packages[0].replace("_", "-")]


def test_a_judge_s_model_is_the_one_that_its_template_names():
    table = tomllib.loads(files_of_kind("judge")["grader.toml"].decode())
    assert table["steps"]["judge"]["model"] == KINDS["judge"].judge
    assert [name for name, kind in KINDS.items() if kind.judge] == ["judge"]


def test_the_command_line_takes_each_kind(tmp_path):
    [option] = [
        each for each in importlib.import_module(module_of("init")).command.params if each.name == "kind"
    ]
    assert list(option.type.choices) == list(KINDS)
    assert rft(tmp_path, "init", "mine", "--kind", "json", "--from", "x.py").returncode == 2
