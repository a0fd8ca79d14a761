"""The artifact: exactly what was asked for, the same bytes each time, and a refusal instead of a surprise."""

from __future__ import annotations

import base64
import hashlib
import json
import marshal
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from harness.deploy import vendor
from harness.deploy.artifact import Recipe, build, main
from harness.errors import InputError

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
    """A user's package, with what has no place in Lambda."""
    folder = tmp_path / "my_graders"
    files = ["__init__.py", "receipts.py", "prices.json", "tests/test_receipts.py", "test_more.py", ".env"]
    for name in [*files, "__pycache__/receipts.cpython-311.pyc"]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")
    return folder


def test_it_holds_every_file_of_graders_but_caches(into):
    build(Recipe(runtime=NOWHERE), into)
    assert top(into) == {"graders"}
    files = [file.relative_to(ROOT) for file in (ROOT / "graders").rglob("*") if file.is_file()]
    assert contents(into).keys() == {str(file) for file in files if "__pycache__" not in file.parts}


def test_it_runs_without_anything_else(into):
    """An interpreter that sees the artifact alone imports the graders, and so no harness."""
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


def test_the_user_s_files_land_at_the_top_without_tests_and_hidden_files(into, package, tmp_path):
    module = tmp_path / "single.py"
    module.write_text("VALUE = 1\n")
    build(Recipe(runtime=NOWHERE, sources=(package, module)), into)
    assert top(into) == {"graders", "my_graders", "single.py"}
    held = {name for name in contents(into) if name.startswith("my_graders")}
    assert held == {"my_graders/__init__.py", "my_graders/receipts.py", "my_graders/prices.json"}


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
    (tmp_path / "graders").mkdir()
    with pytest.raises(InputError, match="has a graders already"):
        build(Recipe(runtime=HERE, sources=(tmp_path / "graders",)), into)


def test_a_source_that_lambda_could_not_import_is_refused(into, tmp_path):
    broken = tmp_path / "broken.py"
    broken.write_text("def grade(sample:\n")
    with pytest.raises(InputError, match=r"(?s)not valid for python3.*broken\.py"):
        build(Recipe(runtime=HERE, sources=(broken,)), into)


# --- Requirements ---------------------------------------------------------------------------------


@pytest.fixture
def wheel(tmp_path):
    """A package of one module and one script, as a wheel: pip needs no index for it."""
    file = tmp_path / "tiny-1.0-py3-none-any.whl"
    information = "tiny-1.0.dist-info"
    held = {
        "tiny.py": "VALUE = 1\n",
        "tiny-1.0.data/scripts/tiny-script": "#!python\n",
        f"{information}/METADATA": "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n",
        f"{information}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},{_digest(text)},{len(text)}\n" for name, text in held.items())
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in held.items():
            archive.writestr(name, text)
        archive.writestr(f"{information}/RECORD", f"{record}{information}/RECORD,,\n")
    return file


def _digest(text):
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


def requiring(wheel, digest):
    file = wheel.with_name("requirements.txt")
    file.write_text(f"--no-index\ntiny @ {wheel.as_uri()} --hash=sha256:{digest}\n")
    return file


def test_requirements_are_installed_without_scripts(into, wheel):
    requirements = requiring(wheel, hashlib.sha256(wheel.read_bytes()).hexdigest())
    build(Recipe(runtime=NOWHERE, requirements=requirements), into)
    assert top(into) == {"graders", "tiny.py", "tiny-1.0.dist-info"}


def test_another_hash_is_refused(into, wheel):
    with pytest.raises(InputError, match=r"pip could not install it.*hashes"):
        build(Recipe(runtime=NOWHERE, requirements=requiring(wheel, "0" * 64)), into)


def test_a_package_that_is_not_to_be_had_is_refused(into, tmp_path):
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("--no-index\nno-such-package==1.0\n")
    with pytest.raises(InputError, match="no-such-package"):
        build(Recipe(runtime=HERE, requirements=requirements), into)


def test_a_missing_requirements_file_is_refused(into, tmp_path):
    with pytest.raises(InputError, match="no such requirements file"):
        build(Recipe(runtime=HERE, requirements=tmp_path / "none.txt"), into)


def test_a_distribution_that_is_not_installed_is_refused(into):
    with pytest.raises(InputError, match="no-such-package is not installed"):
        vendor.copy_installed(("no-such-package",), into)


def test_compiled_code_of_this_machine_is_refused(into):
    with pytest.raises(InputError, match="orjson has code compiled for this machine"):
        vendor.copy_installed(("orjson",), into)


# --- The command ----------------------------------------------------------------------------------


def test_the_command_says_what_came_out(into, package, capsys):
    code = main(
        ["--into", str(into), "--requirements", "none", "--runtime", NOWHERE, "--source", str(package)]
    )
    said = capsys.readouterr()
    assert code == 0
    assert "MB zipped, no bytecode" in said.out
    assert said.err.startswith("Note: ")
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
    """`sam build` may run it where no environment was made."""
    program = (
        "import sys; sys.path.insert(0, '.'); import harness.deploy.artifact, json; "
        "names = {name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names); "
        "sys.stdout.write(json.dumps(sorted(names)))"
    )
    said = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert json.loads(said.stdout) == ["__main__", "harness"]
