"""`rft calibrate` on a replay of the shipped samples. The grader adds random noise."""

from __future__ import annotations

import json
import shutil
from itertools import islice

import pytest

from harness.samples import ROLLOUTS
from support.rft_command import refusal, rft_inside, write_grader

NOISE = 0.05
NOISY = f"""
import random

from graders import Reward, Sample, grader
from graders.extract import after_marker, same_number

draw = random.Random(11)

@grader
def judge(sample: Sample) -> Reward:
    said, right = (after_marker(text, "####") for text in (sample.completion, sample.reference_text))
    yes = bool(said and right and same_number(said, right)) ^ (draw.random() < {NOISE})
    return Reward(float(yes), reason="right" if yes else "wrong")
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("calibrate")
    write_grader(folder, NOISY, "noisy.py")
    with ROLLOUTS.open(encoding="utf-8") as file:
        (folder / "labeled.jsonl").write_text("".join(islice(file, 400)), encoding="utf-8")
    for name, repeats in (("judged", 5), ("once", 1)):
        words = ("--label", "is_right", "--repeats", repeats, "--cores", 1, "--name", name)
        done = rft_inside(folder, "replay", "labeled.jsonl", "--grader", "noisy.py", *words)
        assert done.returncode == 0, done.stderr
        assert ("can the grader be trusted: rft calibrate runs/judged" in done.stdout) == (repeats > 1)
    return folder


def test_the_noise_that_was_put_in_is_found(folder):
    done = rft_inside(folder, "calibrate", "judged", "--json")
    assert done.returncode == 0
    found = json.loads(done.stdout)
    right = 398 / 400  # two completions hedge: they are labeled wrong, but their last number is right
    agreed = right * (1 - NOISE) + (1 - right) * NOISE
    for name, truth in (("agreement", agreed), ("flips", 2 * NOISE * (1 - NOISE))):
        assert found[name]["low"] <= truth <= found[name]["high"], name
    assert found["noise_of_total"]["value"] == pytest.approx(4 * NOISE * (1 - NOISE), abs=0.05)
    assert found["trust"]["verdict"] == "trust"
    assert found["sentence"].startswith("Trust: kappa with is_right is 0.")
    assert found["limits"] == []


def test_80_columns_hold_all_and_the_worst_are_shown_with_their_texts(folder):
    done = rft_inside(folder, "calibrate", "judged", "--worst", 2)
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert done.stdout.startswith("Trust: ")
    shown = done.stdout.partition("where it disagrees, worst first: ")[2]
    assert shown.count("completion") == shown.count("\n    reason     ") == 2
    assert "more; --worst N lists more" in shown
    for title in ("people: 400 labels of 400 rollouts", "the grader against itself", "repeats needed"):
        assert title in done.stdout
    whole = rft_inside(folder, "calibrate", "judged", "--all").stdout
    assert whole.count("completion") > 20


def test_limits_decide_the_exit_code(folder):
    done = rft_inside(folder, "calibrate", "judged", "--fail-on", "kappa=0.7", "--fail-on", "flips=1%")
    assert done.returncode == 1
    assert "kept: 0." in done.stdout
    assert "TOO HIGH: 0." in done.stdout
    assert rft_inside(folder, "calibrate", "judged", "--fail-on", "kappa=0.7").returncode == 0
    unmeasured = rft_inside(folder, "calibrate", "judged", "--fail-on", "position=5%")
    assert unmeasured.returncode == 2
    assert "NOT MEASURED: no grading has the metric judge_first_expected" in " ".join(
        unmeasured.stdout.split()
    )


def test_one_grading_each_measures_agreement_alone(folder):
    done = rft_inside(folder, "calibrate", "once")
    assert done.returncode == 0
    assert " ".join(done.stdout.split()).count("graded once each; replay with --repeats 3") == 1
    assert rft_inside(folder, "calibrate", "once", "--fail-on", "noise=20%").returncode == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nothing",), "there is no run here"),
        (("judged", "--label", "nothing"), "no rollout has the field 'nothing'"),
        (("judged", "--label", "model"), "no rollout with a reward has a label in 'model' that can be read"),
        (("judged", "--metric", "polite"), "has the metric 'polite'. It has no metrics."),
        (("judged", "--label-file", "nothing.jsonl", "--label", "a"), "nothing.jsonl"),
        (("judged", "--label-value", "good"), "not a label with a reward"),
        (("judged", "--label-threshold", "1", "--label-range", "1", "5"), "label range has no effect"),
        (("judged", "--fail-on", "kapa=1"), "Did you mean kappa?"),
        (("judged", "--range", "0", "5"), "the grader declares a range"),
    ],
)
def test_what_cannot_be_meant_is_refused(folder, words, said):
    assert said in refusal(folder, "calibrate", *words)


def test_how_the_run_was_replayed_holds_over_the_project_s_settings(folder, tmp_path):
    (tmp_path / "runs").symlink_to(folder / "runs")
    (tmp_path / "rft.toml").write_text('label = "other"\nlabel_threshold = 0.5\n', encoding="utf-8")
    shutil.copy(folder / "labeled.jsonl", tmp_path)
    found = json.loads(rft_inside(tmp_path, "calibrate", "judged", "--json").stdout)
    assert found["labels"] == ["is_right"]
    assert "no rollout has the field 'model2'" in refusal(
        tmp_path, "calibrate", "judged", "--label", "model2"
    )


def test_a_second_rater_stands_below_the_first(folder):
    with (folder / "labeled.jsonl").open(encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    labels = [
        {"id": one["id"], "anna": one["is_right"], "bernd": at % 5 == 0} for at, one in enumerate(lines)
    ]
    (folder / "people.jsonl").write_text("\n".join(map(json.dumps, labels)), encoding="utf-8")
    words = ("--label-file", "people.jsonl", "--label", "anna", "--label", "bernd", "--worst", 0)
    done = rft_inside(folder, "calibrate", "judged", *words)
    assert "\n  kappa with bernd           " in done.stdout
    assert "\n    anna with bernd          " in done.stdout
    assert "anna and bernd agree with a kappa of only" in " ".join(done.stdout.split())
    assert "labels of one rater" not in done.stdout
