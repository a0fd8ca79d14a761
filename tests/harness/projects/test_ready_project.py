"""A newcomer follows the page with emails of their own, and writes no Python."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from graders import Grader
from graders.configured import grader_of_table
from graders.testing import make_sample
from support.readme import README, blocks
from support.sam_command import sam_command

PAGE = README.parent / "docs" / "ready-checks.md"
COMMANDS = [line.removeprefix("$ ") for line in blocks("console", PAGE)[0].splitlines()]
MAIL_GRADER, NESTED = blocks("toml", PAGE)

MAILS = [
    ("Ada Lovelace", "A-7", 12.5),
    ("Société Générale", "B 12/3", 1999.99),
    ("ООО Ромашка", "77", 3),
    ("O'Brien & Sons", "", 0.01),
]


def rollouts():
    """Yield pairs of a record and a rollout with its expected reward. A wrong order number costs half."""
    for number, (sender, order, total) in enumerate(MAILS):
        right = {"sender": sender, "order": order, "total": total}
        prompt = f"From: {sender}\nOrder {order}, {total} EUR. Answer with JSON: sender, order, total."
        asked = [{"role": "user", "content": prompt}]
        record = {"messages": asked, "reference_answer": right}
        said = [
            (json.dumps(right), 1.0),
            ("Here it is:\n```json\n" + json.dumps({**right, "order": "?"}, indent=1) + "\n```", 0.5),
            (json.dumps({"sender": sender.upper()}), 0.25),
            (f"{sender} ordered {order} for {total}", 0.0),
            ("", 0.0),
        ]
        for text, earned in said:
            answered = [*asked, {"role": "assistant", "content": text}]
            yield record, {**record, "messages": answered, "record": str(number), "expected": earned}


def take_over(project: Path) -> None:
    """Replace the samples with the newcomer's own data and grader."""
    pairs = list(rollouts())
    records = {rollout["record"]: record for record, rollout in pairs}
    for name, lines in ("records", records.values()), ("rollouts", [rollout for _, rollout in pairs]):
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (project / f"{name}.jsonl").write_text(text, encoding="utf-8")
    (project / "grader.toml").write_text(MAIL_GRADER, encoding="utf-8")


def run(command: str, folder: Path) -> tuple[Path, str]:
    """Run one command of the page. Returns the folder of the next command, and the output."""
    words = shlex.split(command)
    if words[0] == "cd":
        return folder / words[1], ""
    if words[0] == "rft":
        words = [sys.executable, "-m", "harness.cli.main", *words[1:]]
    if words[0] == "sam":
        words[0] = sam_command()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {"PYTHON": sys.executable, "SAM_CLI_TELEMETRY": "0", "MAKEFLAGS": ""}
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return folder, done.stdout


def walk(folder: Path, commands: list[str]) -> list[str]:
    """Run the page's commands. After the second one, the newcomer's data replaces the samples."""
    said = []
    for number, command in enumerate(commands):
        folder, out = run(command, folder)
        said.append(out)
        if number == 1:
            take_over(folder)
    return said


def test_the_way_has_six_commands_at_most():
    assert 1 < len(COMMANDS) <= 6
    assert [command.split()[0] for command in COMMANDS].count("sam") == 1


def test_the_page_s_files_are_graders():
    assert isinstance(grader_of_table(tomllib.loads(MAIL_GRADER)), Grader)
    shaped = grader_of_table(tomllib.loads(NESTED))
    assert shaped.options.timeout_s == 2
    assert shaped.grade(make_sample("#### 72", "72")).value > 0.9


def test_mails_of_one_s_own_are_graded_as_expected(tmp_path):
    before = COMMANDS[: next(at for at, command in enumerate(COMMANDS) if command.startswith("sam"))]
    replayed = walk(tmp_path, before)[-1]
    assert f"agrees with expected on {5 * len(MAILS)} of {5 * len(MAILS)}" in replayed


@pytest.mark.slow
def test_the_built_function_grades_them_alike(tmp_path):
    *_, here, _, built = walk(tmp_path, COMMANDS)
    said = f"agrees with expected on {5 * len(MAILS)} of {5 * len(MAILS)}"
    assert said in here
    assert said in built
