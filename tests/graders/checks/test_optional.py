"""Missing optional dependencies are reported when the check is made, with the extra to install."""

import json
import tomllib
from pathlib import Path

import pytest

from graders.checks._optional import optional, require
from graders.errors import ConfigurationError

PYPROJECT = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())


def test_an_installed_library_is_returned():
    assert optional("json", "schema") is json


def test_a_missing_library_is_named_with_the_line_that_installs_it():
    with pytest.raises(
        ConfigurationError, match=r"needs the package no-such: pip install 'rft-graders\[sql\]'"
    ):
        optional("no_such.part", "sql")
    with pytest.raises(ConfigurationError, match=r"needs the package such: pip"):
        optional("no_such.part", "sql", "such")


def test_a_missing_library_that_is_imported_later_is_reported_immediately(tmp_path, monkeypatch):
    (tmp_path / "not_yet_imported.py").write_text("raise SystemExit\n")
    monkeypatch.syspath_prepend(tmp_path)
    require("not_yet_imported", "judge")
    with pytest.raises(ConfigurationError, match=r"pip install 'rft-graders\[judge\]', and for Lambda"):
        require("no_such", "judge")
    with pytest.raises(ConfigurationError, match=r"pip install 'rft-graders\[judge\]'$"):
        require("no_such", "judge", in_lambda=True)


def test_a_library_with_a_missing_dependency_is_not_a_missing_extra(tmp_path, monkeypatch):
    (tmp_path / "half_there.py").write_text("import not_there_at_all\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="not_there_at_all"):
        optional("half_there", "sql")


def test_one_extra_brings_all_families():
    extras = PYPROJECT["project"]["optional-dependencies"]
    [umbrella] = extras["checks"]
    named = umbrella.removeprefix("rft-graders[").removesuffix("]").split(",")
    families = {"code", "judge", "maths", "regex", "schema", "similarity", "sql"}
    assert sorted(named) == sorted(set(extras) & families)
