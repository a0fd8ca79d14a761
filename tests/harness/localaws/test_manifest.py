"""What an artifact was built from, and whether it changed since: over every file that was copied."""

from __future__ import annotations

import os
import sys

import pytest

from harness.deploy.artifact import Recipe, build
from harness.errors import InputError
from harness.localaws.manifest import changed_sources, project_of
from support.artifacts import write_artifact

HERE = f"python{sys.version_info.major}.{sys.version_info.minor}"
FILES = {
    "math_grader.py": "x = 1",
    "src/pk/__init__.py": "",
    "src/pk/data/weights.json": "{}",
    "src/pk/tests/test_it.py": "",
    "src/pk/.env": "",
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    folder = write_artifact(tmp_path / "project", FILES)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def artifact(project):
    into = project / ".aws-sam" / "build" / "Math"
    into.parent.mkdir(parents=True)
    sources = (project / "math_grader.py", project / "src" / "pk")
    build(Recipe(runtime=HERE, sources=sources), into)
    return into


def test_an_artifact_that_was_just_built_is_not_older_than_its_sources(artifact):
    assert changed_sources(artifact) == []
    assert not list(artifact.rglob("*manifest*"))


@pytest.mark.parametrize("name", ["math_grader.py", "src/pk/data/weights.json"])
def test_every_copied_file_counts(project, artifact, name):
    (project / name).write_text("changed")
    assert changed_sources(artifact) == [name]
    (project / name).unlink()
    assert changed_sources(artifact) == [name]


def test_a_file_that_was_added_counts_unless_it_would_be_left_out(project, artifact):
    write_artifact(project / "src" / "pk", {"new.txt": "", "test_more.py": "", "tests/more.json": ""})
    assert changed_sources(artifact) == ["src/pk/new.txt"]


def test_without_a_manifest_files_of_the_same_name_are_compared(project, artifact):
    artifact.with_name("Math.manifest.json").unlink()
    write_artifact(project, {"math_grader.py": "x = 2", "src/pk/data/weights.json": "[]"})
    assert changed_sources(artifact) == ["math_grader.py"]


def test_a_damaged_manifest_is_said(artifact):
    artifact.with_name("Math.manifest.json").write_text("[")
    with pytest.raises(InputError, match="Math.manifest.json"):
        changed_sources(artifact)


def test_the_project_is_where_sam_built_from(project, artifact, tmp_path):
    assert project_of(artifact) == project
    elsewhere = write_artifact(tmp_path / "elsewhere", FILES)
    definition = f'[function_build_definitions.x]\ncodeuri = "{elsewhere}"\nfunctions = ["Math"]\n'
    (project / ".aws-sam" / "build.toml").write_text(definition)
    assert project_of(artifact) == elsewhere
    assert project_of(elsewhere) is None
    assert changed_sources(elsewhere) == []
    os.rename(artifact, artifact.with_name("Other"))
    assert project_of(artifact.with_name("Other")) == project
