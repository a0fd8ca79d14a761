from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli.rehearse import live_lines
from harness.conclusions.made import KINDS
from harness.rehearsal.run import StepFigures
from harness.samples import ROLLOUTS
from support.rehearsing import RIGHT, head, unlabeled, write_graders
from support.rft_command import COMMAND, refusal, rft, rft_inside, rows_of


def test_the_whole_path_in_one_command(tmp_path: Path) -> None:
    done = rft_inside(tmp_path, "rehearse", ROLLOUTS, "-g", RIGHT)
    assert (done.returncode, done.stderr) == (0, "")
    for said in (
        "the job: 68 steps",
        "mean reward by quarter of the steps: 0.483  0.673  0.737  0.846",
        "reward         0.419 -> 0.792  +0.373 (95% interval +0.345 to +0.401)",
        "right answers: is_right",
        "amplified",
        "suppressed",
        "records that never moved: ",
        "(reward 0)",
        "more often right",
    ):
        assert said in done.stdout
    assert max(map(len, done.stdout.split("everything is in")[0].splitlines())) <= 80
    [folder] = (tmp_path / "rehearsals").iterdir()
    assert f"everything is in rehearsals/{folder.name}" in done.stdout


def test_a_reward_for_guessing_is_warned_of_by_what_it_pays_and_its_witness_replays(tmp_path: Path) -> None:
    grader = f"{write_graders(tmp_path)}:guessing"
    unlabeled(tmp_path / "r.jsonl")
    done = rft_inside(tmp_path, "rehearse", "r.jsonl", "-g", grader, "--out", "kept")
    assert (done.returncode, done.stderr) == (0, "")
    for said in ("B003 not recorded, but paid: all answers", "witness: ", " or ", "B004 was not checked:"):
        assert said in done.stdout
    assert max(map(len, done.stdout.split("everything is in")[0].splitlines())) <= 80
    assert "rft replay kept/witnesses.jsonl" in done.stdout
    lines = (tmp_path / "kept" / "witnesses.jsonl").read_text().splitlines()
    witness = json.loads(lines[0])
    replayed = rft_inside(tmp_path, "replay", "kept/witnesses.jsonl", "-g", grader, "--json")
    assert replayed.returncode == 0, replayed.stderr
    found = json.loads(replayed.stdout)
    assert [row["reward"] for row in rows_of(tmp_path, found)] == [1.0] * len(lines)
    page = rft_inside(tmp_path, "report", found["run"], "--rehearsal", "kept", "--out", "page.html")
    assert page.returncode == 0, page.stderr
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "B003 not recorded, but paid" in text
    assert f"Witness: {witness['messages'][-1]['content']}"[:60] in text


def test_what_a_grader_prints_stays_out_of_the_one_json_object(tmp_path: Path) -> None:
    write_graders(tmp_path)
    head(tmp_path / "r.jsonl", ROLLOUTS, 400)
    done = rft(
        tmp_path, "rehearse", "r.jsonl", "-g", "rehearsed_graders.py:counting", "--out", "kept", "--json"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["folder"] == "kept"
    assert {"imported", "graded"} == set((tmp_path / "kept" / "grader.log").read_text().split())


def test_killed_in_the_middle_of_the_job_the_same_command_resumes(tmp_path: Path) -> None:
    write_graders(tmp_path)
    words = ["rehearse", ROLLOUTS, "-g", "rehearsed_graders.py:killing", "--json", "--out"]
    killed = subprocess.run([*COMMAND, *map(str, words), "kept"], cwd=tmp_path, capture_output=True)
    assert killed.returncode == -signal.SIGKILL
    assert sorted(os.listdir(tmp_path / "kept")) == [".lock", "grader.log", "rewards.jsonl"]
    done = rft(tmp_path, *words, "kept")
    assert (done.returncode, done.stderr) == (0, "")
    calls = (tmp_path / "calls").stat().st_size
    made = 50 * len(KINDS)
    assert calls <= 2400 + 2 * 100 + made + 16, "at most the batch under way is graded again"
    found, same = json.loads(done.stdout), json.loads(rft_inside(tmp_path, *words, "anew").stdout)
    assert (found["curves"], found["learned"]) == (same["curves"], same["learned"])


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_on_a_terminal_the_curves_are_drawn_while_it_runs(tmp_path: Path) -> None:
    write_graders(tmp_path)
    head(tmp_path / "r.jsonl", ROLLOUTS, 400)
    owner, terminal = pty.openpty()
    words = ["rehearse", "r.jsonl", "-g", "rehearsed_graders.py:counting", "--out", "kept"]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    process = subprocess.Popen(
        [*COMMAND, *words], cwd=tmp_path, stdout=subprocess.PIPE, stderr=terminal, env=environment
    )
    os.close(terminal)
    out, _ = process.communicate()
    drawn = b""
    while True:
        try:
            piece = os.read(owner, 65536)
        except OSError:  # raised when the process closes its end
            break
        if not piece:
            break
        drawn += piece
    os.close(owner)
    assert process.returncode == 0
    assert b"running the job" in drawn
    assert b"graded" not in drawn.replace(b"grading", b"")
    assert b"verdict" in out


def test_the_live_screen_shows_progress_time_left_and_every_curve() -> None:
    lines = live_lines(StepFigures(25, 100, [0.2, 0.4], [2.0, 1.5], [30.0, 40.0]), 10.0)
    assert lines[0] == "step 25 of 100, 30 s left"
    assert [line.split()[:2] for line in lines[1:]] == [
        ["reward", "0.4"],
        ["entropy", "1.5"],
        ["length", "40"],
    ]
    assert max(map(len, lines)) <= 80
    assert live_lines(StepFigures(0, 100, [], [], []), 0.0) == ["step 0 of 100, 0 s left"]


def test_nothing_that_it_does_not_need_is_imported(tmp_path: Path) -> None:
    code = (
        "import sys; from harness.cli.main import main\n"
        f"main(['rehearse', {str(ROLLOUTS)!r}, '-g', {RIGHT!r}, '--out', 'kept', '--json'])\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    heavy = {"openai", "rich", "starlette", "uvicorn", "sqlite3", "boto3", "httpx2", "asyncio"}
    assert not heavy & set(done.stderr.split())


def test_what_cannot_be_rehearsed_is_said_in_one_line(tmp_path: Path) -> None:
    write_graders(tmp_path)
    assert "no such file" in refusal(tmp_path, "rehearse", "no.jsonl", "-g", RIGHT)
    head(tmp_path / "r.jsonl", ROLLOUTS, 400)
    assert "there is no nobody" in refusal(
        tmp_path, "rehearse", "r.jsonl", "-g", "rehearsed_graders.py:nobody"
    )
    said = refusal(tmp_path, "rehearse", "r.jsonl", "-g", "rehearsed_graders.py:raising", code=1)
    assert "got no reward: the job stops" in said
    assert "rft replay r.jsonl --grader rehearsed_graders.py:raising" in said
