"""Checks of what `sam build` needs: the function's folder, its handler's file and its recipe."""

from __future__ import annotations

import pytest

from harness.deploy.build_checks import check_build
from harness.findings import Place
from support.artifacts import write_artifact

MADE = {"Metadata": {"BuildMethod": "makefile"}}


def rules(folder, resource=MADE, code=".", handler="app.math"):
    found = check_build("Math", resource, {"CodeUri": code, "Handler": handler}, folder, Place())
    return [one.id for one in found]


@pytest.mark.parametrize(
    ("makefile", "found"),
    [
        ("build-Math:\n\ttrue\n", []),
        ("build-%:\n\ttrue\n", []),
        ("build-Other build-Math: app.py\n\ttrue\n", []),
        ("build-$(NAME):\n\ttrue\n", []),
        ("$(NAMES:%=build-%): x\n\ttrue\n", []),
        ("include rules.mk\n", []),
        ("include $(RULES)\n", []),
        ("-include nowhere.mk\n", []),
        ("include Makefile\n", []),
        ("", ["D016"]),
        ("build-Other:\n\ttrue\n", ["D016"]),
        ("build-Math = 3\nbuild-Math := 3\n# build-Math: x\n\tbuild-Math: x\n", ["D016"]),
        ("%: x\n$(VENV)/bin/python: x\n\ttrue\n", ["D016"]),
    ],
)
def test_the_makefile_has_a_target_for_the_function(tmp_path, makefile, found):
    write_artifact(tmp_path, {"app.py": "", "Makefile": makefile, "rules.mk": "build-Math:\n\ttrue\n"})
    assert rules(tmp_path) == found


def test_a_function_that_make_builds_needs_a_makefile(tmp_path):
    write_artifact(tmp_path, {"app.py": ""})
    assert rules(tmp_path) == ["D016"]
    assert rules(tmp_path, {}) == []


@pytest.mark.parametrize(
    ("handler", "found"),
    [
        ("app.math", []),
        ("pk/part.math", []),
        ("pk.part.math", []),
        ("pk.math", []),
        ("graders.examples.word_problems.word_problem", []),
        ("graders.nowhere.math", ["D015"]),
        ("other.math", ["D015"]),
        ("app", ["D015"]),
        ("", ["D015"]),
    ],
)
def test_the_handler_has_a_file(tmp_path, handler, found):
    write_artifact(tmp_path, {"app.py": "", "pk/__init__.py": "", "pk/part.py": ""})
    assert rules(tmp_path, {}, handler=handler) == found


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("nowhere", ["D015"]),
        ("s3://bucket/key", ["D050"]),
        ("code.zip", ["D050"]),
        (None, ["D050"]),
        ("in", ["D015"]),
    ],
)
def test_the_code_may_be_elsewhere(tmp_path, code, found):
    write_artifact(tmp_path, {"app.py": "", "in/other.py": ""})
    assert rules(tmp_path, {}, code=code) == found
