from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InputError
from harness.localaws.pythons import pythons_of, runtime_version

OTHER = "python3.98"


@pytest.fixture
def alone(tmp_path, monkeypatch):
    """A machine on which only a test's own interpreters can be found: on PATH, or under pyenv or uv."""
    for name, value in {"PATH": "bin", "PYENV_ROOT": "pyenv", "UV_PYTHON_INSTALL_DIR": "uv"}.items():
        monkeypatch.setenv(name, str(tmp_path / value))
    return tmp_path


def program(file, text):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return file


def test_this_interpreter_is_found_for_its_own_version(alone):
    assert next(pythons_of(f"python3.{sys.version_info.minor}"), None) == Path(sys.executable)


def test_there_may_be_none(alone):
    assert next(pythons_of(OTHER), None) is None


def test_a_shim_that_refuses_to_start_is_passed_over_for_the_real_one(alone):
    program(alone / "bin" / OTHER, "echo 'not chosen' >&2; exit 127")
    real = program(alone / "pyenv" / "versions" / "3.98.1" / "bin" / "python", "printf cpython3.98")
    assert next(pythons_of(OTHER), None) == real


def test_an_interpreter_of_another_version_under_this_name_is_passed_over(alone):
    (alone / "bin").mkdir()
    os.symlink(sys.executable, alone / "bin" / OTHER)
    assert next(pythons_of(OTHER), None) is None


def test_another_implementation_is_passed_over(alone):
    program(alone / "bin" / OTHER, "printf pypy3.98")
    assert next(pythons_of(OTHER), None) is None


def test_uv_s_interpreters_are_found(alone):
    real = program(alone / "uv" / "cpython-3.98.0-linux-x86_64-gnu" / "bin" / "python3", "printf cpython3.98")
    assert next(pythons_of(OTHER), None) == real


@given(st.integers(min_value=0, max_value=99))
def test_a_runtime_s_name_says_its_version(minor):
    assert runtime_version(f"python3.{minor}") == (3, minor)


@given(st.text())
def test_any_other_name_is_refused(name):
    if not (name.startswith("python3.") and name[8:].isdecimal() and name.isascii()):
        with pytest.raises(InputError):
            runtime_version(name)
