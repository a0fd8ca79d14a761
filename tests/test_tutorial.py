"""The commands of pages that start in an empty folder, run in order, print the output on the pages."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from calendar import month_name
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from support.judge_endpoint import Answer, Asked, JudgeEndpoint
from support.ports import free_port
from support.readme import README

DOCS = README.parent / "docs"
_BLOCK = re.compile(r"(?:([^\n]*):\n\n)?^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_FILE = re.compile(r"`(\w+\.py)`")


class InvoiceModel:
    """A model that extracts the date of an invoice, in several formats and with some errors.

    The k-th answer to a prompt is the same in every run, in whatever order the requests come.
    """

    def __init__(self) -> None:
        self._asked: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __call__(self, asked: Asked) -> Answer:
        with self._lock:
            before = self._asked[asked.question]
            self._asked[asked.question] += 1
        month, day, year = re.findall(r" by (\w+) (\d+), (\d+)", asked.question)[0]
        number = list(month_name).index(month)
        forms = (
            f"{year}-{number:02}-{int(day):02}",
            f"It is due on {month} {day}, {year}.",
            f"{month} {day}",
            f"{int(year) + 1}-{number:02}-{int(day):02}",
            f"{day} {month} {year}",
        )
        return Answer(forms[before % len(forms)])


def said_by(shell: subprocess.Popen[str], lines: list[str]) -> str:
    """Run lines in a shell, and return its output."""
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


def walk_through(page: str, start: str, folder: Path, ports: dict[str, str]) -> tuple[int, int]:
    """Follow a page from a heading on, and compare the output with the page's.

    Args:
        page: The page.
        start: The heading.
        folder: An empty folder.
        ports: Replacements for the page's ports.

    Returns:
        The number of commands that ran, and the number of outputs that were compared.
    """
    text = (DOCS / page).read_text(encoding="utf-8")
    text = text[text.index(start) :]
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "COLUMNS": "80",
    }
    shell = subprocess.Popen(
        ["bash"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder,
        env=environment,
        start_new_session=True,
    )
    said, shown, ran = "", 0, 0
    try:
        for before, language, block in _BLOCK.findall(text):
            if language == "python":
                (folder / _FILE.findall(before)[-1]).write_text(block, encoding="utf-8")
            elif language == "console":
                for port, other in ports.items():
                    block = re.sub(rf"\b{port}\b", other, block)
                lines = [line.removeprefix("$ ") for line in block.splitlines()]
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
    return ran, shown


def _when_it_serves(line: str) -> str:
    """Return the line; for the emulator's, the shell waits until the emulator prints its URL."""
    served = f"mkfifo served; {line[:-1]} > served & exec 3< served; read -r -u 3"
    return served if line.endswith("&") else line


@pytest.mark.slow
def test_the_tutorial_s_files_commands_and_outputs(tmp_path: Path) -> None:
    before_the_task = (DOCS / "tutorial.md").read_text(encoding="utf-8").partition("## The task")[0]
    assert "rft_graders-" in before_the_task
    ports = {"8080": str(free_port())}
    assert walk_through("tutorial.md", "## The task", tmp_path, ports) == (14, 8)


@pytest.mark.slow
def test_the_files_commands_and_outputs_of_own_data(tmp_path: Path) -> None:
    with JudgeEndpoint(InvoiceModel()) as model:
        ports = {"8000": str(urlsplit(model.url).port)}
        assert walk_through("own-data.md", "# Bring", tmp_path, ports) == (9, 4)
