"""The tutorial works: a reader who writes its files and runs its commands in order sees what it shows."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.ports import free_port
from support.readme import README

TUTORIAL = README.parent / "docs" / "tutorial.md"
_BLOCK = re.compile(r"(?:([^\n]*):\n\n)?^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_FILE = re.compile(r"`(\w+\.py)`")


def said_by(shell: subprocess.Popen[str], lines: list[str]) -> str:
    """What a shell prints for some lines."""
    assert shell.stdin is not None
    assert shell.stdout is not None
    shell.stdin.write("\n".join([*lines, "echo; echo DONE", ""]))
    shell.stdin.flush()
    said = ""
    for line in shell.stdout:
        if line == "DONE\n":
            return said
        said += line
    raise AssertionError(said)


@pytest.mark.slow
def test_its_files_commands_and_outputs(tmp_path: Path) -> None:
    text = TUTORIAL.read_text(encoding="utf-8")
    start = text.index("## The task")
    assert "rft_graders-" in text[:start]
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "COLUMNS": "80",
    }
    port = str(free_port())
    shell = subprocess.Popen(
        ["bash"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=tmp_path,
        env=environment,
        start_new_session=True,
    )
    said, shown, ran = "", 0, 0
    try:
        for before, language, block in _BLOCK.findall(text[start:]):
            if language == "python":
                (tmp_path / _FILE.findall(before)[-1]).write_text(block, encoding="utf-8")
            elif language == "console":
                lines = [line.removeprefix("$ ").replace("8080", port) for line in block.splitlines()]
                said = said_by(shell, [_when_it_serves(line) for line in lines])
                ran += len(lines)
            else:
                shown += 1
                figure = r"\d+" if "figures will differ" in before else "$^"
                printed = re.sub(figure, "0", said)
                assert [line for line in re.sub(figure, "0", block).splitlines() if line not in printed] == []
    finally:
        os.killpg(shell.pid, signal.SIGTERM)
        shell.communicate(timeout=60)
    assert (ran, shown) == (14, 8)


def _when_it_serves(line: str) -> str:
    """A line of the page; after the one that starts the emulator, the shell waits until it prints its URL."""
    served = f"mkfifo served; {line[:-1]} > served & exec 3< served; read -r -u 3"
    return served if line.endswith("&") else line
