from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from support.rft_command import refusal, replay_json, rft_inside, write_grader
from support.rollout_files import rollout, write_rollouts


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_grader(tmp_path)
    write_rollouts(tmp_path / "rollouts.jsonl", [rollout("a", "72", "72"), rollout("b", "7", "72")])
    replay_json(tmp_path, "--name", "first")
    return tmp_path


def test_the_page_is_beside_the_run(folder: Path) -> None:
    before = sorted(os.listdir(folder / "runs" / "first"))
    done = rft_inside(folder, "report", "first")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("runs/first.html: 2 samples, ")
    assert (folder / "runs" / "first.html").read_bytes().startswith(b"<!doctype html>")
    assert sorted(os.listdir(folder / "runs" / "first")) == before


def test_one_json_object_says_what_was_written(folder: Path) -> None:
    done = rft_inside(folder, "report", "runs/first", "--out", "pages/one.html", "--json")
    assert (done.returncode, done.stderr, done.stdout.count("\n")) == (0, "", 1)
    found = json.loads(done.stdout)
    size = (folder / "pages" / "one.html").stat().st_size
    assert found == {"path": "pages/one.html", "bytes": size, "gradings": 2, "samples": 2, "remarks": []}


def test_a_run_may_be_named_from_inside_its_folder(folder: Path) -> None:
    inside = folder / "runs" / "first"
    before = sorted(os.listdir(inside))
    assert rft_inside(inside, "report", ".").returncode == 0
    assert sorted(os.listdir(inside)) == before
    assert (folder / "runs" / "first.html").exists()


def test_what_cannot_be_shown_is_refused(folder: Path) -> None:
    assert "there is no run here" in refusal(folder, "report", "second")
    assert "no events of job are stored here" in refusal(folder, "report", "first", "--job", "job")
    assert "there is no finished rehearsal here" in refusal(folder, "report", "first", "--rehearsal", ".")
    facts = folder / "runs" / "first" / "run.json"
    facts.write_text(facts.read_text().replace('"done"', '"running"'))
    assert "the run is not finished" in refusal(folder, "report", "first")
    assert not (folder / "runs" / "first.html").exists()
