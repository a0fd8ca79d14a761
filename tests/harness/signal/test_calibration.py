from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from harness.errors import InputError
from harness.runs.labels import LabelRule
from harness.runs.rows import read_rows
from harness.signal import calibration
from harness.signal.human_labels import LabelReading, read_value
from support.finished_runs import finished_run
from support.run_records import row_of, unknown_grader

WRONG = 0.1


def calibrate(*arguments, **more):
    """Untyped `calibrate`: a figure that was not measured is None, so comparing it fails the test."""
    return calibration.calibrate(*arguments, **more)


def run_of(folder, labels, rewards, *, metrics=(), groups=4, others=(), **facts):
    """Make a run of labeled rollouts. `rewards` holds the rewards of each rollout's repeats."""
    facts = {"repeats": len(rewards[0]), "label": "human", **facts}
    fields = [dict(one) for one in others] or [{} for _ in labels]
    rollouts = [
        {
            "id": f"r{at}",
            "record": f"p{at // groups}",
            "messages": [
                {"role": "user", "content": f"question {at // groups}"},
                {"role": "assistant", "content": f"answer {at}"},
            ],
            "human": label,
            **fields[at],
        }
        for at, label in enumerate(labels)
    ]
    rows = [
        row_of(f"r{at}", reward, repeat=repeat, group=f"p{at // groups}", label=label)
        for at, (label, given) in enumerate(zip(labels, rewards, strict=True))
        for repeat, reward in enumerate(given)
    ]
    for row, reported in zip(rows, metrics, strict=bool(metrics)):
        row["metrics"] = reported
    return finished_run(folder, rollouts, rows, **facts)


def judged(wrong, count=160, repeats=3, seed=3):
    """Return labels of both kinds, and gradings that disagree with a share `wrong` of them."""
    draw = random.Random(seed)
    labels = [draw.random() < 0.5 for _ in range(count)]
    return labels, [[float(label ^ (draw.random() < wrong)) for _ in range(repeats)] for label in labels]


@pytest.mark.parametrize(
    ("wrong", "count", "verdict", "warned"),
    [
        (0.02, 300, "trust", ["one rater"]),
        (0.02, 60, "trust", ["60 labels are few", "one rater"]),
        (0.14, 160, "undecided", ["one rater"]),
        (0.3, 160, "do not trust", ["one rater", "kappa is below 0.7", "noise is at least as large"]),
        (0.02, 20, "not measured", ["20 labels are few", "one rater"]),
    ],
)
def test_kappa_and_noise_decide_the_verdict(tmp_path, wrong, count, verdict, warned):
    found = calibrate(run_of(tmp_path, *judged(wrong, count)))
    assert found.trust.verdict == verdict
    assert len(found.trust.warnings) == len(warned)
    assert all(part in said for part, said in zip(warned, found.trust.warnings, strict=True))


def test_equal_labels_are_not_measured(tmp_path):
    found = calibrate(run_of(tmp_path, [True] * 120, [[1.0, 0.0, 1.0]] * 120))
    assert found.trust.sentence == "Not measured: agreement with labels: every label says the same."
    assert found.flips.value == pytest.approx(2 / 3)


def test_a_rare_kind_of_label_is_warned_of(tmp_path):
    labels = [at % 50 == 0 for at in range(200)]
    found = calibrate(run_of(tmp_path, labels, [[float(label)] * 2 for label in labels]))
    assert "only 2.0% of the labels say the rarer" in found.trust.warnings[0]


def test_without_labels_the_grader_is_held_to_itself(tmp_path):
    labels, rewards = judged(WRONG)
    found = calibrate(run_of(tmp_path, labels, rewards, label=None))
    assert found.kappa.why == "no field is named; add --label FIELD"
    assert found.flips.value == pytest.approx(2 * WRONG * (1 - WRONG), abs=0.05)
    assert found.needed.repeats is not None


def test_one_grading_each_measures_only_agreement(tmp_path):
    found = calibrate(run_of(tmp_path, *judged(WRONG, repeats=1)))
    assert found.kappa.value == pytest.approx(1 - 2 * WRONG, abs=0.1)
    for one in (found.flips, found.verdict_flips, found.noise, found.noise_of_total, found.needed):
        assert one.why == "graded once each; replay with --repeats 3"


def test_gradings_without_a_reward_are_counted_but_drop_no_rollout(tmp_path):
    labels, rewards = judged(WRONG)
    broken = [[None, *given[1:]] for given in rewards]
    found = calibrate(run_of(tmp_path, labels, broken))
    assert found.errors == {"exception": 160}
    assert found.rollouts == found.labeled == 160
    assert "160 of 480 gradings have no reward" in found.trust.warnings[-1]


def test_a_run_without_a_reward_is_refused_with_what_failed_most(tmp_path):
    run = run_of(tmp_path, [True, False] * 3, [[1.0]] * 6)
    rows = [
        row | {"reward": None, "error": {"kind": "handler", "message": "no key"}}
        for row in read_rows(run.rewards)
    ]
    rows[0]["error"] = {"kind": "timeout", "message": "late"}
    (tmp_path / "again").mkdir()
    lines = [json.loads(line) for line in Path(run.rollouts_name).read_text().splitlines()]
    again = finished_run(tmp_path / "again", lines, rows, label="human")
    with pytest.raises(InputError, match="no rollout of this run has a reward: 5 of 6 .* handler: no key"):
        calibrate(again, ["human"])


def test_rewards_in_between_are_compared_with_the_middle(tmp_path):
    found = calibrate(run_of(tmp_path, [True, False] * 60, [[0.9, 0.4], [0.1, 0.4]] * 60))
    assert found.confusion.gradings == [[60, 60], [0, 120]]
    assert found.unpaid_yes.value == 0.5
    assert found.paid_no.value == 0.0
    assert found.agreement.value == 0.75


STARS = [1 + at % 5 for at in range(120)]


def test_numbers_of_another_scale_are_mapped_to_the_range(tmp_path):
    rewards = [[(stars - 1) / 4, min(1.0, stars / 4)] for stars in STARS]
    run = run_of(tmp_path, STARS, rewards)
    with pytest.raises(
        InputError, match="labels in 'human' run from 1 to 5, but the grader's range is from 0 to 1"
    ):
        calibrate(run)
    found = calibrate(run, scale=LabelReading(range=(1, 5)))
    assert found.kind == "numbers"
    assert found.agreement.value == pytest.approx(0.6)
    assert found.off_by == pytest.approx(0.1)
    assert 0.8 < found.kappa.value < 1
    assert found.confusion.labels == ["0", "0.25", "0.5", "0.75", "1"]
    yes = calibrate(run, scale=LabelReading(LabelRule(threshold=4)))
    assert yes.kind == "yes or no"
    with pytest.raises(InputError, match="the scale of labels is from 2 to 5"):
        calibrate(run, scale=LabelReading(range=(2, 5)))


def test_texts_stand_for_rewards_or_for_yes(tmp_path):
    words = ["good", "fair", "poor"] * 40
    values = {"good": 1.0, "fair": 0.5, "poor": 0.0}
    run = run_of(tmp_path, words, [[values[word]] * 2 for word in words])
    with pytest.raises(InputError, match="'good', 'fair', 'poor'"):
        calibrate(run)
    assert calibrate(run, scale=LabelReading(values=values)).kappa.value == 1.0
    assert calibrate(run, scale=LabelReading(LabelRule(true=("good",)))).kind == "yes or no"
    # Strings without a number are not labels.
    assert calibrate(run, scale=LabelReading(values={"good": 1.0, "poor": 0.0})).labeled == 80


def test_labels_are_read_as_the_replay_read_them(tmp_path):
    words = ["ok", "bad"] * 60
    run = run_of(tmp_path, words, [[1.0], [0.0]] * 60, label_rule=LabelRule(true=("ok",)))
    assert calibrate(run).kappa.value == 1.0


def test_another_field_is_read_from_the_rollouts_and_a_second_one_is_a_second_rater(tmp_path):
    labels, rewards = judged(0.05)
    draw = random.Random(1)
    others = [{"second": label ^ (draw.random() < 0.25)} for label in labels]
    run = run_of(tmp_path, labels, rewards, others=others)
    found = calibrate(run, ["human", "second"])
    assert [rater.label for rater in found.raters] == ["second"]
    assert found.raters[0].with_first.value == pytest.approx(0.5, abs=0.15)
    assert found.raters[0].with_grader.value < found.kappa.value
    assert any("human and second agree with a kappa of only" in warning for warning in found.trust.warnings)
    assert any("could see the label second" in warning for warning in found.trust.warnings)
    assert calibrate(run, ["second"]).kappa.value == found.raters[0].with_grader.value
    Path(run.rollouts_name).write_text("{}\n")
    with pytest.raises(InputError, match="labels cannot be read"):
        calibrate(run, ["second"])
    assert calibrate(run, ["human"]).kappa == found.kappa


def test_labels_in_a_separate_file_are_found_by_id(tmp_path):
    labels, rewards = judged(0.05)
    run = run_of(tmp_path, labels, rewards, label=None)
    Path(run.rollouts_name).write_text("{}\n")  # the rollouts file may change after the run
    file = tmp_path / "labels.jsonl"
    lines = [{"id": f"r{at}", "anna": label} for at, label in enumerate(labels[:100])]
    file.write_text("\n".join(map(json.dumps, [*lines, {"id": 7, "anna": True}])) + "\n")
    found = calibrate(run, ["anna"], file=file)
    assert found.labeled == 100
    assert found.trust.verdict == "trust"
    assert "whose id belongs to no rollout with a reward: 1" in " ".join(found.trust.warnings)
    assert not any("could see" in warning for warning in found.trust.warnings)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"anna": true}', r"labels.jsonl:1: this line has no rollout id"),
        ('{"id": true, "anna": true}', "no rollout id"),
        ("[1]", "no rollout id"),
        ("\n{", "labels.jsonl:2: "),
        ('{"id": 1}\n{"id": "1"}', "labels.jsonl:2: another line has the same id '1'"),
        ('{"id": "r1"}', "no line has the field 'anna'"),
        ("", "no line has the field 'anna'"),
    ],
)
def test_invalid_label_files_are_refused(tmp_path, text, said):
    run = run_of(tmp_path, *judged(0.05))
    (tmp_path / "labels.jsonl").write_text(text)
    with pytest.raises(InputError, match=said):
        calibrate(run, ["anna"], file=tmp_path / "labels.jsonl")


def test_labels_by_id_need_unique_ids(tmp_path):
    rollouts = [{"id": "same"}] * 2
    run = finished_run(tmp_path, rollouts, [row_of("same")] * 2)
    (tmp_path / "labels.jsonl").write_text('{"id": "same", "anna": true}')
    with pytest.raises(InputError, match="two rollouts have the id 'same'"):
        calibrate(run, ["anna"], file=tmp_path / "labels.jsonl")
    with pytest.raises(InputError, match="Add --label FIELD"):
        calibrate(run, file=tmp_path / "labels.jsonl")


def test_a_metric_can_be_compared_with_labels_instead_of_the_reward(tmp_path):
    labels, rewards = judged(0.05)
    metrics = [{"polite": reward} for given in rewards for reward in given]
    del metrics[0]["polite"]
    run = run_of(tmp_path, labels, [[0.2] * 3] * len(labels), metrics=metrics, grader=unknown_grader())
    found = calibrate(run, metric="polite")
    assert (found.metric, found.bounds, found.errors) == ("polite", (0.0, 1.0), {"no metric": 1})
    assert found.kappa.value == pytest.approx(0.9, abs=0.05)
    with pytest.raises(InputError, match="outside its range from 0 to 0.5. Add --range LOW HIGH"):
        calibrate(run, metric="polite", bounds=(0.0, 0.5))
    with pytest.raises(InputError, match="no grading of this run has the metric 'rude'. It has polite."):
        calibrate(run, metric="rude")


def test_labels_of_two_kinds_are_refused(tmp_path):
    run = run_of(tmp_path, [True, 0.5] * 60, [[1.0]] * 120)
    with pytest.raises(InputError, match="yes or no, others are numbers"):
        calibrate(run)


def test_yes_or_no_needs_a_range(tmp_path):
    run = run_of(tmp_path, *judged(WRONG), grader=unknown_grader())
    assert calibrate(run).kappa.why == "the grader's range is not known; add --range LOW HIGH"
    assert calibrate(run, bounds=(0.0, 1.0)).kappa.value > 0.5


@pytest.mark.parametrize("bias", [0.0, 0.3])
def test_position_bias_is_how_much_too_often_the_first_label_is_chosen(tmp_path, bias):
    labels, rewards = judged(0.02)
    draw = random.Random(2)
    firsts = [float(draw.random() < 0.5 + bias) for _ in range(len(labels) * 3)]
    metrics = [{"quality.judge_first": one, "quality.judge_first_expected": 0.5} for one in firsts]
    found = calibrate(run_of(tmp_path, labels, rewards, metrics=metrics))
    assert found.position_bias.low <= bias <= found.position_bias.high
    assert found.first_chosen == pytest.approx(0.5 + found.position_bias.value)
    assert any("listed first" in warning for warning in found.trust.warnings) == bool(bias)


def test_the_cost_of_a_grading_is_reported_as_far_as_known(tmp_path):
    found = calibrate(run_of(tmp_path, *judged(0.02), metrics=[{"quality.judge_calls": 2.0}] * 480))
    assert (found.cost.calls, found.cost.usd) == (2.0, None)


def test_a_cascade_that_ends_before_its_judge_costs_nothing(tmp_path):
    asked = {"judge.judge_calls": 2.0, "judge.judge_usd": 0.5}
    metrics = [asked if number // 3 % 4 == 0 else {} for number in range(480)]  # three repeats each
    found = calibrate(run_of(tmp_path, *judged(0.02), metrics=metrics))
    assert (found.cost.calls, found.cost.usd) == (0.5, 0.125)


def test_position_bias_is_not_measured_without_reported_order(tmp_path):
    found = calibrate(run_of(tmp_path, *judged(WRONG), metrics=[{"judge_first": 0.8}] * 480))
    assert found.position_bias.why == "no grading has the metric judge_first_expected"


def test_the_worst_disagreements_come_first(tmp_path):
    labels = [True, False] * 20
    rewards = [[float(label)] * 4 for label in labels]
    rewards[7], rewards[4] = [1.0, 1.0, 1.0, 0.0], [0.0, 1.0, 1.0, 1.0]
    found = calibrate(run_of(tmp_path, labels, rewards), worst=1)
    assert found.disagreeing == 2
    assert [(one.id, one.label, one.rewards) for one in found.disagreements] == [("r7", False, rewards[7])]
    (tmp_path / "all").mkdir()
    both = calibrate(run_of(tmp_path / "all", labels, rewards), worst=None)
    assert [one.id for one in both.disagreements] == ["r7", "r4"]


@pytest.mark.parametrize("text", ["fair", "=1", "fair=", "fair=nan", "fair=1e300"])
def test_a_text_needs_its_reward(text):
    with pytest.raises(InputError, match="not a label with a reward"):
        read_value(text)


def test_contradicting_ways_to_read_labels_are_refused():
    with pytest.raises(InputError, match="are not a scale"):
        LabelReading(range=(5, 1))
    with pytest.raises(InputError, match="label range has no effect"):
        LabelReading(LabelRule(threshold=0.5), range=(1, 5))
    with pytest.raises(InputError, match="not both"):
        LabelReading(LabelRule(true=("a",)), {"b": 1.0})
    with pytest.raises(InputError, match="not both"):
        LabelReading(LabelRule(threshold=0.5), {"b": 1.0})
    assert read_value("a=b=0.5") == ("a=b", 0.5)
