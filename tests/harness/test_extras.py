from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from harness import extras
from harness.installed import owners

ROOT = Path(__file__).parent.parent.parent
DECLARED = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
    "optional-dependencies"
]


def distribution_of(module: str) -> str:
    return canonicalize_name(owners()[module][0])


@pytest.mark.parametrize("extra", extras._BRINGS)
def test_the_table_is_what_is_declared(extra: str) -> None:
    declared = {canonicalize_name(Requirement(line).name) for line in DECLARED[extra]} - {"rft-graders"}
    assert {distribution_of(module) for module in extras._BRINGS[extra]} == declared


def test_the_modules_that_come_along_are_known() -> None:
    pinned = (ROOT / "requirements" / "harness.txt").read_text(encoding="utf-8")
    needed = {canonicalize_name(name) for name in re.findall(r"^([\w.-]+)==", pinned, re.MULTILINE)}
    build_only = {"hatchling", "packaging", "pathspec", "pluggy", "tomlkit", "trove-classifiers"}
    modules = {
        module
        for module, distributions in owners().items()
        if module.isidentifier()  # leaves out folders of type stubs, such as `wrapt-stubs`
        and {canonicalize_name(name) for name in distributions} & (needed - build_only)
    }
    assert modules <= extras.MODULES


@pytest.mark.parametrize(
    ("module", "extra", "named"),
    [
        ("boto3", "jobs", "jobs"),
        ("boto3", "replay", "deploy"),
        ("boto3.session", "replay", "deploy"),
        ("rich.progress", "jobs", "jobs"),
        ("click", "all", "all"),
        ("openai", "replay", "jobs"),
    ],
)
def test_the_extra_of_the_command_is_named_where_it_is_enough(module: str, extra: str, named: str) -> None:
    found = extras.missing_package(ModuleNotFoundError("no", name=module), "rft x", extra)
    assert found is not None
    assert str(found).endswith(f"Run: pip install 'rft-graders[{named}]'")


@pytest.mark.parametrize("module", ["numpy", "harness.disk", None])
def test_another_failed_import_is_not_explained_away(module: str | None) -> None:
    assert extras.missing_package(ImportError("no", name=module), "rft x", "all") is None
