"""Each extra installs enough for its purpose, and a bare wheel enough for a grader."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import venv
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from harness.cli.groups import VERBS, extra_of, module_of
from harness.extras import _BRINGS
from support.rft_command import write_grader
from support.rollout_files import rollout, write_rollouts

ROOT = Path(__file__).resolve().parent.parent
EXTRAS = ("replay", "deploy", "jobs", "emulate", "report")

# Imported only for options that name a deployed function, a built function or a stack.
ELSEWHERE = {"harness.deploy.outputs"}

IMPORT = """
import importlib, sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {hidden!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Hidden())
for module in {modules!r}:
    importlib.import_module(module)
for verb in {verbs!r}:
    from harness.cli.main import main
    assert main([verb, "--help"]) == 0
"""


def hidden_from(extra: str) -> set[str]:
    """Return the modules that an environment with this extra lacks."""
    there = {*_BRINGS["replay"], *_BRINGS[extra]}
    return {module for modules in _BRINGS.values() for module in modules} - there


def imported_by(verb: str) -> set[str]:
    """Return the harness modules that a verb's file imports, also inside functions."""
    tree = ast.parse((ROOT / f"{module_of(verb).replace('.', '/')}.py").read_text(encoding="utf-8"))
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in node.body
    }
    return {
        str(node.module)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and id(node) not in for_types and node.module
        if node.module.startswith("harness")
    }


@pytest.mark.parametrize("extra", EXTRAS)
def test_what_a_verb_imports_is_in_the_extra_that_it_needs(extra: str) -> None:
    verbs = [verb for verb in VERBS if extra_of(verb) == extra]
    assert verbs
    modules = sorted(set().union(*map(imported_by, verbs)) - ELSEWHERE)
    code = IMPORT.format(hidden=hidden_from(extra), modules=modules, verbs=verbs)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_verb_s_help_needs_no_more_than_replay() -> None:
    code = IMPORT.format(hidden=hidden_from("replay"), modules=[], verbs=list(VERBS))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def closure(extra: str) -> set[str]:
    """Return the names of all distributions that an extra installs."""
    found: set[str] = set()
    waiting = [Requirement(f"rft-graders[{extra}]")]
    while waiting:
        wanted = waiting.pop()
        for line in distribution(wanted.name).requires or []:
            one = Requirement(line)
            asked = [{"extra": name} for name in wanted.extras] or [{"extra": ""}]
            if one.marker is None or any(one.marker.evaluate(env) for env in asked):
                if canonicalize_name(one.name) not in found or one.extras:
                    waiting.append(one)
                found.add(canonicalize_name(one.name))
    return found - {"rft-graders"}


class Environment:
    """A new environment with the wheel and the pinned packages of an extra."""

    def __init__(self, folder: Path, wheel: Path, extra: str | None) -> None:
        venv.create(folder, with_pip=False, symlinks=True)
        self.python = folder / "bin" / "python"
        self.rft = folder / "bin" / "rft"
        if extra is not None:
            pinned = (ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8")
            lines = re.findall(r"^([\w.-]+)(==[^\\\n]*(?:\\\n[^\\\n]*)*)$", pinned, re.MULTILINE)
            names = closure(extra) | ({"pytest", "iniconfig", "packaging", "pluggy", "pygments"})
            chosen = [f"{name}{rest}\n" for name, rest in lines if canonicalize_name(name) in names]
            requirements = folder / "requirements.txt"
            requirements.write_text("".join(chosen), encoding="utf-8")
            self.install("--require-hashes", "--requirement", str(requirements))
        self.install(str(wheel))

    def install(self, *what: str) -> None:
        command = [sys.executable, "-m", "pip", f"--python={self.python}", "install", "--quiet", "--no-deps"]
        subprocess.run([*command, *what], check=True)

    def run(self, *command: object, cwd: Path) -> tuple[int, str]:
        environment = {"PATH": os.defpath, "HOME": str(cwd)}
        done = subprocess.run(
            [*map(str, command)], cwd=cwd, env=environment, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


REPLAY_TEST = """
def test_rewards(rft_replay):
    run = rft_replay("rollouts.jsonl", "my_grader.py:right", label="ok")
    run.assert_agrees()
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    write_grader(folder)
    (folder / "test_replay.py").write_text(REPLAY_TEST, encoding="utf-8")
    write_rollouts(
        folder / "rollouts.jsonl", [rollout("a", "1", "1", ok=True), rollout("b", "1", "2", ok=False)]
    )
    return folder


@pytest.mark.slow
def test_a_bare_wheel_grades_and_says_what_the_command_needs(
    wheel: Path, tmp_path: Path, project: Path
) -> None:
    bare = Environment(tmp_path / "bare", wheel, None)
    grades = (
        "from graders.testing import make_sample; from my_grader import right\n"
        "print(right.grade(make_sample('1', '1')).value)"
    )
    code, said = bare.run(bare.python, "-c", grades, cwd=project)
    assert (code, "1.0" in said) == (0, True), said
    code, said = bare.run(bare.rft, cwd=project)
    assert (code, said) == (
        2,
        "rft: rft needs click, which is not installed. Run: pip install 'rft-graders[all]'\n",
    )


@pytest.mark.slow
def test_the_extra_replay_replays_on_the_command_line_and_in_a_test(
    wheel: Path, tmp_path: Path, project: Path
) -> None:
    small = Environment(tmp_path / "replay", wheel, "replay")
    code, said = small.run(small.rft, "replay", "rollouts.jsonl", "-g", "my_grader.py:right", cwd=project)
    assert code == 0, said
    code, said = small.run(small.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=project)
    assert (code, "1 passed" in said) == (0, True), said
    code, said = small.run(small.rft, "demo", cwd=project)
    assert (code, "rft init my-project" in said) == (0, True), said
    code, said = small.run(small.rft, "jobs", cwd=project)
    assert (code, said.count("\n")) == (2, 1), said
    assert "pip install 'rft-graders[jobs]'" in said


@pytest.mark.slow
def test_the_extra_report_writes_a_page(wheel: Path, tmp_path: Path, project: Path) -> None:
    small = Environment(tmp_path / "report", wheel, "report")
    replay = ("replay", "rollouts.jsonl", "-g", "my_grader.py:right", "--name", "first")
    code, said = small.run(small.rft, *replay, cwd=project)
    assert code == 0, said
    code, said = small.run(small.rft, "report", "first", cwd=project)
    assert (code, "runs/first.html: 2 samples" in said) == (0, True), said
    page = (project / "runs" / "first.html").read_text(encoding="utf-8")
    assert "uPlot" in page
    assert "Copyright (c) 2022 Leon Sorokin" in page


@pytest.mark.slow
def test_the_extra_all_brings_everything(wheel: Path, tmp_path: Path) -> None:
    whole = Environment(tmp_path / "all", wheel, "all")
    modules = sorted(
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in (ROOT / "harness").rglob("*.py")
        if path.name != "__main__.py"
    )
    code = IMPORT.format(hidden=(), modules=modules, verbs=list(VERBS))
    returned, said = whole.run(whole.python, "-W", "error", "-c", code, cwd=tmp_path)
    assert (returned, said.count("Usage: rft")) == (0, len(VERBS)), said
