"""Runs `rft` as a process of its own in a folder, as a user or a pipeline would: no terminal anywhere."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from harness.cli.main import main

RIGHT = """
from graders import Sample, grader

@grader
def right(sample: Sample) -> bool:
    return sample.completion == sample.reference_text
"""
"""A grader that wants exactly the reference."""

COMMAND = [sys.executable, "-m", "harness.cli.main"]


def write_grader(folder: Path, text: str = RIGHT, name: str = "my_grader.py") -> Path:
    """Write a grader's file."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def rft(folder: Path, *words: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command; whatever goes wrong, it is no fault of its own, and nobody is shown a traceback."""
    done = subprocess.run(
        [*COMMAND, *map(str, words)],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        **options,
    )
    return _without_fault(done)


def rft_inside(folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """Run a command in this process: for what it says, where its being a process is not the subject."""
    given, stdout, stderr = [str(word) for word in words], io.StringIO(), io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
        code = main(given)
    return _without_fault(subprocess.CompletedProcess(given, code, stdout.getvalue(), stderr.getvalue()))


def _without_fault(done: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    for sign in ("Traceback", "this is a bug in rft"):
        assert sign not in done.stderr + done.stdout, done.stderr
    return done


def replay_json(folder: Path, *words: object, code: int = 0, grader: str = "my_grader.py") -> dict[str, Any]:
    """`rft replay rollouts.jsonl --json`: its one object, and nothing else anywhere."""
    done = rft_inside(folder, "replay", "rollouts.jsonl", "--grader", grader, "--json", *words)
    assert (done.returncode, done.stderr) == (code, "")
    assert done.stdout.count("\n") == 1
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def refusal(folder: Path, *words: object, code: int = 2) -> str:
    """What a command that is refused says: one message on stderr, nothing on stdout."""
    done = rft_inside(folder, *words)
    assert (done.returncode, done.stdout) == (code, ""), done
    assert done.stderr.startswith("rft: "), done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def rows_of(folder: Path, found: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of a run."""
    return [json.loads(line) for line in (folder / found["rewards"]).read_text(encoding="utf-8").splitlines()]


def gradings(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows without how long they took."""
    return [{key: value for key, value in row.items() if key != "ms"} for row in rows]


def runs_in(folder: Path) -> list[Path]:
    """The folders of all runs, hidden ones included."""
    return sorted((folder / "runs").iterdir()) if (folder / "runs").exists() else []
