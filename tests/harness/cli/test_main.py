"""`rft` without some of its dependencies, and in a folder whose files are named like modules it imports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.rft_command import rft, write_grader

WITHOUT = """
import sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if {{name, name.partition(".")[0]}} & set({modules!r}):
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Hidden())
from harness.cli.main import main
sys.exit(main({words!r}))
"""
"""Runs `rft` with some modules missing."""


def without(modules: list[str], *words: str, cwd: Path | None = None) -> tuple[int, str, str]:
    code = WITHOUT.format(modules=modules, words=list(words))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=cwd, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("module", "words", "needed_by", "extra"),
    [
        ("click", [], "rft", "all"),
        ("click", ["--help"], "rft", "all"),
        ("click", ["replay", "x.jsonl"], "rft replay", "replay"),
        ("click", ["submit", "x.jsonl"], "rft submit", "jobs"),
        ("orjson", ["validate", "records.jsonl"], "rft validate", "replay"),
        ("orjson", ["show", "first"], "rft show", "replay"),
        ("openai", ["jobs"], "rft jobs", "jobs"),
        ("openai", ["chat", "m", "hello"], "rft chat", "jobs"),
        ("boto3", ["stack", "mine"], "rft stack", "deploy"),
        ("starlette", ["emulate", "--rollouts", "records.jsonl"], "rft emulate", "emulate"),
        ("yaml", ["doctor", "--template", "template.yaml"], "rft doctor", "deploy"),
    ],
)
def test_the_line_that_installs_what_is_missing(
    module: str, words: list[str], needed_by: str, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "records.jsonl").write_text(ROW, encoding="utf-8")
    (tmp_path / "runs" / "first").mkdir(parents=True)
    (tmp_path / "template.yaml").write_text("Resources: {}\n", encoding="utf-8")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    code, out, err = without([module], *words, cwd=tmp_path)
    assert (code, out) == (2, "")
    assert err == (
        f"rft: {needed_by} needs {module}, which is not installed. Run: pip install 'rft-graders[{extra}]'\n"
    )


def test_a_module_that_no_extra_brings_is_a_bug(tmp_path: Path) -> None:
    code, out, err = without(["harness.report.look"], "show", "first")
    assert (code, out) == (2, "")
    assert err.startswith("rft: this is a bug in rft: ModuleNotFoundError at harness/cli/show.py:")
    assert err.count("\n") == 1


MESSAGES = [{"role": "user", "content": "?"}, {"role": "assistant", "content": "1"}]
ROW = json.dumps({"id": "a", "messages": MESSAGES, "reference_answer": "1"}) + "\n"
NAMES = [
    *("click", "rich", "orjson", "psutil", "openai", "boto3", "yaml", "starlette", "pygments"),
    *("json", "queue", "typing", "dataclasses", "csv", "random", "uuid", "tempfile", "hashlib", "base64"),
    *("inspect", "select", "shutil", "statistics", "socket", "string", "struct", "platform", "secrets"),
]


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    """A folder with a grader, and with files named like modules of `rft` that leave a mark when run."""
    for name in [*NAMES, "harness.disk", "graders"]:
        text = (
            f"import pathlib\npathlib.Path(__file__).with_suffix('.ran').touch()\nraise SystemExit({name!r})"
        )
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    write_grader(tmp_path)
    (tmp_path / "rollouts.jsonl").write_text(ROW, encoding="utf-8")
    (tmp_path / "records.jsonl").write_text(ROW, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("reference", ["my_grader.py:right", "my_grader:right"])
def test_files_named_like_its_imports_are_left_alone(reference: str, trap: Path) -> None:
    for words in (
        ["--version"],
        ["validate", "records.jsonl"],
        ["replay", "rollouts.jsonl", "--grader", reference],
        ["rehearse", "rollouts.jsonl", "--grader", reference],
        ["replay", "--help"],
    ):
        done = rft(trap, *words)
        assert done.returncode in (0, 1, 2), done.stderr
    assert sorted(trap.glob("*.ran")) == []


def test_the_project_is_found_where_only_the_current_folder_holds_it() -> None:
    root = Path(__file__).parent.parent.parent.parent
    done = rft(root, "--version", env={**os.environ, "PYTHONPATH": ""})
    assert done.stdout.startswith("rft ")
