from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.deploy.artifact import Recipe, build
from harness.errors import InputError
from harness.localaws.manifest import changed_sources, project_of, read_manifest
from support.artifacts import write_artifact

# No interpreter of this version exists, so the build skips compiling, which would take most of the time.
RUNTIME = "python3.99"
FILES = {
    "pk/__init__.py": "",
    "pk/grading.py": "x = 1",
    "pk/requirements.txt": "# none yet\n",
    "pk/data/weights.json": "{}",
    "pk/tests/cases.json": "[]",
    "pk/.hidden": "",
    "src/shared.py": "y = 1",
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    folder = write_artifact(tmp_path / "project", FILES)
    monkeypatch.chdir(folder)
    return folder


def built(into):
    into.parent.mkdir(parents=True)
    recipe = Recipe(
        runtime=RUNTIME,
        handler="pk.grading.grade",
        own=Path("pk"),
        requirements=(Path("pk/requirements.txt"),),
        sources=(Path("src/shared.py"),),
    )
    build(recipe, into)
    return into


def kept(artifact):
    manifest = read_manifest(artifact)
    assert manifest is not None
    return manifest


@pytest.fixture
def artifact(project):
    return built(project / ".aws-sam" / "build" / "Math")


def test_an_artifact_that_was_just_built_is_not_older_than_its_sources(artifact):
    assert changed_sources(artifact) == []
    assert not list(artifact.rglob("*manifest*"))


def test_the_manifest_holds_the_hash_of_every_file_and_what_it_was_built_for(artifact):
    manifest = kept(artifact)
    copied = {name.removeprefix("src/") for name in FILES}
    assert manifest.files.keys() == copied
    assert {len(digest) for digest in manifest.files.values()} == {64}
    assert (manifest.runtime, manifest.architecture, manifest.handler) == (
        RUNTIME,
        "x86_64",
        "pk.grading.grade",
    )
    assert manifest.requirements.keys() == {"pk/requirements.txt"}


@pytest.mark.parametrize("name", sorted(FILES))
def test_every_copied_file_counts(project, artifact, name):
    (project / name).write_text("changed")
    assert changed_sources(artifact) == [name]
    (project / name).unlink()
    assert f"{name} (removed)" in changed_sources(artifact)


@pytest.mark.parametrize("name", ["pk/new.txt", "pk/tests/more.json", "pk/.env", "pk/bin/tool"])
def test_a_file_that_was_added_counts(project, artifact, name):
    write_artifact(project, {name: ""})
    assert changed_sources(artifact) == [f"{name} (added)"]


def test_what_a_build_would_leave_out_does_not_count(project, artifact):
    write_artifact(project, {"pk/__pycache__/a.cpython-313.pyc": "", "pk/.venv/x": "", "other.py": ""})
    write_artifact(project, {"pk/neighbor/requirements.txt": "", "pk/neighbor/x.py": ""})
    assert changed_sources(artifact) == []


@given(data=st.data())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_one_changed_byte_of_any_file_counts(project, tmp_path_factory, data):
    artifact = project / ".aws-sam" / "build" / "Math"
    if not artifact.exists():
        built(artifact)
    name = data.draw(st.sampled_from(sorted(FILES)))
    before = (project / name).read_bytes()
    after = bytearray(before or b"\0")
    at = data.draw(st.integers(0, len(after) - 1))
    after[at] ^= data.draw(st.integers(1, 255)) if before else 0
    (project / name).write_bytes(after)
    try:
        assert changed_sources(artifact) == [name]
    finally:
        (project / name).write_bytes(before)
    assert changed_sources(artifact) == []


def test_a_changed_copy_in_the_artifact_counts(artifact):
    (artifact / "pk" / "grading.py").write_text("x = 2")
    assert changed_sources(artifact) == ["pk/grading.py (the artifact's copy)"]


def test_a_source_that_could_not_be_built_any_more_counts(project, artifact):
    (project / "pk" / "link").symlink_to("nowhere")
    (said,) = changed_sources(artifact)
    assert "leads nowhere" in said


def test_an_artifact_that_sam_did_not_build_knows_its_project(project):
    artifact = built(project / "out" / "Math")
    (project / "src" / "shared.py").write_text("y = 2")
    assert changed_sources(artifact) == ["src/shared.py"]


def test_without_a_manifest_files_of_the_same_name_are_compared(project, artifact):
    artifact.with_name("Math.manifest.json").unlink()
    write_artifact(project, {"pk/grading.py": "x = 2", "src/shared.py": "y = 2"})
    assert changed_sources(artifact) == ["pk/grading.py"]


def test_a_damaged_manifest_is_said(artifact):
    artifact.with_name("Math.manifest.json").write_text("[")
    with pytest.raises(InputError, match=r"Math\.manifest\.json"):
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
