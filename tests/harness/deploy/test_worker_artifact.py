from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from harness.deploy.artifact import build, main
from harness.deploy.build_completeness import check_completeness
from harness.deploy.recipe import recipe_of
from harness.deploy.worker_artifact import WORKER_HANDLER, WORKER_PINS, copy_worker
from harness.projects.scaffold import make_project
from support.artifacts import write_artifact

ROOT = Path(__file__).resolve().parents[3]
WORKER = "FanOutWorker"
BUILT = {"FanOut": "true"}


@pytest.fixture(params=["checkout", "project"])
def template(request, tmp_path, monkeypatch):
    """The template of this repository, and that of a new project."""
    if request.param == "checkout":
        monkeypatch.chdir(ROOT)
        return Path("template.yaml")
    make_project(tmp_path / "mine")
    monkeypatch.chdir(tmp_path / "mine")
    return Path("template.yaml")


def contents(folder):
    files = (file for file in folder.rglob("*") if file.is_file() and file.parent.name != "__pycache__")
    return {str(file.relative_to(folder)) for file in files}


def test_the_worker_gets_its_own_packages_alone(template):
    recipe = recipe_of(template, WORKER, pins=Path("lambda.txt"), sources=(Path("shared"),), parameters=BUILT)
    assert (recipe.requirements, recipe.sources, recipe.own) == ((WORKER_PINS,), (), None)
    assert (recipe.handler, recipe.runtime, recipe.architecture) == (WORKER_HANDLER, "python3.13", "x86_64")
    assert (recipe.worker, recipe.placeholder) == (True, False)


def test_its_packages_are_pinned_like_those_of_the_harness():
    pins = WORKER_PINS.read_text()
    assert re.findall(r"^([a-z-]+)==", pins, re.MULTILINE) == ["orjson"]
    assert pins in (ROOT / "requirements" / "dev.txt").read_text()


@pytest.mark.parametrize(
    ("overrides", "parameters", "placeholder"),
    [
        (None, {}, True),
        (None, {"FanOut": "true"}, False),
        ("FanOut=true", {}, False),
        ("FanOut=true", {"FanOut": "false"}, True),
    ],
)
def test_without_fan_out_a_placeholder_is_built(tmp_path, monkeypatch, overrides, parameters, placeholder):
    make_project(tmp_path / "mine")
    monkeypatch.chdir(tmp_path / "mine")
    if overrides:
        with Path("samconfig.toml").open("a") as file:
            file.write(f'parameter_overrides = "{overrides}"\n')
    recipe = recipe_of(Path("template.yaml"), WORKER, parameters=parameters)
    assert recipe.placeholder == placeholder
    assert recipe.requirements == (() if placeholder else (WORKER_PINS,))


def test_the_build_names_the_default_that_it_took(template):
    notes = " ".join(recipe_of(template, WORKER).notes)
    assert "FanOut=false" in notes
    assert "FanOut" not in " ".join(recipe_of(template, WORKER, parameters=BUILT).notes)


def test_the_placeholder_needs_no_package_and_says_what_to_do(template, tmp_path):
    into = tmp_path / "artifact"
    build(recipe_of(template, WORKER), into)
    assert {name for name in contents(into) if name.endswith(".py")} == {
        "harness/replay/fan_out/part_worker.py"
    }
    done = run(into, f"import {WORKER_HANDLER.rpartition('.')[0]} as m; m.handler({{}}, None)")
    assert "InputError" in done.stderr
    assert 'default of FanOut in template.yaml to "true"' in done.stderr


@pytest.mark.parametrize("fans_out", ["true", "false"])
def test_doctor_finds_a_placeholder_in_the_build_of_a_stack_that_fans_out(template, tmp_path, fans_out):
    build(recipe_of(template, WORKER), tmp_path / WORKER)
    found = [
        each.message
        for each in check_completeness(template, tmp_path, {}, {"FanOut": fans_out})
        if WORKER in each.message
    ]
    said = ["FanOutWorker was built for a stack that does not fan out, but this one does"]
    assert found == (said if fans_out == "true" else [])


def run(artifact, program):
    command = [
        sys.executable,
        "-S",
        "-I",
        "-c",
        f"import sys; sys.path.insert(0, {str(artifact)!r}); {program}",
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    folder = tmp_path_factory.mktemp("worker")
    copy_worker(folder)
    return folder


def test_its_handler_is_one_of_the_harness_s_functions():
    module, _, name = WORKER_HANDLER.rpartition(".")
    assert callable(getattr(importlib.import_module(module), name))


def test_it_starts_with_what_it_holds_the_graders_and_orjson_alone(copied, tmp_path):
    (tmp_path / "graders").symlink_to(ROOT / "graders")
    (tmp_path / "orjson").symlink_to(Path(orjson.__file__).parent)
    module = WORKER_HANDLER.rpartition(".")[0]
    program = f"sys.path.append({str(tmp_path)!r}); before = set(sys.modules); import {module}; "
    program += "print(*{name.partition('.')[0] for name in set(sys.modules) - before})"
    done = run(copied, program)
    assert done.returncode == 0, done.stderr
    # The first call imports boto3, which Lambda's runtime provides.
    assert {*done.stdout.split()} - {*sys.stdlib_module_names} == {"harness", "graders", "orjson"}


def test_it_holds_nothing_of_the_command_line_or_of_tests(copied):
    names = contents(copied)
    tops = {name.split("/")[1] for name in names}
    assert not tops & {"cli", "report", "projects", "deploy", "emulator", "jobs", "audit", "rehearsal"}
    assert {Path(name).suffix for name in names} == {".py"}
    assert "harness/localaws/limits.py" in names  # imported only when a grader fails
    assert sum((copied / name).stat().st_size for name in names) < 600_000


def test_a_module_that_is_imported_later_goes_in_too(tmp_path):
    from harness.deploy.import_checks import imported_files

    write_artifact(
        tmp_path,
        {
            "own/__init__.py": "",
            "own/first.py": "def f():\n    from own import later\n",
            "own/later.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import own.never\n",
            "own/never.py": "",
            "own/other.py": "",
        },
    )
    found = [file.name for file in imported_files(tmp_path, "own.first", {"own"})]
    assert found == ["__init__.py", "first.py", "later.py"]


@pytest.mark.slow
def test_the_whole_artifact_is_built_for_lambda_and_small(tmp_path, monkeypatch, capsys):
    """Downloads the packages from the index."""
    monkeypatch.chdir(ROOT)
    into = tmp_path / "artifact"
    arguments = [
        "--template",
        "template.yaml",
        "--function",
        WORKER,
        "--requirements",
        "requirements/lambda.txt",
    ]
    assert main(["--into", str(into), *arguments, "--parameters", "FanOut=true"]) == 0
    tops = {entry.name for entry in into.iterdir() if not entry.name.endswith(".dist-info")}
    assert tops == {"graders", "harness", "orjson"}
    assert list((into / "orjson").glob("*cpython-313-x86_64-linux-gnu.so"))
    said = capsys.readouterr().out
    assert "powertools" not in said
    [zipped] = re.findall(r"([\d.]+) MB zipped", said)
    assert float(zipped) < 3
