"""The public names are those in `docs/stability.md`, and the harness uses no others of `graders`."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
from pathlib import Path
from typing import Any

import pytest

import graders
from graders import _runtime
from support.readme import README

ROWS = re.findall(
    r"^\| `(graders[\w.]*)` \| (.*) \|$",
    (README.parent / "docs" / "stability.md").read_text(encoding="utf-8"),
    re.MULTILINE,
)
LISTED = {module: re.findall(r"`(\w+)`", names) for module, names in ROWS}
MODULES = [
    found.name
    for found in pkgutil.walk_packages(graders.__path__, "graders.")
    if "._" not in found.name and not found.name.startswith("graders.examples")
]
HARNESS = sorted((README.parent / "harness").rglob("*.py"))


def public(name: str) -> list[str]:
    """Return a module's public names: `__all__`, or the functions that it defines."""
    module: Any = importlib.import_module(name)
    defined = [key for key, one in inspect.getmembers(module, inspect.isfunction) if one.__module__ == name]
    return list(getattr(module, "__all__", [key for key in defined if key[0] != "_"]))


@pytest.mark.parametrize("module", sorted({"graders", *MODULES}))
def test_what_a_module_offers_is_listed(module):
    assert sorted(LISTED.get(module, [])) == sorted(public(module))


def test_nothing_else_is_listed(monkeypatch):
    monkeypatch.setenv("GRADER_CHECK", "checks.numbers:number()")  # `ready_check` needs it
    assert set(LISTED) <= {"graders", *MODULES}
    for module, names in LISTED.items():
        assert all(hasattr(importlib.import_module(module), name) for name in names)


@pytest.mark.parametrize("file", HARNESS, ids=lambda file: str(file.relative_to(README.parent)))
def test_the_harness_uses_what_is_public_or_marked_for_it(file: Path):
    marked = {**LISTED, "graders._runtime": _runtime.__all__, "graders.examples": ["word_problems"]}
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "graders":
            assert {name.name for name in node.names} <= set(marked.get(node.module or "", []))
        if isinstance(node, ast.Attribute) and node.attr == "_item":
            pytest.fail(f"line {node.lineno} reads inside a Sample")
