"""TRL trains a model with a grader, and a replay of the completions gives the rewards that TRL logged."""

from __future__ import annotations

import json
import math
import os
import subprocess
from pathlib import Path

import pytest

from support.rft_command import rft_inside, write_grader

PYTHON = os.environ.get("RFT_TRL_PYTHON", "")
ROOT = Path(__file__).parents[3]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not PYTHON,
        reason="needs an environment with TRL: `make test-trl` makes one and runs this in it",
    ),
]

GRADER = """
from graders import Abstain, Reward, grader


@grader(range=(-1, 2), max_error_rate=1)
def reward(sample):
    text = sample.completion
    if "?" in text:
        return Abstain("it asks back")
    if "!" in text:
        raise ValueError("it shouts")
    digits = sum(character.isdigit() for character in text)
    right = sample.reference_text in text
    return Reward(right + digits / 16 - sample.fields["level"] / 4, metrics={"digits": digits})
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trl")
    write_grader(folder, GRADER)
    paths = {"PYTHONPATH": f"{ROOT}{os.pathsep}{folder}", "TMPDIR": str(folder), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [PYTHON, ROOT / "tests" / "support" / "trl_training.py", folder],
        env={**os.environ, **paths},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return folder


def read(file):
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_a_replay_of_its_completions_gives_what_trl_trained_on(trained):
    graded = read(trained / "graded.jsonl")
    with (trained / "rollouts.jsonl").open("w", encoding="utf-8") as file:
        for at, one in enumerate(graded):
            prompt, completion = one["prompt"], one["completion"]
            if isinstance(prompt, str):
                prompt = [{"role": "user", "content": prompt}]
                completion = [{"role": "assistant", "content": completion}]
            record = {name: one[name] for name in ("reference_answer", "level")}
            file.write(json.dumps({"id": f"{at}", "messages": prompt + completion, **record}) + "\n")
    done = rft_inside(
        trained, "replay", "rollouts.jsonl", "--grader", "my_grader.py:reward", "--name", "replayed"
    )
    assert done.returncode in (0, 1), done.stderr
    replayed = {row["id"]: row["reward"] for row in read(trained / "runs" / "replayed" / "rewards.jsonl")}
    assert [replayed[f"{at}"] for at in range(len(graded))] == [one["reward"] for one in graded]
    kinds = {None if one["reward"] is None else one["reward"] > 0 for one in graded}
    assert kinds == {None, False, True}  # including failures and abstentions


def test_trl_took_those_rewards_and_moved_the_weights(trained):
    graded = [one["reward"] for one in read(trained / "graded.jsonl")]
    trainings = json.loads((trained / "training.json").read_text(encoding="utf-8"))
    half = len(graded) // 2
    assert len(trainings) == 2
    for own, training in zip((graded[:half], graded[half:]), trainings, strict=True):
        assert training["steps"] == 3
        assert training["moved"]
        assert training["weights"] < 10_000
        assert training["last"] == own[-8:]
        for at, logged in enumerate(training["logged"]):
            batch = own[8 * at : 8 * at + 8]
            known = [one for one in batch if one is not None]
            assert math.isclose(logged["reward"], sum(known) / len(known), abs_tol=1e-6)
            assert logged["reward/grader_error"] == 1 - len(known) / len(batch)


def test_trls_own_functions_return_the_same_as_alone(trained):
    pairs = json.loads((trained / "library.json").read_text(encoding="utf-8"))
    assert len(pairs) == 15
    assert [pair["adapted"] for pair in pairs] == [pair["alone"] for pair in pairs]
