"""The project's dependencies, wheel, pins and tooling. Installs nothing."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from harness.installed import owners
from tools.lint import project_files

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
REQUIREMENTS = sorted((ROOT / "requirements").glob("*.txt"))

MAKE_TARGETS = ["help", "demo", "test", "test-slow", "test-all", "lint", "bench", "pins", "clean"]


@pytest.fixture(scope="module", name="project_files")
def _project_files() -> list[PurePosixPath]:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    files = project_files(ROOT)
    assert files, "git lists no file"
    return files


def text_of(file: PurePosixPath) -> str:
    return (ROOT / file).read_bytes().decode("utf-8", "replace")


def test_the_core_has_no_dependencies():
    assert PYPROJECT["project"]["dependencies"] == []


def test_contributing_draws_the_layers_that_lint_checks():
    layers = PYPROJECT["tool"]["importlinter"]["contracts"][0]["layers"]
    drawn = (
        (ROOT / "CONTRIBUTING.md").read_text().partition("\n    cli, ")[2].partition("    (the package")[0]
    )
    assert [line.strip().split(", ") for line in f"cli, {drawn}".splitlines() if line.strip()] == [
        re.findall(r"\w+", layer) for layer in layers
    ]


def test_files_that_contributing_names_exist():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    named = re.findall(r"`((?:graders|harness|tests|docs|tools|benchmarks)/[\w./-]*)`", text)
    assert len(named) > 20
    assert [path for path in named if not (ROOT / path).exists()] == []
    table = text.partition("## Where to look")[2].partition("\n## ")[0]
    for name, path in re.findall(r"`(\w+)` (?:in|of) `([\w/]+\.py)`", table):
        assert re.search(rf"^(?:def |class )?{name}\b", (ROOT / path).read_text(), re.MULTILINE), (name, path)


def test_installing_brings_the_command_and_the_pytest_plugin():
    assert PYPROJECT["project"]["scripts"] == {"rft": "harness.cli.main:main"}
    assert PYPROJECT["project"]["entry-points"]["pytest11"] == {"rft_replay": "harness.pytest_plugin"}


def test_the_wheel_holds_every_file_of_both_packages_and_nothing_else(project_files, tmp_path):
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert held == {str(file) for file in project_files if file.parts[0] in {"graders", "harness"}}
    assert {"graders/py.typed", "harness/py.typed"} <= held


def pins(file: Path) -> list[tuple[Requirement, list[str]]]:
    """Return each requirement of a compiled file with its hashes. Any other line is an error."""
    found = []
    for line in file.read_text().replace("\\\n", " ").splitlines():
        requirement, *hashes = re.split(r"\s+--hash=", line.strip())
        found.append((Requirement(requirement), hashes))
    return found


def pinned(name: str) -> set[str]:
    return {str(requirement) for requirement, _ in pins(ROOT / "requirements" / name)}


@pytest.mark.parametrize("file", REQUIREMENTS, ids=lambda file: file.name)
def test_every_requirement_is_one_version_with_its_hashes(file):
    for requirement, hashes in pins(file):
        assert re.fullmatch(r"==[^,*]+", str(requirement.specifier)), requirement
        assert hashes, requirement
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in hashes), requirement


def test_the_compiled_files_are_the_ones_that_the_makefile_names():
    named = set(re.findall(r"--output-file (requirements/\S+)", (ROOT / "Makefile").read_text()))
    assert {f"requirements/{file.name}" for file in REQUIREMENTS} == named


@pytest.mark.parametrize("part", ["harness.txt", "lambda.txt", "recipe.txt", "runtime.txt"])
def test_what_is_installed_elsewhere_is_what_the_tests_ran_with(part):
    assert pinned(part) <= pinned("dev.txt")


def test_the_template_is_linted_by_one_version_everywhere():
    assert {p for p in pinned("sam.txt") if p.startswith("cfn-lint=")} == {
        p for p in pinned("dev.txt") if p.startswith("cfn-lint=")
    }


def test_every_declared_dependency_is_pinned_within_its_bounds():
    extras = PYPROJECT["project"]["optional-dependencies"]
    declared = [*(entry for entries in extras.values() for entry in entries)]
    declared = [entry for entry in declared if not entry.startswith("rft-graders[")]
    declared += PYPROJECT["build-system"]["requires"]
    declared += [entry for entry in PYPROJECT["dependency-groups"]["dev"] if isinstance(entry, str)]
    versions: dict[str, list[str]] = {}
    for requirement, _ in pins(ROOT / "requirements" / "dev.txt"):
        versions.setdefault(requirement.name, []).append(str(requirement.specifier).removeprefix("=="))
    for wanted in map(Requirement, declared):
        assert wanted.name in versions, f"{wanted} is not in dev.txt: run make pins"
        assert all(wanted.specifier.contains(version) for version in versions[wanted.name]), wanted


def imports(file: PurePosixPath) -> Iterator[tuple[str, bool]]:
    """Yield each external module that a file imports, and whether importing the file imports it."""
    tree = ast.parse(text_of(file))
    at_once = set(map(id, tree.body))
    only_for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in node.body
    }
    for node in ast.walk(tree):
        if id(node) in only_for_types:
            continue
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        for name in {name.partition(".")[0] for name in names}:
            if name not in sys.stdlib_module_names and name not in {"graders", "harness"}:
                yield name, id(node) in at_once


def test_what_is_imported_is_declared(project_files):
    """The tests' environment has more packages than a user's, so other tests find no undeclared import."""
    extras = {
        extra: {str(canonicalize_name(Requirement(entry).name)) for entry in entries}
        for extra, entries in PYPROJECT["project"]["optional-dependencies"].items()
    }
    distributions = owners()
    undeclared = []
    for file in (f for f in project_files if f.suffix == ".py" and f.parts[0] in {"graders", "harness"}):
        every = set().union(*extras.values())
        always: set[str] = every if file.parts[0] == "harness" else set()
        for module, at_once in imports(file):
            wanted = {str(canonicalize_name(name)) for name in distributions.get(module, [module])}
            if file.parent.name == "pytest_plugin" and module == "pytest":
                continue  # only pytest imports this file
            if not wanted & (always if at_once else every):
                undeclared.append(f"{file}: {module}")
    assert undeclared == []


def test_no_value_of_a_template_ends_where_a_comment_begins(project_files):
    """YAML ends an unquoted value at ` #`. Comments in our templates have their own lines."""
    cut = []
    for file in (f for f in project_files if ".yaml" in f.suffixes):
        for number, line in enumerate((ROOT / file).read_text("utf-8").splitlines(), 1):
            bare = re.sub(r"\"[^\"]*\"|'[^']*'", "", line)
            if not line.lstrip().startswith("#") and re.search(r"\S\s+#", bare):
                cut.append(f"{file}:{number}: {line.strip()}")
    assert cut == []


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    if shutil.which("make") is None:
        pytest.skip("no make on this machine")
    environment = {
        key: value for key, value in os.environ.items() if key not in {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}
    }
    return subprocess.run(
        ["make", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("target", MAKE_TARGETS)
def test_make_knows_the_target(target):
    done = make("-n", target)
    assert done.returncode == 0, done.stderr


def test_make_help_lists_every_target():
    assert set(MAKE_TARGETS) <= {line.split()[0] for line in make("help").stdout.splitlines()}


def test_an_older_python_is_refused_in_one_clear_line(tmp_path):
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = make("test", f"PYTHON={old}", f"VENV={tmp_path / 'venv'}")
    assert done.returncode != 0
    assert "Python 3.11 or later is needed" in done.stderr
    assert not (tmp_path / "venv").exists()


def test_continuous_integration_can_run_the_script():
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0
