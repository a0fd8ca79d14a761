"""Each grader of the planted set has the fault that its row describes, and otherwise works."""

from __future__ import annotations

import math
import re
import statistics
import tempfile
from pathlib import Path

import pytest

from support.planted import (
    FIRST_GOOD,
    FIRST_PLANTED,
    FIRST_RECORDED,
    Good,
    Planted,
    alone,
    path_of,
    records_of,
    rollouts_of,
)
from support.planted.forms import FORMS, form_of
from support.planted.trying import graded, rewards, rollouts_for, shown

ROWS: tuple[Planted | Good, ...] = (*FIRST_PLANTED, *FIRST_RECORDED, *FIRST_GOOD)
SEVERITIES = {"note", "warning", "error", "critical"}
# Source code of the tests for faults that no single completion shows.
OTHER_TESTS = "".join(
    (Path(__file__).parent / name).read_text()
    for name in ("test_planted_faults.py", "test_planted_judges.py")
)

# Graders that pay the wrong answers tried here. Rewards for form alone have no wrong answers.
PAY_WRONG_ANSWERS = {
    *("constant_one", "any_number_at_all", "letter_anywhere", "one_right_name_is_enough"),
    *("keys_alone", "name_alone", "values_as_text", "one_test_is_enough", "remembers_prompts"),
    "nearly_all_right",
}
# Graders whose ordinary rewards have the wrong type or number, or are out of range.
ODD_REWARDS = {"more_than_one", "true_or_false", "not_a_number", "takes_points_away"}
# Graders that refuse some right answers.
REFUSE_SOME = {"shares_never_right"}


def test_every_grader_is_in_the_table_once():
    assert len({row.grader for row in ROWS}) == len({row.name for row in ROWS}) == len(ROWS)
    assert len({row.why for row in ROWS}) == len(ROWS)


@pytest.fixture(scope="module")
def own_folder(tmp_path_factory):
    return str(tmp_path_factory.mktemp("planted"))


def test_there_are_enough_of_them():
    assert len(FIRST_PLANTED) >= 110
    assert len(FIRST_GOOD) >= 25
    assert {row.kind for row in FIRST_GOOD} == set(FORMS)
    assert {row.kind for row in FIRST_PLANTED} == set(FORMS)


@pytest.mark.parametrize("row", FIRST_PLANTED, ids=lambda row: row.name)
def test_a_row_says_what_should_be_found(row):
    assert row.severity in SEVERITIES
    assert row.finds
    assert len(set(row.finds)) == len(row.finds)
    assert all(re.fullmatch("[A-G][0-9]{2}", each) for each in row.finds)
    assert row.shows is not None or f'ROWS["{row.name}"]' in OTHER_TESTS or f'("{row.name}", ' in OTHER_TESTS


@pytest.mark.parametrize("row", [row for row in ROWS if row.kind != "judge"], ids=lambda row: row.name)
def test_a_grader_pays_right_answers_in_the_declared_format(row, own_folder, monkeypatch):
    count = 3 if row.kind == "code" else 6  # each code completion starts a process
    monkeypatch.setattr(tempfile, "tempdir", own_folder)
    rollouts = [*rollouts_for(row, count=count), *rollouts_for(row, wrong=True, count=count)]
    for at, each in enumerate(rollouts):
        each["id"] = f"s{at:02d}"
    answer = graded(row.grader, rollouts)
    assert [entry["id"] for entry in answer] == [each["id"] for each in rollouts]
    for entry in answer:
        value = entry["aggregate_reward_score"]
        assert row.name in ODD_REWARDS or (type(value) in (int, float) and 0 <= value <= 1)
    values = [entry["aggregate_reward_score"] for entry in answer]
    paid, unpaid = values[:count], values[count:]
    if "accepted" in row.options:
        assert paid == [0.0] * count
    elif row.name in PAY_WRONG_ANSWERS or row.kind == "format":
        assert paid == unpaid == [1.0] * count
    else:
        assert row.name in REFUSE_SOME or min(paid) >= 0.5
        assert sum(paid) > sum(value for value in unpaid if math.isfinite(value)) + 1


@pytest.mark.parametrize(
    "row", [row for row in FIRST_PLANTED if row.shows is not None], ids=lambda row: row.name
)
def test_a_completion_shows_the_fault(row):
    sample = shown(row, row.shows)
    [paid] = rewards(row.grader, [sample])
    assert paid == pytest.approx(row.shows.reward, abs=1e-6, nan_ok=True), sample["messages"][-1]["content"]


@pytest.mark.parametrize(("kind", "form"), [(kind, form) for kind in FORMS for form in FORMS[kind]])
def test_records_are_different_and_the_same_for_a_seed(kind, form):
    records = records_of(kind, 60, form=form)
    assert records == records_of(kind, 60, form=form)
    assert records[:20] != records_of(kind, 20, seed=1, form=form)
    assert len({record["messages"][-1]["content"] for record in records}) == 60
    for record in records:
        assert record["reference_answer"]
        roles = [turn["role"] for turn in record["messages"]]
        examples = ["user", "assistant"] * form_of(kind, form).shots
        assert roles in ([*examples, "user"], ["system", *examples, "user"])


def test_answers_are_spread_as_in_real_data():
    numbers = [record["reference_answer"] for record in records_of("number")]
    for sign in ",.-":
        assert 15 <= sum(sign in number for number in numbers) <= 150
    letters = [record["reference_answer"] for record in records_of("choice")]
    assert all(30 <= letters.count(letter) <= 100 for letter in "ABCDE")
    assert 150 <= [record["reference_answer"] for record in records_of("yes-no")].count("yes") <= 210
    assert {len(record["reference_answer"]) for record in records_of("json")} >= {3, 4}


@pytest.mark.parametrize("kind", FORMS)
def test_recorded_rollouts_are_right_wrong_and_unfinished(kind):
    rollouts = rollouts_of(kind, 20, 6)
    assert len({each["id"] for each in rollouts}) == 120
    assert len({each["record"] for each in rollouts}) == 20
    assert 20 < sum(each["label"] for each in rollouts) < 100
    assert len({each["messages"][-1]["content"] for each in rollouts}) > 30


def test_some_answers_are_written_in_other_forms():
    strict, loose = (rollouts_of("number", 20, 6, loose=share) for share in (0.0, 0.4))
    assert not any("**" in each["messages"][-1]["content"] for each in strict)
    assert any("**" in each["messages"][-1]["content"] for each in loose)


def test_recordings_show_what_single_completions_do_not():
    paid = {row.name: rewards(row.grader, row.rollouts()) for row in FIRST_RECORDED}
    labels = [each["label"] for each in FIRST_RECORDED[0].rollouts()]
    assert 0.9 < statistics.mean(paid["nearly_all_right"]) < 1
    assert statistics.mean(labels) < 0.7
    assert {round(each, 3) for each in paid["tiny_tiers"]} == {0.0, 0.998, 0.999, 1.0}
    lengths = [len(each["messages"][-1]["content"]) for each in FIRST_RECORDED[0].rollouts()]
    by_length = [
        each
        for each, right in zip(zip(lengths, paid["length_among_right"], strict=True), labels, strict=True)
        if right
    ]
    assert statistics.correlation(*zip(*by_length, strict=True)) > 0.9


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.kind not in ("judge", "code")], ids=lambda row: row.name
)
def test_a_grader_alone_in_its_file_is_the_same(row, own_folder):
    path = alone(row, Path(own_folder))
    assert len(path.read_text()) < len(path_of(row.grader).read_text())
    rollouts = rollouts_for(row, count=2)
    if row.name != "coin_flip":
        assert graded(f"{path}:{row.name}", rollouts) == graded(row.grader, rollouts)
