"""`rft evaluate` on an emulator in its own process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.rehearsal.split import split
from harness.samples import ROLLOUTS
from support.rehearsing import ARN, RIGHT, emulator, write_graders
from support.rft_command import refusal, rft_inside


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a finished job `first` and its held-out records. The emulator keeps running."""
    folder = tmp_path_factory.mktemp("evaluate")
    parts = split(ROLLOUTS, 0.1, 0)
    for name, side in (("training.jsonl", parts.training), ("held_out.jsonl", parts.held_out)):
        (folder / name).write_text("".join(json.dumps(example.record) + "\n" for example in side))
    with emulator(folder) as process:
        (folder / "url").write_text(process.base_url)
        sent = rft_inside(folder, "submit", "training.jsonl", "--arn", ARN, "--name", "first",
                   "--base-url", process.base_url)  # fmt: skip
        assert sent.returncode == 0, sent.stderr
        done = rft_inside(folder, "watch", "first", "--interval", 0.2, "--base-url", process.base_url)
        assert done.returncode == 0, done.stderr
        write_graders(folder)
        yield folder


def words(folder: Path, *more: object, grader: str = RIGHT) -> list[str]:
    url = (folder / "url").read_text()
    fixed = ["evaluate", "held_out.jsonl", "-g", grader, "--base-url", url, "--seed", 1]
    return [*map(str, fixed), *map(str, more)]


def test_base_and_tuned_are_compared_record_by_record(folder: Path) -> None:
    done = rft_inside(folder, *words(folder, "--model", "base", "--model", "first", "-n", 3))
    assert (done.returncode, done.stderr) == (0, "")
    assert "30 records, 3 completions each" in done.stdout
    assert "base (baseline)" in done.stdout
    assert "against base, record by record" in done.stdout
    assert max(len(line) for line in done.stdout.splitlines() if line.startswith("  ")) <= 80
    again = rft_inside(folder, *words(folder, "--model", "base", "--model", "first", "-n", 3, "--json"))
    found = json.loads(again.stdout)
    base, tuned = found["models"]
    [pair] = found["pairs"]
    assert (base["label"], base["model"], tuned["label"]) == ("base", "openai.gpt-oss-20b", "first")
    assert (found["baseline"], pair["against"]) == ("base", "base")
    assert (base["exposure"]["state"], tuned["exposure"]["state"]) == ("not tuned", "none")
    assert tuned["exposure"]["records"] == 30
    assert (base["kept"], tuned["kept"]) == (90, 90)
    assert pair["difference"]["mean"] == pytest.approx(tuned["reward"]["mean"] - base["reward"]["mean"])
    assert pair["clear"]
    assert pair["difference"]["low"] > 0
    assert pair["wins"] > pair["losses"]
    assert pair["wins"] + pair["losses"] + pair["ties"] == 30


def test_checkpoints_stand_before_the_tuned_model(folder: Path) -> None:
    done = rft_inside(
        folder, *words(folder, "--model", "base", "--model", "first", "--checkpoints", "-n", 1, "--json")
    )
    labels = [model["label"] for model in json.loads(done.stdout)["models"]]
    assert labels == ["base", "first step 17", "first step 34", "first step 51", "first step 68", "first"]


def test_a_model_without_any_reward_is_not_measured(folder: Path) -> None:
    done = rft_inside(
        folder, *words(folder, "--model", "first", "-n", 1, grader="rehearsed_graders.py:raising")
    )
    assert done.returncode == 2
    assert "30 got no reward: exception" in done.stdout
    assert "not measured: first got no reward at all" in done.stdout


def test_what_is_meant_must_be_clear(folder: Path) -> None:
    assert "no job is named" in refusal(folder, *words(folder, "--model", "base"))
    assert "--checkpoints needs a job" in refusal(
        folder, *words(folder, "--model", "openai.gpt-oss-20b", "--checkpoints")
    )


def test_records_of_the_training_file_are_refused_unless_allowed_and_then_said(folder: Path) -> None:
    training, held_out = ((folder / name).read_text() for name in ("training.jsonl", "held_out.jsonl"))
    mixed = folder / "mixed.jsonl"
    mixed.write_text("".join([*held_out.splitlines(True)[:2], *training.splitlines(True)[4:6]]))
    given = [*words(folder, "--model", "first", "-n", 1)]
    given[1] = "mixed.jsonl"
    said = refusal(folder, *given)
    assert "first: in its training file: 2 of 4 records (mixed.jsonl:3 = training.jsonl:5" in said
    assert not (folder / "evaluations" / "mixed").exists()
    done = rft_inside(folder, *given, "--allow-training-records")
    assert (done.returncode, done.stderr) == (0, "")
    assert "first: in its training file: 2 of 4 records" in done.stdout
