from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.samples import RECORDS, ROLLOUTS
from support.rehearsing import ARN, RIGHT, emulator, head, write_graders
from support.rft_command import refusal, rft_inside

NEW = f"{ARN[:-1]}2"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("like")
    head(folder / "training.jsonl", RECORDS, 120)
    head(folder / "rollouts.jsonl", ROLLOUTS, 400)
    write_graders(folder)
    with emulator(folder) as process:
        (folder / "url").write_text(process.base_url)
        words = ["training.jsonl", "--arn", ARN, "--name", "first", "--base-url", process.base_url]
        sent = rft_inside(folder, "submit", *words, "--batch-size", 7, "--learning-rate-multiplier", 0.5)
        assert sent.returncode == 0, sent.stderr
        yield folder


def test_the_same_job_is_submitted_with_another_grader(folder: Path) -> None:
    done = rft_inside(folder, "submit", "--like", "first", "--arn", NEW, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    job = found["job"]["method"]["reinforcement"]
    assert job["grader"]["lambda"]["function"] == NEW
    assert job["hyperparameters"]["batch_size"] == 7
    assert job["hyperparameters"]["learning_rate_multiplier"] == 0.5
    assert found["plan"]["service"]["base_url"] == (folder / "url").read_text()
    assert found["change"]["was"]["arn"] == ARN
    assert found["change"]["rewards"] is None


def test_rewards_of_both_graders_are_compared_first(folder: Path) -> None:
    words = ["submit", "--like", "first", "--arn", NEW, "--grader", "rehearsed_graders.py:longer"]
    words += ["--like-grader", RIGHT, "--rollouts", "rollouts.jsonl", "--dry-run"]
    done = rft_inside(folder, *words)
    assert (done.returncode, done.stderr) == (0, "")
    assert "imported" not in done.stdout
    assert "what the graders printed: runs/like.log" in done.stdout
    assert (folder / "runs/like.log").read_text() == "imported\n"
    assert done.stdout.index("like first, with another grader") < done.stdout.index("nothing was sent")
    rewards = json.loads(rft_inside(folder, *words, "--json").stdout)["change"]["rewards"]
    order = rewards["order"]
    assert (order["rollouts"], rewards["zero_std"]["groups"]) == (400, 50)
    assert 0 < order["inverted"] < order["pairs"]
    assert order["flipped"] == sum(one["flipped"] for one in order["samples"]) > 0
    assert rewards["was"]["sha256"] != rewards["now"]["sha256"]
    assert f"{order['inverted']:,} are inverted" in done.stdout


def test_a_flag_given_beats_the_journal(folder: Path) -> None:
    done = rft_inside(
        folder, "submit", "--like", "first", "--arn", NEW, "--batch-size", 9, "--dry-run", "--json"
    )
    chosen = json.loads(done.stdout)["plan"]["hyperparameters"]
    assert (chosen["batch_size"], chosen["learning_rate_multiplier"]) == (9, 0.5)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--like", "nobody", "--arn", NEW], "there is no journal of a job nobody"),
        (["--like", "first"], "the new grader's ARN is needed"),
        (["training.jsonl", "--like", "first", "--arn", NEW], "Leave the file out"),
        (["training.jsonl", "--arn", ARN, "--rollouts", "rollouts.jsonl"], "works only with --like JOB"),
        (["training.jsonl"], "a training file and --arn are needed"),
    ],
)
def test_what_is_missing_or_too_much_is_said(folder: Path, words: list[str], said: str) -> None:
    assert said in refusal(folder, "submit", *words)


def test_a_job_whose_training_file_changed_is_not_repeated(folder: Path) -> None:
    data = folder / "training.jsonl"
    job_id = json.loads((folder / "jobs" / "first" / "job.json").read_text())["job"]["id"]
    kept = data.read_bytes()
    data.write_bytes(kept[: kept.index(b"\n") + 1])
    try:
        for name in ("first", job_id):
            said = refusal(folder, "submit", "--like", name, "--arn", NEW)
            assert "training.jsonl: the training file has changed since that job" in said
    finally:
        data.write_bytes(kept)
