"""Strict JSON for programs, and text without control characters for people."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from harness.cli.output import emit_json, printable, say, stdout_console
from harness.findings import Severity
from harness.printable import wrapped
from support.rft_command import COMMAND, rft, rft_inside, write_grader
from support.rollout_files import rollout, write_rollouts

ANY_TEXT = st.text(st.characters(exclude_categories=[]))


def refuse(constant: str) -> Any:
    raise AssertionError(f"{constant} is not JSON")


def test_json_is_one_strict_ascii_line(capsys: pytest.CaptureFixture[str]):
    emit_json(
        {"nan": [float("nan"), (float("-inf"), 1.5)], "half": "\ud800é", "at": Path("a"), "s": Severity.NOTE}
    )
    text = capsys.readouterr().out
    assert text.isascii()
    assert text.count("\n") == 1
    value = json.loads(text, parse_constant=refuse)
    assert value == {"nan": [None, [None, 1.5]], "half": "\ud800é", "at": "a", "s": "note"}


@given(ANY_TEXT)
def test_printable_text_has_no_control_characters_and_can_be_encoded(text: str):
    shown = printable(text)
    assert shown.isprintable()
    shown.encode("utf-8")
    if text.isprintable():
        assert shown == text


@given(st.text(st.sampled_from(" \nab-報告\t"), max_size=200), st.integers(10, 80))
def test_wrapped_lines_keep_every_word_and_fit_unless_one_word_does_not(text: str, width: int):
    shown = wrapped(text, width)
    assert shown.split() == text.split()
    longest = max((cell_len(word) for word in text.split()), default=0)
    indent = max(cell_len(line) - cell_len(line.lstrip()) for line in text.split("\n"))
    if longest + indent + 2 <= width and "\t" not in text:
        assert all(cell_len(line.rstrip()) <= width for line in shown.split("\n"))


def test_a_terminal_of_80_columns_gets_whole_words(tmp_path: Path):
    source = (
        "from graders import grader\n\n@grader\ndef triage(sample):\n    raise ValueError('urgent ' * 30)\n"
    )
    (tmp_path / "triage.py").write_text(source, encoding="utf-8")
    write_rollouts(tmp_path / "r.jsonl", [rollout("a", "low")])
    owner, terminal = pty.openpty()
    environment = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1"}
    words = ["replay", "r.jsonl", "-g", "triage.py", "--name", "one"]
    shown = subprocess.run(
        [*COMMAND, *words], cwd=tmp_path, stdout=terminal, stderr=subprocess.PIPE, env=environment
    )
    os.close(terminal)
    lines = os.read(owner, 65536).decode().splitlines()
    os.close(owner)
    assert shown.returncode == 1
    assert max(map(len, lines)) <= 80
    assert sum(line.count("urgent") for line in lines) == 30


def test_the_console_reads_no_markup(capsys: pytest.CaptureFixture[str]):
    stdout_console().print("[red]a[/red] :smile: " + "x" * 300)
    assert capsys.readouterr().out == "[red]a[/red] :smile: " + "x" * 300 + "\n"


EVIL = "72\x1b]52;c;QQ==\x07\x9b2J\u202e\u2066\r\u2028\x00"
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""All control and bidirectional characters except tab and newline."""

GRADER = """
from graders import Reward, Sample, grader

@grader
def right(sample: Sample) -> Reward:
    if sample.completion == "7":
        raise ValueError(sample.fields["evil"])
    return Reward(float(sample.fields["ok"]), metrics={sample.fields["evil"]: 1})
"""
TEST = """
def test_it(rft_replay):
    rft_replay("rollouts.jsonl", "my_grader.py:right").assert_bounds(0.9, 1)
"""


@given(ANY_TEXT)
def test_nothing_that_is_printed_steers_the_terminal(text: str):
    import contextlib
    import io

    for show in (
        say,
        lambda text: stdout_console().print(text),
        lambda text: stdout_console().print(text + "x"),
    ):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            show(text)
        assert not STEERING.search(out.getvalue())
        out.getvalue().encode()


@pytest.fixture(scope="module")
def evil_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run whose fields all contain control characters."""
    folder = tmp_path_factory.mktemp("evil")
    rollouts = [
        rollout(f"{at}{EVIL}", text, "72", ok=ok, evil=EVIL, record=f"{at}{EVIL}")
        for at, (text, ok) in enumerate((("72" + EVIL, True), ("7", True), ("1" + EVIL, False)))
    ]
    write_rollouts(folder / "rollouts.jsonl", rollouts)
    record = {"messages": [{"role": EVIL, "content": EVIL}], "reference_answer": EVIL, EVIL: EVIL}
    write_rollouts(folder / "records.jsonl", [record, {**record, "id": EVIL}])
    write_grader(folder, GRADER)
    (folder / "test_it.py").write_text(TEST)
    assert rft_inside(folder, "replay", "rollouts.jsonl", "-g", "my_grader.py", "--name", "r").returncode == 1
    return folder


@pytest.fixture
def evil(evil_run: Path, tmp_path: Path) -> Path:
    """A copy of the folder that a test may change."""
    return Path(shutil.copytree(evil_run, tmp_path / "evil"))


VERBS = {
    "replay": ["replay", "rollouts.jsonl", "-g", "my_grader.py", "--label", "ok", "--expect", "runs/r"],
    "replay of a missing file": ["replay", EVIL],
    "show": ["show", "r"],
    "show one": ["show", "r", f"0{EVIL}"],
    "show none": ["show", "r", f"9{EVIL}"],
    "validate": ["validate", "records.jsonl"],
    "parity": ["parity", "rollouts.jsonl", "-g", "my_grader.py"],
    "rehearse": ["rehearse", "rollouts.jsonl", "-g", "my_grader.py", "--holdout", "0"],
    "rollout": [
        "rollout",
        "records.jsonl",
        "--model",
        EVIL,
        "--base-url",
        "http://127.0.0.1:1",
        "--patience",
        "0",
    ],
    "jobs": ["jobs", EVIL],
    "watch": ["watch", EVIL],
}


@pytest.mark.parametrize("verb", VERBS)
def test_no_verb_lets_data_steer_the_terminal(verb: str, evil: Path):
    words = [word.replace("\x00", "") for word in VERBS[verb]]
    if verb == "show one":
        words[-1] = "at-0"
    done = rft_inside(evil, *words)
    assert not STEERING.search(done.stdout + done.stderr)


def test_no_failure_of_a_replay_test_steers_the_terminal(evil: Path):
    words = [COMMAND[0], "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"]
    done = subprocess.run(words, cwd=evil, capture_output=True, text=True, check=False)
    assert "2 of 3 gradings" in done.stdout
    assert not STEERING.search(done.stdout + done.stderr)


def test_a_stream_that_cannot_write_a_character_gets_another(evil: Path):
    import os

    done = rft(evil, "show", "r", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0
    assert "####" in done.stdout


@pytest.mark.parametrize("closed", ["2>&-", ">&-", "<&-", ">&- 2>&- <&-"])
def test_a_closed_stream_changes_no_outcome(closed: str, evil: Path):
    (evil / "my_grader.py").write_text(GRADER.replace('== "7"', '== "no"'))
    words = " ".join([*COMMAND, "replay rollouts.jsonl -g my_grader.py", closed])
    assert subprocess.run(words, shell=True, cwd=evil, stderr=subprocess.PIPE, check=False).returncode == 0


@pytest.mark.parametrize("words", ["show r", "show r --json", "validate records.jsonl", "--help"])
def test_a_reader_that_has_seen_enough_is_no_finding(words: str, evil: Path):
    script = f"set -o pipefail; {' '.join(COMMAND)} {words} | true"
    done = subprocess.run(["bash", "-c", script], cwd=evil, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (141, "")
