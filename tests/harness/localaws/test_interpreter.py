from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.errors import InputError
from harness.localaws import interpreter
from harness.localaws.function import PRESENT_RUNTIME
from harness.localaws.interpreter import find_interpreter


@pytest.fixture(autouse=True)
def _nothing_remembered():
    find_interpreter.cache_clear()
    yield
    find_interpreter.cache_clear()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "rft-graders" / "lambda-runtime"


def run(found, code):
    command = [found.executable, "-c", code]
    folder = found.executable.parent
    return subprocess.run(command, capture_output=True, text=True, check=False, env={}, cwd=folder)


def test_the_present_interpreter_runs_in_an_environment_of_its_own(cache):
    found = find_interpreter(PRESENT_RUNTIME)
    assert (found.runtime, found.note) == (PRESENT_RUNTIME, None)
    assert found.executable.is_relative_to(cache)
    assert run(found, "import awslambdaric, simplejson, runtime_client, boto3").returncode == 0


@pytest.mark.parametrize("module", ["click", "pytest", "numpy", "harness", "graders", "pip"])
def test_what_the_engineer_has_installed_is_out_of_sight(cache, module):
    result = run(find_interpreter(PRESENT_RUNTIME), f"import {module}")
    assert "ModuleNotFoundError" in result.stderr


def test_without_the_sdk_there_is_no_boto3(cache):
    found = find_interpreter(PRESENT_RUNTIME, sdk=False)
    assert "ModuleNotFoundError" in run(found, "import boto3").stderr
    assert run(found, "import awslambdaric").returncode == 0
    assert found.executable != find_interpreter(PRESENT_RUNTIME).executable


def test_an_unknown_runtime_falls_back_with_a_note(cache):
    found = find_interpreter("python3.1")
    assert found.runtime == PRESENT_RUNTIME
    why = "no such interpreter was found"
    assert found.note == f"parity is not proven for python3.1: {why}, so this ran under {PRESENT_RUNTIME}"


def test_a_program_of_another_version_is_not_taken(cache, tmp_path, monkeypatch):
    (tmp_path / "python3.1").symlink_to(sys.executable)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    assert find_interpreter("python3.1").note is not None


def test_the_environment_is_made_once_even_when_many_ask(cache):
    def ask(_):
        return find_interpreter.__wrapped__(PRESENT_RUNTIME).executable

    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(ask, range(4)))
    assert len(found) == 1
    assert [path.name for path in cache.iterdir()] == [found.pop().parents[1].name]


def test_a_cache_that_cannot_be_written_is_an_input_error(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(InputError, match="Set XDG_CACHE_HOME"):
        find_interpreter(PRESENT_RUNTIME)


def other_runtime():
    """Return a second runtime that this machine has an interpreter for, or None."""
    for minor in (12, 13, 11):
        runtime = f"python3.{minor}"
        if runtime != PRESENT_RUNTIME and any(interpreter._candidates(runtime)):
            return runtime
    return None


@pytest.mark.slow
def test_another_interpreter_gets_the_client_of_its_own(cache):
    runtime = other_runtime()
    if runtime is None:
        pytest.skip("there is no other interpreter on this machine")
    found = find_interpreter(runtime)
    if found.note is not None:
        pytest.skip(found.note)
    assert found.runtime == runtime
    assert run(found, "import awslambdaric, runtime_client, boto3").returncode == 0
    assert "ModuleNotFoundError" in run(found, "import pip").stderr


def test_without_a_package_index_the_present_interpreter_is_used_with_a_note(cache, monkeypatch):
    runtime = other_runtime()
    if runtime is None:
        pytest.skip("there is no other interpreter on this machine")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(cache))
    found = find_interpreter(runtime)
    assert found.runtime == PRESENT_RUNTIME
    assert found.note is not None
    assert "awslambdaric could not be installed for it" in found.note
    assert [path.name for path in cache.iterdir()] == [found.executable.parents[1].name]
