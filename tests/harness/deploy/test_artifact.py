from __future__ import annotations

import json
import marshal
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from harness.deploy import vendor
from harness.deploy.artifact import Recipe, build, main
from harness.errors import InputError
from harness.localaws.limits import UNZIPPED_BYTES
from support.artifacts import write_artifact
from support.elf import AARCH64, X86_64, elf

ROOT = Path(__file__).resolve().parents[3]
HERE = f"python3.{sys.version_info.minor}"
NOWHERE = "python3.99"
PLAIN = Recipe(runtime=HERE)


def contents(folder):
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def top(folder):
    return {entry.name for entry in folder.iterdir()}


@pytest.fixture
def into(tmp_path):
    return tmp_path / "artifact"


@pytest.fixture
def package(tmp_path):
    """A package with source files, data, a hidden file, a program, a cache and a virtual environment."""
    names = ["__init__.py", "receipts.py", "prices.json", "tests/cases.json", "test_more.py", ".words"]
    names += ["bin/checker", "__pycache__/receipts.cpython-311.pyc", ".venv/lib/x.py"]
    return write_artifact(tmp_path / "my_graders", dict.fromkeys(names, ""))


def test_it_holds_every_file_of_graders_but_caches(into):
    build(Recipe(runtime=NOWHERE), into)
    assert top(into) == {"graders"}
    files = [file.relative_to(ROOT) for file in (ROOT / "graders").rglob("*") if file.is_file()]
    assert contents(into).keys() == {str(file) for file in files if "__pycache__" not in file.parts}


def test_it_runs_without_anything_else(into):
    """Runs in an interpreter with only the artifact on its path, where `harness` must not be imported."""
    build(Recipe(runtime=HERE, powertools_installed=True), into)
    program = (
        f"import sys; sys.path.insert(0, {str(into)!r}); import graders, aws_lambda_powertools; "
        "from aws_lambda_powertools import Logger, Metrics; "
        "sys.stdout.write(graders.__file__ + ' ' + str('harness' in sys.modules))"
    )
    said = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True)
    assert said.stdout.split() == [str(into / "graders" / "__init__.py"), "False"], said.stderr


def test_the_same_sources_give_the_same_bytes_wherever_they_are_built(tmp_path, package):
    recipe = Recipe(runtime=HERE, powertools_installed=True, sources=(package,))
    build(recipe, tmp_path / "one")
    build(recipe, tmp_path / "and another place")
    assert contents(tmp_path / "one") == contents(tmp_path / "and another place")


def test_bytecode_is_unchecked_and_names_lambda_s_folder(into):
    built = build(PLAIN, into)
    assert built.compiled_by is not None
    compiled = list(into.rglob("*.pyc"))
    assert len(compiled) == len(list(into.rglob("*.py")))
    for file in compiled:
        data = file.read_bytes()
        assert int.from_bytes(data[4:8], "little") == 0b01
        assert marshal.loads(data[16:]).co_filename.startswith("/var/task/graders/")


def test_without_an_interpreter_of_the_runtime_it_says_so(into):
    built = build(Recipe(runtime=NOWHERE), into)
    assert built.compiled_by is None
    assert list(into.rglob("*.pyc")) == []
    assert any(NOWHERE in note for note in built.notes)


def test_sizes_are_those_of_the_files(into):
    built = build(PLAIN, into)
    files = contents(into)
    assert built.files == len(files)
    assert built.bytes_unzipped == sum(map(len, files.values()))
    assert 0 < built.bytes_zipped < built.bytes_unzipped


def test_the_user_s_files_go_in_whole_and_what_does_not_is_said(into, package, tmp_path):
    module = write_artifact(tmp_path, {"single.py": "VALUE = 1\n"}) / "single.py"
    built = build(Recipe(runtime=NOWHERE, sources=(package, module)), into)
    assert top(into) == {"graders", "my_graders", "single.py"}
    held = {name.removeprefix("my_graders/") for name in contents(into) if name.startswith("my_graders")}
    assert held == {
        "__init__.py",
        "receipts.py",
        "prices.json",
        "tests/cases.json",
        "test_more.py",
        ".words",
        "bin/checker",
    }
    assert "left out: my_graders/.venv" in built.notes


def test_programs_stay_programs_and_other_permissions_are_one(into, package):
    (package / "bin" / "checker").chmod(0o711)
    (package / "prices.json").chmod(0o640)
    (package / "receipts.py").chmod(0o444)
    build(Recipe(runtime=NOWHERE, sources=(package,)), into)
    modes = {file.name: file.stat().st_mode & 0o777 for file in (into / "my_graders").rglob("*")}
    assert (modes["checker"], modes["prices.json"], modes["receipts.py"], modes["bin"]) == (
        0o755,
        0o644,
        0o644,
        0o755,
    )


def test_a_build_that_fails_leaves_the_folder_empty(into, tmp_path):
    with pytest.raises(InputError):
        build(Recipe(runtime=NOWHERE, sources=(tmp_path / "missing.py",)), into)
    assert top(into) == set()
    assert not into.with_name("artifact.manifest.json").exists()


def test_powertools_comes_out_of_this_environment_without_pip_s_records(into):
    built = build(Recipe(runtime=NOWHERE, powertools_installed=True), into)
    names = {name.split("-")[0] for name in top(into)}
    assert names == {
        "graders",
        "aws_lambda_powertools",
        "jmespath",
        "typing_extensions.py",
        "typing_extensions",
    }
    left = {Path(name).name for name in contents(into) if ".dist-info/" in name}
    assert "METADATA" in left
    assert left.isdisjoint({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})
    assert not any("alarm" in note for note in built.notes)


def test_powertools_requires_nothing_that_is_not_copied():
    required = metadata.requires("aws-lambda-powertools") or []
    always = {
        line.split("(")[0].split("<")[0].split(">")[0].strip() for line in required if "extra ==" not in line
    }
    assert {"aws-lambda-powertools", *always} == set(vendor.POWERTOOLS)


def test_without_powertools_it_warns_that_an_alarm_is_mute(into):
    assert any("alarm" in note for note in build(PLAIN, into).notes)


# --- Refused --------------------------------------------------------------------------------------


def test_a_folder_with_something_in_it_is_refused(into):
    into.mkdir()
    (into / "old.py").write_text("")
    with pytest.raises(InputError, match="not empty"):
        build(PLAIN, into)
    assert top(into) == {"old.py"}


@pytest.mark.parametrize("runtime", ["python3", "python2.7", "nodejs22.x", "3.13", ""])
def test_a_runtime_that_is_not_python_is_refused(into, runtime):
    with pytest.raises(InputError, match="not a Python runtime"):
        build(Recipe(runtime=runtime), into)


def test_an_architecture_that_lambda_has_not_is_refused(into):
    with pytest.raises(InputError, match="riscv"):
        build(Recipe(architecture="riscv"), into)


def test_a_source_that_does_not_exist_is_refused(into, tmp_path):
    with pytest.raises(InputError, match="no such file"):
        build(Recipe(runtime=HERE, sources=(tmp_path / "missing.py",)), into)


def test_a_source_that_would_replace_something_is_refused(into, tmp_path):
    write_artifact(tmp_path / "graders", {"__init__.py": ""})
    with pytest.raises(InputError, match="already has graders"):
        build(Recipe(runtime=NOWHERE, sources=(tmp_path / "graders",)), into)


@pytest.mark.parametrize(
    ("files", "source", "message"),
    [
        ({"jmespath.py": ""}, "jmespath.py", "already has jmespath"),
        ({"JMESPath/__init__.py": ""}, "JMESPath", "already has jmespath"),
        ({"typing_extensions/__init__.py": ""}, "typing_extensions", "already has typing_extensions"),
        ({"json.py": ""}, "json.py", "hides Python's or Lambda's own module json"),
        ({"random/__init__.py": ""}, "random", "hides Python's or Lambda's own module random"),
        ({"boto3.py": ""}, "boto3.py", "hides Python's or Lambda's own module boto3"),
        ({"harness.py": ""}, "harness.py", "hides"),
        ({"pk/__init__.py": "", "pk/Data.json": "", "pk/data.json": ""}, "pk", "ignores case"),
        ({"pk/__init__.py": "", "pk/A/x": "", "pk/a/y": ""}, "pk", "ignores case"),
    ],
)
def test_a_source_that_would_hide_something_is_refused(into, tmp_path, files, source, message):
    write_artifact(tmp_path / "mine", files)
    recipe = Recipe(runtime=NOWHERE, powertools_installed=True, sources=(tmp_path / "mine" / source,))
    with pytest.raises(InputError, match=message):
        build(recipe, into)


def test_a_folder_of_data_may_have_any_name(into, tmp_path):
    folder = write_artifact(tmp_path / "random", {"words.txt": ""})
    build(Recipe(runtime=NOWHERE, sources=(folder,)), into)
    assert "random/words.txt" in contents(into)


def test_two_sources_of_one_name_are_refused(into, tmp_path):
    folders = [write_artifact(tmp_path / name / "pk", {"__init__.py": ""}) for name in ("one", "two")]
    with pytest.raises(InputError, match="already has pk"):
        build(Recipe(runtime=NOWHERE, sources=tuple(folders)), into)


@pytest.mark.parametrize(
    ("content", "runtime", "architecture", "message"),
    [
        (elf(X86_64), "python3.99", "arm64", r"pk/fast\.so: built for x86_64"),
        (elf(AARCH64), "python3.99", "x86_64", "built for arm64"),
        (elf(X86_64, "GLIBC_2.34"), "python3.11", "x86_64", r"needs glibc 2\.34, but python3\.11 has 2\.26"),
    ],
)
def test_compiled_code_that_the_function_cannot_load_is_refused(
    into, tmp_path, content, runtime, architecture, message
):
    folder = write_artifact(tmp_path / "pk", {"__init__.py": ""})
    (folder / "fast.so").write_bytes(content)
    with pytest.raises(InputError, match=message):
        build(Recipe(runtime=runtime, architecture=architecture, sources=(folder,)), into)


def test_more_than_lambda_takes_is_refused_with_the_way_out(into, tmp_path):
    folder = write_artifact(tmp_path / "pk", {"__init__.py": ""})
    with (folder / "large.bin").open("wb") as file:
        file.truncate(UNZIPPED_BYTES)
    with pytest.raises(InputError, match=r"pk 262 MB, graders .*PackageType: Image"):
        build(Recipe(runtime=NOWHERE, sources=(folder,)), into)


def test_a_source_that_lambda_could_not_import_is_refused(into, tmp_path):
    broken = tmp_path / "broken.py"
    broken.write_text("def grade(sample:\n")
    with pytest.raises(InputError, match=r"(?s)not valid for python3.*broken\.py"):
        build(Recipe(runtime=HERE, sources=(broken,)), into)


# --- The command ----------------------------------------------------------------------------------


def test_the_command_says_what_came_out(into, package, capsys):
    code = main(
        ["--into", str(into), "--requirements", "none", "--runtime", NOWHERE, "--source", str(package)]
    )
    said = capsys.readouterr()
    assert code == 0
    assert "MB zipped, no bytecode" in said.out
    assert said.out.startswith("Note: ")
    assert (into / "my_graders" / "receipts.py").is_file()


def test_the_command_fails_in_one_line(into, capsys):
    into.mkdir()
    (into / "old.py").write_text("")
    assert main(["--into", str(into), "--requirements", "none"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"Error: {into}: the folder is not empty")
    assert said.err.count("\n") == 1


def test_the_command_needs_nothing_that_a_plain_python_has_not():
    """`sam build` can run the command with a Python that has no packages."""
    program = (
        "import sys; sys.path.insert(0, '.'); import harness.deploy.artifact, json; "
        "names = {name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names); "
        "sys.stdout.write(json.dumps(sorted(names)))"
    )
    said = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert json.loads(said.stdout) == ["__main__", "graders", "harness"]
