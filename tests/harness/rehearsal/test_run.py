"""Whole rehearsals: the emulator as a process, the real client, and what each kind of grader leads to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.cli.rehearse import Told
from harness.errors import HarnessError, InputError
from harness.rehearsal.run import quarters
from harness.samples import ROLLOUTS
from support.rehearsing import RIGHT, head, kinds, rehearsed, write_graders

EPOCH_STEPS = 68


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The rehearsal that the demonstration shows."""
    return rehearsed(tmp_path_factory.mktemp("sound"), RIGHT)


def test_a_sound_grader_is_learned_from_and_it_carries_over(sound: Any) -> None:
    expected = sound.learned["expected_reward"]
    assert (sound.job["status"], sound.curves.step) == ("succeeded", EPOCH_STEPS)
    assert kinds(sound) == ["learned"]
    assert expected["after"]["held_out"] > expected["before"]["held_out"] + 0.1
    assert sound.rewards[-1] > sound.rewards[0]
    assert sound.controls is not None
    assert sound.controls.works


def test_the_styles_that_are_often_right_are_amplified_and_others_suppressed(sound: Any) -> None:
    good = {"synthetic-checked", "synthetic-steps", "synthetic-worked"}
    amplified, suppressed = sound.learned["amplified"], sound.learned["suppressed"]
    assert {shift["model"] for shift in amplified} <= good
    assert not {shift["model"] for shift in suppressed} & good
    by_model = sound.learned["by_model"]
    grew = {name for name, figures in by_model.items() if figures["after"] > figures["before"]}
    assert grew == good


def test_the_evaluation_through_the_api_agrees_with_the_exact_figures(sound: Any) -> None:
    expected = sound.learned["expected_reward"]
    base, tuned = (standing.reward.mean for standing in sound.evaluation.standings)
    # Two answers a record, 30 records: the standard error is below 0.1.
    assert base == pytest.approx(expected["before"]["held_out"], abs=0.2)
    assert tuned == pytest.approx(expected["after"]["held_out"], abs=0.2)
    assert sound.evaluation.pairs[0].wins > sound.evaluation.pairs[0].losses


def test_the_example_is_an_answer_that_got_better(sound: Any) -> None:
    example = sound.example
    assert (example.reward_before, example.reward_after) == (0.0, 1.0)
    assert example.before != example.after
    assert example.higher > example.lower
    assert "held_out" not in example.id


def test_the_whole_is_one_json_object(sound: Any) -> None:
    found = json.loads(json.dumps(sound.to_json(), allow_nan=False))
    assert found["verdicts"][0]["kind"] == "learned"
    assert len(found["curves"]["critic_rewards_mean"]) == EPOCH_STEPS


def test_a_constant_grader_teaches_nothing_and_the_policy_stays(tmp_path: Path) -> None:
    found = rehearsed(
        tmp_path, f"{write_graders(tmp_path)}:constant", head(tmp_path / "r.jsonl", ROLLOUTS, 400)
    )
    assert kinds(found) == ["constant"]
    assert found.learned["amplified"] == found.learned["suppressed"] == []
    expected = found.learned["expected_reward"]
    assert expected["before"] == expected["after"]
    assert found.learned["never_moved"]["groups"] == 45
    assert found.example is None


def test_a_reward_for_length_is_called_that(tmp_path: Path) -> None:
    found = rehearsed(tmp_path, f"{write_graders(tmp_path)}:longer")
    assert kinds(found) == ["learned", "length"]
    assert found.lengths[-1] > found.lengths[0]


def test_a_grader_that_wants_what_nobody_writes_is_to_blame(tmp_path: Path) -> None:
    rollouts = head(tmp_path / "r.jsonl", ROLLOUTS, 400)
    [verdict] = rehearsed(tmp_path, f"{write_graders(tmp_path)}:other_format", rollouts).verdicts
    assert verdict.kind == "constant"
    assert "Look at the grader first" in verdict.message


def test_labels_and_the_harness_own_fields_never_reach_the_grader(tmp_path: Path) -> None:
    rollouts = head(tmp_path / "r.jsonl", ROLLOUTS, 400)
    found = rehearsed(tmp_path, f"{write_graders(tmp_path)}:watching", rollouts)
    assert found.split.left_out == ["is_right"]
    assert found.learned["graded"]["completions"] == found.learned["graded"]["asked"] == 400
    assert found.evaluation is not None
    assert all(not standing.failures for standing in found.evaluation.standings)


def test_a_job_that_fails_says_why_and_the_next_call_begins_anew(tmp_path: Path) -> None:
    rollouts = head(tmp_path / "r.jsonl", ROLLOUTS, 400)
    grader = f"{write_graders(tmp_path)}:raising"
    for _ in range(2):
        with pytest.raises(HarnessError, match="got no reward: the job stops.*rft replay .*raising"):
            rehearsed(tmp_path, grader, rollouts)


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "rehearsal"
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="no rehearsal"):
        rehearsed(tmp_path, RIGHT)
    assert (folder / "mine.txt").read_text() == "mine"


@pytest.mark.slow
def test_a_rehearsal_cut_off_goes_on_and_comes_to_the_same(tmp_path: Path) -> None:
    rollouts = head(tmp_path / "r.jsonl", ROLLOUTS, 800)
    grader = f"{write_graders(tmp_path)}:slow"
    (tmp_path / "whole").mkdir()
    whole = rehearsed(tmp_path / "whole", grader, rollouts)

    class Breaks(Told):
        """Stands for whatever ends the process when some steps are done."""

        def state(self, job: Any, curves: Any) -> None:
            if 2 <= curves.step < 20:
                raise KeyboardInterrupt

    from harness.cli.rehearse import start_emulator
    from harness.rehearsal.request import RehearsalRequest
    from harness.rehearsal.run import rehearse

    request = RehearsalRequest(
        rollouts=rollouts, grader=grader, into=tmp_path / "rehearsal", emulate=start_emulator, n=2
    )
    with pytest.raises(KeyboardInterrupt):
        rehearse(request, Breaks())
    events = (tmp_path / "rehearsal" / "jobs" / "rehearsal" / "events.jsonl").read_bytes()
    again = rehearse(request, Told())
    assert (tmp_path / "rehearsal" / "jobs" / "rehearsal" / "events.jsonl").read_bytes().startswith(events)
    assert (
        again.curves.series["critic_rewards_mean"].curve()
        == whole.curves.series["critic_rewards_mean"].curve()
    )
    assert again.learned["expected_reward"]["after"] == whole.learned["expected_reward"]["after"]
    assert again.evaluation is not None
    assert whole.evaluation is not None
    assert [one.by_record for one in again.evaluation.standings] == [
        one.by_record for one in whole.evaluation.standings
    ]


def test_quarters() -> None:
    assert quarters([1.0, 2.0, 3.0]) == []
    assert quarters([1.0, 2.0, 3.0, 4.0]) == [1.0, 2.0, 3.0, 4.0]
    assert quarters([0.0] * 5 + [1.0] * 5) == [0.0, pytest.approx(0.0), pytest.approx(1.0), 1.0]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_one_epoch_of_the_shipped_samples_is_learned_from_on_every_seed(tmp_path: Path, seed: int) -> None:
    found = rehearsed(tmp_path, RIGHT, seed=seed)
    expected = found.learned["expected_reward"]
    assert found.curves.step == EPOCH_STEPS
    assert expected["after"]["held_out"] > expected["before"]["held_out"] + 0.1
    assert found.rewards[-1] - found.rewards[0] >= 0.2, found.rewards


@pytest.mark.slow
def test_real_completions_are_flat_and_the_grader_is_not_to_blame(tmp_path: Path, shared_data: Path) -> None:
    rollouts = shared_data / "gsm8k" / "labelled-rollouts.jsonl"
    found = rehearsed(tmp_path, f"{write_graders(tmp_path)}:any_number", rollouts)
    [verdict] = found.verdicts
    assert verdict.kind == "flat"
    assert "style of these completions does not separate right from wrong" in verdict.message
    assert "The grader is not to blame" in verdict.message
    assert abs(found.rewards[-1] - found.rewards[0]) < 0.1
