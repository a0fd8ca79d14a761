"""`rft rehearse` as a shell would run it: text, one JSON object, and killed in the middle."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import psutil
import pytest

from harness.samples import ROLLOUTS
from support.rehearsing import RIGHT, head, write_graders
from support.rft_command import COMMAND, refusal, rft
from support.runtime_calls import gone
from support.waiting import until


def test_the_whole_path_in_one_command(tmp_path: Path) -> None:
    done = rft(tmp_path, "rehearse", ROLLOUTS, "-g", RIGHT, "-n", 2)
    assert (done.returncode, done.stderr) == (0, "")
    for said in (
        "the job: 68 steps, succeeded",
        "mean reward by quarter of the steps:",
        "amplified",
        "suppressed",
        "records that never moved: ",
        "before (reward 0)",
        "against base",
        "The policy learned something that carries over",
    ):
        assert said in done.stdout
    [folder] = (tmp_path / "rehearsals").iterdir()
    assert f"everything is in rehearsals/{folder.name}" in done.stdout


@pytest.mark.slow
def test_killed_in_the_middle_of_the_job_the_same_command_goes_on(tmp_path: Path) -> None:
    write_graders(tmp_path)
    head(tmp_path / "r.jsonl", ROLLOUTS, 1200)
    words = ["rehearse", "r.jsonl", "-g", "rehearsed_graders.py:slow", "-n", "1", "--into", "kept", "--json"]
    process = subprocess.Popen(
        [*COMMAND, *words], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    journal = tmp_path / "kept" / "jobs" / "rehearsal" / "events.jsonl"
    until(lambda: journal.exists() and b"metrics" in journal.read_bytes())
    started = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.communicate()
    seen = journal.read_bytes()
    assert 0 < seen.count(b'"metrics"') < 34, "killed too early or too late to show anything"
    assert all(gone(child.pid) for child in started)
    done = rft(tmp_path, *words)
    assert (done.returncode, done.stderr) == (0, "")
    whole = rft(tmp_path, *[word if word != "kept" else "anew" for word in words])
    found, same = json.loads(done.stdout), json.loads(whole.stdout)
    assert found["curves"] == same["curves"]
    assert found["learned"]["expected_reward"]["after"] == same["learned"]["expected_reward"]["after"]
    assert journal.read_bytes().startswith(seen)


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
