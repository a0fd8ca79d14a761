from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.api.types import ENTROPY, RESPONSE_LENGTH_MEAN, REWARD_MEAN
from harness.clock import SystemClock
from harness.disk import lock
from harness.errors import HarnessError, InputError
from harness.follow.watch import Polling, watch
from harness.jobs.journal import Entry
from harness.jobs.plan import Plan, hyperparameters, read_training_file
from harness.jobs.submit import submit
from harness.rehearsal.rehearsal_file import Rehearsal, read_rehearsal
from harness.rehearsal.rewards import KeptRewards
from harness.rehearsal.run import RehearsalRequest, StepFigures, quarters, rehearse
from harness.report.rehearsal import rehearsal_lines
from harness.samples import ROLLOUTS
from harness.simulator.grader_calls import GraderCalls, SampleReward, Turn
from harness.simulator.pool import Candidate
from support.rehearsing import (
    ARN,
    MODEL,
    RIGHT,
    connection,
    emulator,
    head,
    kinds,
    rehearsed,
    unique,
    unlabeled,
    write_graders,
)

EPOCH_STEPS = 68
FILES = {"training.jsonl", "held_out.jsonl", "rehearsal.json", "rewards.jsonl"}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Rehearsal:
    """The rehearsal that `rft demo` shows."""
    return rehearsed(tmp_path_factory.mktemp("sound"), RIGHT)


@pytest.fixture
def some(tmp_path: Path) -> Path:
    """The rollouts of 50 records."""
    return head(tmp_path / "r.jsonl", ROLLOUTS, 400)


def graded_once(folder: Path) -> list[str]:
    """Return what a rehearsal of 50 records graded: 400 completions, 90 controls, and made completions."""
    kept = [json.loads(line) for line in (folder / "rewards.jsonl").read_text().splitlines()[1:]]
    keys = [key for line in kept for key in line]
    assert unique(keys)
    assert sum(key.startswith("control:") for key in keys) == 2 * 45
    assert sum(key.startswith("made:") for key in keys) == len(keys) - 400 - 2 * 45 > 100
    return keys


def test_a_sound_grader_is_learned_from_and_it_carries_over(sound: Rehearsal) -> None:
    assert sound.steps == EPOCH_STEPS
    assert [round(value, 3) for value in sound.reward_by_quarter] == [0.483, 0.673, 0.737, 0.846]
    assert sound.folds is not None
    assert sound.folds.goal == "is_right"
    assert sound.folds.reward is not None
    assert sound.folds.reward == sound.folds.right
    assert (round(sound.folds.reward.before, 3), round(sound.folds.reward.after, 3)) == (0.419, 0.792)
    assert sound.folds.reward.change.wins > sound.folds.reward.change.losses
    assert kinds(sound) == ["risen"]
    assert sound.controls is not None
    assert sound.controls.works


def test_the_styles_that_are_often_right_are_amplified_and_others_suppressed(sound: Rehearsal) -> None:
    good = {"synthetic-checked", "synthetic-steps", "synthetic-worked"}
    assert {shift.model for shift in sound.learned.amplified} <= good
    assert not {shift.model for shift in sound.learned.suppressed} & good
    grew = {name for name, figures in sound.learned.by_model.items() if figures.after > figures.before}
    assert grew == good


def test_the_example_is_a_record_on_which_the_better_completion_gained(sound: Rehearsal) -> None:
    example = sound.example
    assert example is not None
    assert (example.reward_before, example.reward_after) == (0.0, 1.0)
    assert example.before_probability[0] > example.before_probability[1]
    assert example.after_probability[0] < example.after_probability[1]


def test_the_folder_holds_the_rehearsal_and_reads_back(sound: Rehearsal) -> None:
    assert {path.name for path in sound.folder.iterdir()} == FILES
    assert read_rehearsal(sound.folder) == sound
    found = json.loads(json.dumps(sound.to_json(), allow_nan=False))
    assert found["verdicts"][0]["kind"] == "risen"
    assert len(found["curves"]["critic_rewards_mean"]) == EPOCH_STEPS


def test_questions_to_a_judge_are_counted_and_told(tmp_path: Path, sound: Rehearsal) -> None:
    class Calls(GraderCalls):
        def __init__(self) -> None:
            pass

        def grade(self, turns: Sequence[Turn]) -> list[SampleReward]:
            return [SampleReward(1.0, None, {"judge_calls": 2.0, "a.judge_calls": 1.0}) for _ in turns]

    turns = [Turn({}, Candidate({}, f"key {at}", None, None), "") for at in range(20)]
    with KeptRewards(tmp_path / "rewards.jsonl", sound.identity, Calls()) as rewards:
        rewards.grade(turns)
        rewards.grade(turns)
        assert rewards.questions == 60
    assert not any("judge" in line.text for line in rehearsal_lines(sound))
    told = [line.text for line in rehearsal_lines(replace(sound, questions=57, questions_made=26))]
    assert "questions that a judge answered: 57, 26 of them about completions that" in "\n".join(told)


def test_a_completion_that_ends_the_grader_s_process_costs_itself_alone(tmp_path: Path, some: Path) -> None:
    whole = rehearsed(tmp_path, RIGHT, some, name="whole")
    found = rehearsed(tmp_path, f"{write_graders(tmp_path)}:ending", some, name="ending")
    assert kinds(found) == kinds(whole)
    assert [remark for remark in found.remarks if "its call ended the grader's process" in remark]
    kept = [json.loads(line) for line in (found.folder / "rewards.jsonl").read_text().splitlines()[1:]]
    before = [json.loads(line) for line in (whole.folder / "rewards.jsonl").read_text().splitlines()[1:]]
    rewards, others = ({key: one for line in lines for key, one in line.items()} for lines in (kept, before))
    lost = others.keys() - rewards.keys()
    assert len(lost) == 2
    assert rewards == {key: one for key, one in others.items() if key not in lost}


def test_a_grader_that_always_ends_its_process_fails_the_job(tmp_path: Path, some: Path) -> None:
    (tmp_path / "my_grader.py").write_text("import os\ndef handler(event, context):\n    os._exit(1)\n")
    with pytest.raises(HarnessError, match="ended its own process with exit code 1") as caught:
        rehearsed(tmp_path, f"{tmp_path / 'my_grader.py'}:handler", some)
    assert "the job did not succeed: The grader (in-process) failed" in caught.value.message


def differing(folder: Path, rollouts: Path) -> Path:
    """Write rollouts whose `level` differs within each record, and a grader that pays for it."""
    lines = [json.loads(line) for line in rollouts.read_text(encoding="utf-8").splitlines()]
    path = folder / "differing.jsonl"
    texts = [json.dumps({**one, "level": at % 8}) + "\n" for at, one in enumerate(lines)]
    path.write_text("".join(texts), encoding="utf-8")
    source = "from graders import Sample, grader\n\n@grader\ndef level(sample: Sample) -> float:\n"
    (folder / "my_grader.py").write_text(f"{source}    return sample.fields.get('level', 0) / 8\n")
    return path


def test_a_field_that_differs_within_a_record_is_the_grader_s_where_the_user_says_so(
    tmp_path: Path, some: Path
) -> None:
    rollouts, grader = differing(tmp_path, some), f"{tmp_path / 'my_grader.py'}:level"
    hidden = rehearsed(tmp_path, grader, rollouts, name="hidden")
    assert (hidden.sizes.left_out, set(hidden.reward_by_quarter)) == (["is_right", "level"], {0.0})
    kept = rehearsed(tmp_path, grader, rollouts, name="kept", keep_field=("level",))
    assert kept.sizes.left_out == ["is_right"]
    remark = "kept with the value from each record's first rollout, even though it differs: level"
    assert remark in kept.remarks


def test_the_training_file_decides_which_fields_the_grader_sees(tmp_path: Path, some: Path) -> None:
    rollouts, grader = differing(tmp_path, some), f"{tmp_path / 'my_grader.py'}:level"
    lines = [json.loads(line) for line in rollouts.read_text(encoding="utf-8").splitlines()]
    records = {one["record"]: {**one, "messages": one["messages"][:-1], "level": 4} for one in lines}
    fields = ("messages", "reference_answer", "level", "record")
    texts = [json.dumps({name: one[name] for name in fields}) + "\n" for one in records.values()]
    (tmp_path / "train.jsonl").write_text("".join(texts), encoding="utf-8")
    found = rehearsed(tmp_path, grader, rollouts, records=tmp_path / "train.jsonl")
    assert set(found.reward_by_quarter) == {0.5}
    (tmp_path / "train.jsonl").write_text(texts[0], encoding="utf-8")
    with pytest.raises(InputError, match=r"differing.jsonl:\d+: the rollout's record is not in"):
        rehearsed(tmp_path, grader, rollouts, name="short", records=tmp_path / "train.jsonl")
    with pytest.raises(InputError, match="decide what the grader sees"):
        rehearsed(
            tmp_path, grader, rollouts, name="both", keep_field=("a",), records=tmp_path / "train.jsonl"
        )


def test_a_constant_grader_teaches_nothing_and_the_policy_stays(tmp_path: Path, some: Path) -> None:
    found = rehearsed(tmp_path, f"{write_graders(tmp_path)}:constant", some)
    assert kinds(found) == ["constant"]
    assert found.learned.amplified == found.learned.suppressed == []
    assert found.learned.expected_reward.before == found.learned.expected_reward.after
    assert "This applies to the" in found.verdicts[0].message
    assert found.learned.never_moved.groups == 45
    assert found.example is None


def test_a_reward_for_length_lengthens(tmp_path: Path) -> None:
    found = rehearsed(tmp_path, f"{write_graders(tmp_path)}:longer")
    assert found.length_by_quarter[-1] > found.length_by_quarter[0]


def test_a_grader_that_wants_what_nobody_writes_is_to_blame(tmp_path: Path, some: Path) -> None:
    [verdict] = rehearsed(tmp_path, f"{write_graders(tmp_path)}:other_format", some).verdicts
    assert verdict.kind == "constant"
    assert "Check the grader first" in verdict.message


def test_a_handler_whose_range_nobody_knows_is_judged_without_it(tmp_path: Path, some: Path) -> None:
    found = rehearsed(tmp_path, f"{write_graders(tmp_path)}:by_hand", some)
    assert found.controls is not None
    assert found.controls.own_highest is None
    assert found.controls.apart == 0
    assert found.verdicts[0].kind == "bought"


def test_labels_and_the_harness_own_fields_never_reach_the_grader(tmp_path: Path, some: Path) -> None:
    found = rehearsed(tmp_path, f"{write_graders(tmp_path)}:watching", some)
    assert found.sizes.left_out == ["is_right"]
    assert not any("got no reward" in reason for reason in found.unchecked)
    assert found.learned.graded.completions == found.learned.graded.asked == 400


def test_every_record_is_judged_though_none_is_held_out(tmp_path: Path, some: Path) -> None:
    found = rehearsed(tmp_path, RIGHT, some, holdout=0.0)
    assert found.folds is not None
    assert found.folds.reward is not None
    assert found.folds.reward.change.difference.records == 50
    assert found.example is None


def test_a_reward_that_wrong_answers_earn_is_called_bought(tmp_path: Path) -> None:
    found = rehearsed(tmp_path, f"{write_graders(tmp_path)}:shorter")
    assert kinds(found) == ["bought"]
    assert "the reward is bought with wrong answers" in found.verdicts[0].message


def test_without_labels_what_the_reward_favors_is_named(tmp_path: Path) -> None:
    path = unlabeled(tmp_path / "unlabeled.jsonl")
    [verdict] = rehearsed(tmp_path, f"{write_graders(tmp_path)}:shorter", path).verdicts
    assert "empty answers" in verdict.message
    assert "Whether these are right was not measured: `rft rehearse --goal FIELD`" in verdict.message


@pytest.mark.parametrize(
    ("name", "labeled", "expected"),
    [
        ("guessing", True, {"B003": "all answers of a record"}),
        ("nothing", False, {"B003": "an empty answer (reward 1.000"}),
        ("brief", False, {"B004": "completions with equal right, shorter ones earn more"}),
        ("brief", True, {"B004": "wrong completions (is_right), shorter ones earn more"}),
        ("shorter", True, {"B001": "", "B002": "", "B003": "an empty answer", "B004": "shorter ones"}),
        ("constant", True, {}),
    ],
)
def test_a_defective_reward_is_named_by_what_it_pays(
    tmp_path: Path, name: str, labeled: bool, expected: dict[str, str]
) -> None:
    rollouts = head(tmp_path / "r.jsonl", ROLLOUTS, 400)
    if not labeled:
        unlabeled(rollouts, rollouts)
    found = rehearsed(tmp_path, f"{write_graders(tmp_path)}:{name}", rollouts)
    said = [(finding.id, finding.message) for finding in found.findings]
    assert {name for name, _ in said} == expected.keys()
    for name, part in expected.items():
        assert any(part in message for other, message in said if other == name), said


def test_a_sound_reward_is_not_warned_of_with_or_without_labels(sound: Rehearsal, tmp_path: Path) -> None:
    assert (sound.findings, sound.unchecked) == ([], [])
    found = rehearsed(tmp_path, RIGHT, unlabeled(tmp_path / "r.jsonl"))
    assert found.findings == []
    assert [reason[:4] for reason in found.unchecked] == ["B001", "B004"]


def test_made_completions_that_the_grader_cannot_take_are_said_and_end_nothing(
    tmp_path: Path, some: Path
) -> None:
    source = "def handler(event, context):\n    rows = []\n    for item in event:\n"
    source += "        assert item['messages'][-1]['content'], 'empty'\n"
    source += "        rows.append({'id': item['id'], 'aggregate_reward_score': 0.5})\n    return rows\n"
    (tmp_path / "my_grader.py").write_text(source)
    lines = [json.loads(line) for line in some.read_text().splitlines()]
    texts = [json.dumps(one) + "\n" for one in lines if one["messages"][-1]["content"]]
    some.write_text("".join(texts))
    found = rehearsed(tmp_path, f"{tmp_path / 'my_grader.py'}:handler", some)
    assert kinds(found) == ["constant"]
    assert any("B003 was not checked for this: an empty answer" in reason for reason in found.unchecked)
    assert len(found.made) > 1


def test_a_resumed_rehearsal_still_knows_the_components(tmp_path: Path, some: Path) -> None:
    unlabeled(some, some)
    grader = f"{write_graders(tmp_path)}:brief"
    first = rehearsed(tmp_path, grader, some)
    assert [finding.id for finding in first.findings] == ["B004"]
    (first.folder / "rehearsal.json").unlink()
    kept = (first.folder / "rewards.jsonl").read_bytes()
    assert rehearsed(tmp_path, grader, some) == first
    assert (first.folder / "rewards.jsonl").read_bytes() == kept


def test_a_rehearsal_of_schema_2_is_still_read(sound: Rehearsal, tmp_path: Path) -> None:
    old = json.loads((sound.folder / "rehearsal.json").read_text())
    del old["folds"]
    old |= {"schema": 2, "held_out": {"before": 0.4, "after": 0.8, "change": {}}}
    (tmp_path / "rehearsal.json").write_text(json.dumps(old))
    found = read_rehearsal(tmp_path)
    assert found is not None
    assert (found.folds, found.curves) == (None, sound.curves)


def test_a_job_that_fails_says_why_each_time(tmp_path: Path, some: Path) -> None:
    grader = f"{write_graders(tmp_path)}:raising"
    for _ in range(2):
        with pytest.raises(HarnessError, match="got no reward: the job stops.*rft replay .*raising"):
            rehearsed(tmp_path, grader, some)


def test_abstentions_are_no_fault_of_the_grader(tmp_path: Path, some: Path) -> None:
    assert kinds(rehearsed(tmp_path, f"{write_graders(tmp_path)}:abstaining", some)) == ["unrewarded"]


def test_the_same_call_again_grades_nothing_and_gives_the_same(
    tmp_path: Path, some: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    grader = f"{write_graders(tmp_path)}:counting"
    first = rehearsed(tmp_path, grader, some)
    log = tmp_path / "rehearsal" / "grader.log"
    printed = log.read_text()
    assert printed.count("graded") == 2 * len(graded_once(first.folder))
    assert rehearsed(tmp_path, grader, some) == first
    assert log.read_text() == f"{printed}imported\n"
    assert capfd.readouterr() == ("", "")


def test_another_rehearsal_in_the_folder_is_refused_and_named(tmp_path: Path, some: Path) -> None:
    rehearsed(tmp_path, RIGHT, some)
    before = {path.name: path.read_bytes() for path in (tmp_path / "rehearsal").iterdir()}
    with pytest.raises(InputError, match=r"contains another rehearsal \(other seed\).*--out"):
        rehearsed(tmp_path, RIGHT, some, seed=1)
    (tmp_path / "rehearsal" / "rehearsal.json").unlink()
    with pytest.raises(InputError, match=r"contains another rehearsal \(other group_size\)"):
        rehearsed(tmp_path, RIGHT, some, group_size=4)
    rehearsed(tmp_path, RIGHT, some)
    assert {path.name: path.read_bytes() for path in (tmp_path / "rehearsal").iterdir()} == before


@pytest.mark.parametrize("name", ["mine.txt", "rehearsal.json", "rewards.jsonl"])
def test_a_folder_of_something_else_is_left_alone(tmp_path: Path, some: Path, name: str) -> None:
    folder = tmp_path / "rehearsal"
    folder.mkdir()
    (folder / name).write_text('{"mine": 1}\n')
    with pytest.raises(InputError, match=r"not a (?:readable )?rehearsal.*--out"):
        rehearsed(tmp_path, RIGHT, some)
    assert {path.name for path in folder.iterdir()} == {name}
    assert (folder / name).read_text() == '{"mine": 1}\n'


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path, some: Path) -> None:
    (tmp_path / "rehearsal").write_text("mine")
    with pytest.raises(InputError, match="this path is not a folder"):
        rehearsed(tmp_path, RIGHT, some)


def test_a_folder_written_by_0_1_0_is_named_as_another_versions(tmp_path: Path, some: Path) -> None:
    folder = tmp_path / "rehearsal"
    folder.mkdir()
    old = Path(__file__).parents[2] / "support" / "written_by_0_1_0" / "rehearsal.json"
    (folder / "rehearsal.json").write_bytes(old.read_bytes())
    with pytest.raises(InputError, match=r"has schema 1.*--out"):
        rehearsed(tmp_path, RIGHT, some)


def test_an_interrupted_rehearsal_that_printed_nothing_leaves_no_log(tmp_path: Path, some: Path) -> None:
    class Breaks:
        """Raises KeyboardInterrupt before the first step."""

        def stage(self, name: str) -> None:
            if name == "running the job":
                raise KeyboardInterrupt

        def step(self, figures: Callable[[], StepFigures]) -> None:
            """Never called."""

    out = tmp_path / "rehearsal"
    with pytest.raises(KeyboardInterrupt):
        rehearse(RehearsalRequest(rollouts=some, grader=RIGHT, out=out), Breaks())
    assert {path.name for path in out.iterdir()} == {"rewards.jsonl"}


def test_two_at_once_do_not_share_a_folder(tmp_path: Path, some: Path) -> None:
    held = lock(tmp_path / "rehearsal" / ".lock", "this rehearsal")
    try:
        with pytest.raises(InputError, match="this rehearsal is in use"):
            rehearsed(tmp_path, RIGHT, some)
    finally:
        held.close()


def test_interrupted_it_leaves_rewards_alone_and_resumes_without_grading_twice(
    tmp_path: Path, some: Path
) -> None:
    grader = f"{write_graders(tmp_path)}:counting"

    class Breaks:
        """Raises KeyboardInterrupt in the middle of the job."""

        def stage(self, name: str) -> None:
            """Does nothing."""

        def step(self, figures: Callable[[], StepFigures]) -> None:
            if figures().step == 5:
                raise KeyboardInterrupt

    out = tmp_path / "rehearsal"
    with pytest.raises(KeyboardInterrupt):
        rehearse(RehearsalRequest(rollouts=some, grader=grader, out=out), Breaks())
    assert {path.name for path in out.iterdir()} == {"rewards.jsonl", "grader.log"}
    with (out / "rewards.jsonl").open("ab") as file:
        file.write(b'{"key": "torn')
    found = rehearsed(tmp_path, grader, some)
    assert (out / "grader.log").read_text().count("graded") == 2 * len(graded_once(out))
    (tmp_path / "whole").mkdir()
    whole = rehearsed(tmp_path / "whole", grader, some)
    assert (found.curves, found.learned, found.folds) == (whole.curves, whole.learned, whole.folds)


def test_quarters() -> None:
    assert quarters([1.0, 2.0, 3.0]) == []
    assert quarters([1.0, 2.0, 3.0, 4.0]) == [1.0, 2.0, 3.0, 4.0]
    assert quarters([0.0] * 5 + [1.0] * 5) == [0.0, pytest.approx(0.0), pytest.approx(1.0), 1.0]


@pytest.mark.slow
def test_the_way_through_the_http_emulator_gives_the_same_figures(sound: Rehearsal, tmp_path: Path) -> None:
    """The real client uploads, submits and follows the job on an emulator in its own process."""

    class Quiet:
        """An observer that ignores everything."""

        def __getattr__(self, name: str) -> Callable[..., None]:
            return lambda *_: None

    with (
        emulator(tmp_path, functions={"right": RIGHT}) as process,
        connection(process.base_url) as client,
    ):
        training = read_training_file(sound.folder / "training.jsonl")
        plan = Plan(training, ARN, MODEL, hyperparameters(), process.base_url, None)
        entry = Entry.open(tmp_path / "jobs", "same", plan, "now")
        job = submit(client, plan, entry, SystemClock()).job
        clock, pace = SystemClock(), Polling(0.2, 60.0)
        end = watch(client, str(job.id), tmp_path / "jobs" / "same", observer=Quiet(), clock=clock, pace=pace)
        import httpx2

        with httpx2.Client(trust_env=False, timeout=60.0) as http:
            learned: Any = http.get(f"{process.admin_url}/jobs/{job.id}/learned").json()
    for name in (REWARD_MEAN, ENTROPY, RESPONSE_LENGTH_MEAN):
        assert end.curves.series[name].curve() == sound.curves[name]
    mine = sound.to_json()["learned"]
    for part in ("steps", "draws", "graded", "never_moved", "by_model", "length"):
        assert learned[part] == mine[part]
    for part in ("folds", "controls", "made", "findings", "verdicts"):
        assert learned[part] == sound.to_json()[part]
    for when in ("before", "after"):
        assert learned["expected_reward"][when] == pytest.approx(mine["expected_reward"][when], abs=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_one_epoch_of_the_shipped_samples_is_learned_from_on_every_seed(tmp_path: Path, seed: int) -> None:
    found = rehearsed(tmp_path, RIGHT, seed=seed)
    assert found.steps == EPOCH_STEPS
    assert found.folds is not None
    assert found.folds.reward is not None
    assert found.folds.reward.after > found.folds.reward.before + 0.1
    assert found.reward_by_quarter[-1] - found.reward_by_quarter[0] >= 0.2, found.reward_by_quarter


@pytest.mark.slow
def test_real_completions_are_flat_and_the_grader_is_not_to_blame(tmp_path: Path, shared_data: Path) -> None:
    rollouts = shared_data / "gsm8k" / "labelled-rollouts.jsonl"
    found = rehearsed(tmp_path, f"{write_graders(tmp_path)}:any_number", rollouts)
    assert found.verdicts[0].kind == "flat"
    assert "The grader separates right from wrong" in found.verdicts[0].message
    assert abs(found.reward_by_quarter[-1] - found.reward_by_quarter[0]) < 0.1
