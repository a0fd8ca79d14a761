"""Runs `rft` as a script or a pipeline would: in a folder, without a terminal."""

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
"""A grader that requires an exact match with the reference."""

COMMAND = [sys.executable, "-m", "harness.cli.main"]


def write_grader(folder: Path, text: str = RIGHT, name: str = "my_grader.py") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def rft(folder: Path, *words: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command in a separate process. Fail if it prints a traceback or reports a bug in rft."""
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
    """Run a command in this process, which is faster."""
    given, stdout, stderr = [str(word) for word in words], io.StringIO(), io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
        code = main(given)
    return _without_fault(subprocess.CompletedProcess(given, code, stdout.getvalue(), stderr.getvalue()))


def _without_fault(done: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    for sign in ("Traceback", "this is a bug in rft"):
        assert sign not in done.stderr + done.stdout, done.stderr
    return done


def replay_json(folder: Path, *words: object, code: int = 0, grader: str = "my_grader.py") -> dict[str, Any]:
    """Run `rft replay rollouts.jsonl --json`, and return the one object that it must print."""
    done = rft_inside(folder, "replay", "rollouts.jsonl", "--grader", grader, "--json", *words)
    assert (done.returncode, done.stderr) == (code, "")
    assert done.stdout.count("\n") == 1
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def refusal(folder: Path, *words: object, code: int = 2) -> str:
    """Run a command that fails with one message on stderr and nothing on stdout, and return the message."""
    done = rft_inside(folder, *words)
    assert (done.returncode, done.stdout) == (code, ""), done
    assert done.stderr.startswith("rft: "), done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def rows_of(folder: Path, found: dict[str, Any]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / found["rewards"]).read_text(encoding="utf-8").splitlines()]


def gradings(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows without their durations."""
    return [{key: value for key, value in row.items() if key != "ms"} for row in rows]


def runs_in(folder: Path) -> list[Path]:
    """Return the folders of all runs, including hidden ones."""
    return sorted((folder / "runs").iterdir()) if (folder / "runs").exists() else []
