"""Measures how long it takes to import a grader in fresh processes.

The time is compared with that of a bare interpreter, and with that of an interpreter that has loaded the
modules of the Lambda runtime's own client, each with and without bytecode. Each figure is the lowest of many
processes that are measured alternately.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

ROUNDS = 25
GRADER = "import graders.examples.word_problems"
CLIENT = "import awslambdaric.bootstrap"
HELP = "import io, sys; sys.stdout = io.StringIO(); from harness.cli.main import main; main(['--help'])"


def timed(code: str, folder: str, bytecode: bool) -> float:
    """Return the milliseconds that one process takes to run the code."""
    environment = {"PYTHONPATH": folder, "PATH": os.environ["PATH"]}
    if not bytecode:
        environment |= {"PYTHONDONTWRITEBYTECODE": "1"}
    started = perf_counter()
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    return (perf_counter() - started) * 1000


def lowest(codes: dict[str, tuple[str, str, bool]]) -> dict[str, float]:
    found = dict.fromkeys(codes, float("inf"))
    for _ in range(ROUNDS):
        for name, call in codes.items():
            found[name] = min(found[name], timed(*call))
    return found


def run() -> None:
    package = Path(__file__).parent.parent / "graders"
    with tempfile.TemporaryDirectory() as compiled, tempfile.TemporaryDirectory() as plain:
        for folder in (compiled, plain):
            shutil.copytree(package, Path(folder, "graders"), ignore=shutil.ignore_patterns("__pycache__"))
        subprocess.run([sys.executable, "-m", "compileall", "-q", compiled], check=True)
        times = lowest(
            {
                "bare": ("pass", compiled, True),
                "grader": (GRADER, compiled, True),
                "client": (CLIENT, compiled, True),
                "both": (f"{CLIENT}\n{GRADER}", compiled, True),
                "both, no bytecode": (f"{CLIENT}\n{GRADER}", plain, False),
                "help": (HELP, str(package.parent), True),
            }
        )
        size = sum(path.stat().st_size for path in Path(plain).rglob("*") if path.is_file())
    print(f"  over the bare interpreter             {times['grader'] - times['bare']:6.1f} ms   (bar 15)")
    print(f"  beyond the Lambda client              {times['both'] - times['client']:6.1f} ms   (bar 10)")
    beyond = times["both, no bytecode"] - times["client"]
    print(f"  beyond the client, without bytecode   {beyond:6.1f} ms   (bar 30)")
    print(f"  rft --help over the interpreter       {times['help'] - times['bare']:6.1f} ms   (bar 40)")
    print(f"  the package, as files                 {size / 1e6:6.2f} MB   (bar 1)")
