"""Checks of a built artifact: its content, and whether it is the one that was measured."""

from __future__ import annotations

import compileall
import shutil
import sys
from dataclasses import replace

import pytest

from harness.deploy.artifact_checks import check_artifact
from harness.deploy.shadowing import check_folder
from harness.localaws.limits import UNZIPPED_BYTES
from harness.localaws.platforms import architecture_here
from harness.targets.built import built_function
from support.artifacts import REPOSITORY
from support.builds import SAME, write_build, write_project
from support.elf import AARCH64, X86_64, elf


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A built project, which each test copies."""
    folder = write_project(tmp_path_factory.mktemp("built") / "project")
    compileall.compile_dir(write_build(folder) / "Same", quiet=2, invalidation_mode=None)
    return folder


@pytest.fixture
def project(built, tmp_path):
    return shutil.copytree(built, tmp_path / "project")


@pytest.fixture
def artifact(project):
    return project / ".aws-sam" / "build" / "Same"


def check(project, **changed):
    spec = built_function(project / ".aws-sam" / "build").spec
    findings, measured = check_artifact(replace(spec, **changed), project)
    return sorted(one.id for one in findings), findings, measured


def test_an_artifact_as_built_has_no_findings_and_is_measured(project):
    rules, _, measured = check(project)
    assert rules == []
    assert measured.bytecode == [f"cpython-3{sys.version_info.minor}"]
    assert 0 < measured.bytes_zipped < measured.bytes_unzipped
    assert 0 < measured.import_ms < 5000


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("boto3/__init__.py", "D024"),
        ("harness/__init__.py", "D025"),
        ("tests/test_app.py", "D025"),
        ("__pycache__/app.cpython-39.pyc", "D026"),
        ("graders/added.py", "D029"),
    ],
)
def test_a_file_that_does_not_belong_is_found(project, artifact, name, rule):
    path = artifact / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    assert check(project)[0] == [rule]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("fast.cpython-39-x86_64-linux-gnu.so", elf(X86_64)),
        ("fast.so", elf(AARCH64)),
        ("bin/checker", elf(X86_64, "GLIBC_2.99")),
        ("fast.cpython-311-darwin.so", b"\xcf\xfa\xed\xfe" + bytes(80)),
        ("fast.pyd", b"MZ" + bytes(80)),
    ],
)
def test_compiled_code_that_the_function_cannot_load_is_found(project, artifact, name, content):
    (artifact / name).parent.mkdir(exist_ok=True)
    (artifact / name).write_bytes(content)
    rules, findings, _ = check(project)
    assert set(rules) <= {"D031", "D050"}
    assert name in next(one.message for one in findings if one.id == "D031")


def test_what_this_machine_cannot_import_is_not_called_broken(project, artifact):
    other, number = ("x86_64", X86_64) if architecture_here() == "arm64" else ("arm64", AARCH64)
    (artifact / "fast.so").write_bytes(elf(number))
    for folder in (project, artifact):
        (folder / "app.py").write_text(f"import ctypes\nctypes.CDLL('./fast.so')\n{SAME}")
    rules, findings, measured = check(project, architecture=other)
    assert rules == ["D050"]
    assert f"app.same was not imported: fast.so is compiled for {other}" in findings[0].message
    assert measured.import_ms is None


def test_compiled_code_of_the_function_s_own_platform_is_none_of_it(project, artifact):
    minor = sys.version_info.minor
    for name in ("fast.abi3.so", "fast.so", f"sub.cpython-3{minor}-x86_64-linux-gnu.so"):
        (artifact / name).write_bytes(elf(X86_64, "GLIBC_2.17"))
    assert check(project)[0] == []


def test_optimised_bytecode_is_the_same_python_s(project, artifact):
    (artifact / "__pycache__" / f"app.cpython-3{sys.version_info.minor}.opt-1.pyc").write_bytes(b"")
    assert check(project)[0] == []


def test_without_bytecode_there_is_a_note(project, artifact):
    for cache in list(artifact.rglob("__pycache__")):
        shutil.rmtree(cache)
    assert check(project)[0] == ["D027"]


def test_an_artifact_without_the_library_is_found(project, artifact):
    shutil.rmtree(artifact / "graders")
    rules, findings, measured = check(project)
    assert rules == ["D022", "D028"]
    assert "No module named 'graders'" in findings[0].message
    assert measured.import_ms is None


def test_a_library_that_is_not_the_installed_one_is_found(project, artifact):
    module = artifact / "graders" / "reward.py"
    module.write_text(f"{module.read_text()}# changed\n")
    rules, findings, _ = check(project)
    assert (rules, "reward.py" in findings[0].message) == (["D029"], True)


def test_sources_that_changed_since_are_found(project):
    (project / "app.py").write_text(SAME.replace("==", "!="))
    rules, findings, _ = check(project)
    assert rules == ["D030"]
    assert "app.py changed since the build" in findings[0].message


def test_a_handler_that_is_not_there_is_found(project):
    rules, findings, _ = check(project, handler="app.other")
    assert rules == ["D022"]
    assert "app.other: AttributeError" in findings[0].message


@pytest.mark.parametrize(
    ("source", "message"),
    [("import os\nos._exit(7)", "exit code 7"), ("raise SystemExit('gone')", "SystemExit: gone")],
)
def test_a_module_that_ends_the_process_is_found(project, artifact, source, message):
    for folder in (project, artifact):
        (folder / "app.py").write_text(source)
    rules, findings, _ = check(project)
    assert rules[0] == "D022"
    assert message in findings[0].message


def test_a_slow_import_and_the_sdk_are_found(project, artifact):
    for folder in (project, artifact):
        (folder / "app.py").write_text(f"import time\ntime.sleep(1.2)\nimport boto3\n{SAME}")
    assert check(project)[0] == ["D023", "D023"]


def test_size_is_held_to_lambda_s_limit(project, artifact):
    with (artifact / "large.bin").open("wb") as file:
        file.truncate(UNZIPPED_BYTES)
    assert check(project)[0] == ["D021"]
    with (artifact / "large.bin").open("wb") as file:
        file.truncate(60_000_000)
    assert check(project)[0] == ["D032"]


# --- What hides the library -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("graders/__init__.py", ["D040"]),
        ("harness/__init__.py", ["D040"]),
        ("harness.py", ["D040"]),
        ("graders/data.jsonl", ["D040"]),
        ("my_graders/__init__.py", []),
    ],
)
def test_a_folder_that_hides_the_library_is_found(tmp_path, name, rules):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.touch()
    assert [one.id for one in check_folder(tmp_path)] == rules


def test_the_library_does_not_hide_itself():
    assert list(check_folder(REPOSITORY)) == []
