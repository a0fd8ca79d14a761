"""The planted set is what it says: each fault is there, and apart from it the grader works."""

from __future__ import annotations

import copy
import json
import math
import subprocess
import sys
from typing import Any

import pytest

from support.planted import (
    FIRST_GOOD,
    FIRST_PLANTED,
    Good,
    Planted,
    event_of,
    load,
    records_of,
    right_of,
    rollout,
    rollouts_of,
    tasks_of,
    wrong_of,
)
from support.planted.forms import FORMS, answer_text

ROWS: tuple[Planted | Good, ...] = (*FIRST_PLANTED, *FIRST_GOOD)
SEVERITIES = {"note", "warning", "error", "critical"}
COUNT = 6

# Their fault is that they pay the wrong answers that are tried here as right ones.
PAY_WRONG_ANSWERS = {
    *("constant_one", "any_number_at_all", "letter_anywhere", "one_right_name_is_enough"),
    *("keys_alone", "name_alone", "values_as_text"),
}
# Their fault is in the shape or the number of ordinary answers.
ODD_REWARDS = {"more_than_one", "true_or_false", "not_a_number"}
# Their fault is that they refuse some right answers.
REFUSE_SOME = {"negatives_never_right"}


def of(row: Planted | Good, wrong: bool = False, count: int = COUNT) -> list[dict[str, Any]]:
    """Rollouts of a row's own records, with the right answers in the declared format, or wrong ones."""
    write = wrong_of if wrong else right_of
    tasks = tasks_of(row.kind, count)
    records = row.records(count)
    texts = [write(row.kind, task, row.form) for task in tasks]
    return [
        rollout(record, text, f"s{at}") for at, (record, text) in enumerate(zip(records, texts, strict=True))
    ]


def graded(grader: str, rollouts: list[dict[str, Any]]) -> list[Any]:
    """The answer of a freshly loaded grader to one event."""
    return list(load(grader)(event_of(rollouts), None))


def rewards(grader: str, rollouts: list[dict[str, Any]]) -> list[Any]:
    return [entry["aggregate_reward_score"] for entry in graded(grader, rollouts)]


def row_of(name: str) -> Planted:
    [row] = [row for row in FIRST_PLANTED if row.name == name]
    return row


def test_every_grader_is_in_the_table_once():
    graders = [row.grader for row in ROWS]
    assert len(set(graders)) == len(graders)
    assert len({row.why for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", FIRST_PLANTED, ids=lambda row: row.name)
def test_a_row_says_what_should_be_found(row):
    assert row.severity in SEVERITIES
    assert row.finds
    assert len(set(row.finds)) == len(row.finds)
    assert row.shows is not None or row.name in DIRECT


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_grader_pays_right_answers_in_the_declared_format(row):
    rollouts = [*of(row), *of(row, wrong=True)]
    for at, each in enumerate(rollouts):
        each["id"] = f"s{at:02d}"
    answer = graded(row.grader, rollouts)
    assert [entry["id"] for entry in answer] == [each["id"] for each in rollouts]
    for entry in answer:
        value = entry["aggregate_reward_score"]
        assert row.name in ODD_REWARDS or (type(value) in (int, float) and 0 <= value <= 1)
    values = [entry["aggregate_reward_score"] for entry in answer]
    paid, unpaid = values[:COUNT], values[COUNT:]
    if "accepted" in row.options:
        assert paid == [0.0] * COUNT
    elif row.name in PAY_WRONG_ANSWERS:
        assert paid == unpaid == [1.0] * COUNT
    else:
        assert row.name in REFUSE_SOME or min(paid) >= 0.5
        assert sum(paid) > sum(value for value in unpaid if math.isfinite(value)) + 1


@pytest.mark.parametrize(
    "row", [row for row in FIRST_PLANTED if row.shows is not None], ids=lambda row: row.name
)
def test_a_completion_shows_the_fault(row):
    shows = row.shows
    record, other = row.records(2)
    if shows.reference is not None:
        record = {**record, "reference_answer": shows.reference}
    tasks = tasks_of(row.kind, 2)
    answers = {
        "{a}": answer_text(tasks[0].answer),
        "{b}": answer_text(tasks[1].answer),
        "{w}": answer_text(tasks[0].wrong),
        "{prompt}": record["messages"][-1]["content"],
    }
    completion = shows.completion
    for slot, text in answers.items():
        completion = completion.replace(slot, text)
    [paid] = rewards(row.grader, [rollout(record, completion)])
    assert paid == pytest.approx(shows.reward, abs=1e-6, nan_ok=True), completion


def poisoned(row: Planted) -> list[dict[str, Any]]:
    """An event of three samples, the second of which has no messages."""
    good, bad, other = event_of(of(row, count=3))
    return [good, {"id": bad["id"], "metadata": bad["metadata"]}, other]


def test_chance_is_in_the_reward():
    row = row_of("coin_flip")
    handler, event = load(row.grader), event_of(of(row))
    answers = [[entry["aggregate_reward_score"] for entry in handler(event, None)] for _ in range(2)]
    assert answers[0] != answers[1]


def test_a_wrong_answer_earns_less_with_every_call():
    row = row_of("warms_up")
    handler, event = load(row.grader), event_of(of(row, wrong=True))
    first, second = (handler(event, None)[0]["aggregate_reward_score"] for _ in range(2))
    assert first > second > 0


def test_a_right_answer_is_paid_once():
    row = row_of("pays_once")
    handler, event = load(row.grader), event_of(of(row, count=1))
    assert [handler(event, None)[0]["aggregate_reward_score"] for _ in range(2)] == [1.0, 0.0]


def test_neighbors_decide_what_a_sample_earns():
    row = row_of("centered_in_batch")
    [right], [wrong] = of(row, count=1), of(row, wrong=True, count=1)
    assert rewards(row.grader, [right]) != rewards(row.grader, [right, wrong])[:1]


def test_one_bad_sample_loses_the_batch():
    row = row_of("one_bad_sample_ends_all")
    with pytest.raises(KeyError):
        load(row.grader)(poisoned(row), None)


def test_a_bad_sample_loses_its_id():
    row = row_of("error_rows_lose_ids")
    assert [entry["id"] for entry in load(row.grader)(poisoned(row), None)] == ["s0", "0", "s2"]


def test_rewards_go_to_other_ids_when_ids_are_not_sorted():
    row = row_of("ids_in_sorted_order")
    event = event_of([*of(row, count=1), *of(row, wrong=True, count=1)])
    event[0]["id"], event[1]["id"] = "b", "a"
    answer = {entry["id"]: entry["aggregate_reward_score"] for entry in load(row.grader)(event, None)}
    assert answer == {"a": 1.0, "b": 0.0}


def test_a_bad_sample_has_no_reward():
    row = row_of("error_rows_without_score")
    assert "aggregate_reward_score" not in load(row.grader)(poisoned(row), None)[1]


def test_rewards_are_booleans():
    row = row_of("true_or_false")
    assert rewards(row.grader, of(row, count=1)) == [True]
    assert type(rewards(row.grader, of(row, count=1))[0]) is bool


def test_an_unread_answer_is_paid_with_a_text():
    row = row_of("text_when_unread")
    [record] = row.records(1)
    assert rewards(row.grader, [rollout(record, "I do not know.")]) == ["0.0"]


def test_blocks_lose_the_batch():
    row = row_of("blocks_end_all")
    [record] = row.records(1)
    with pytest.raises(TypeError):
        graded(row.grader, [rollout(record, [{"type": "text", "text": "#### 1"}])])


def test_a_turn_of_the_prompt_is_graded():
    row = row_of("first_assistant_turn")
    [right] = of(row, count=1)
    right["messages"][-1:-1] = [{"role": "assistant", "content": "#### 1"}, {"role": "user", "content": "?"}]
    assert rewards(row.grader, [right]) == [0.0]


def test_the_event_is_changed():
    row = row_of("takes_the_turn_out")
    event = event_of(of(row, count=1))
    before = copy.deepcopy(event)
    load(row.grader)(event, None)
    assert event != before


def test_everything_is_printed(capsys):
    row = row_of("prints_everything")
    [right] = of(row, count=1)
    graded(row.grader, [right])
    assert right["messages"][0]["content"] in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("slow_on_digits", "#### " + "1" * 60 + "x"),
        ("hangs_on_open_box", "\\boxed{1"),
        ("tags_take_quadratic_time", "<answer>" * 10_000),
    ],
    ids=["slow_on_digits", "hangs_on_open_box", "tags_take_quadratic_time"],
)
def test_a_text_takes_longer_than_the_others_by_far(name, text):
    row = row_of(name)
    [record] = row.records(1)
    event = event_of([rollout(record, text)])
    said = "import json, sys; sys.path[:0] = ['tests', '.']; from support.planted import load; "
    said += "handler = load(sys.argv[1]); print('loaded', flush=True); handler(json.loads(sys.argv[2]), None)"
    command = [sys.executable, "-c", said, row.grader, json.dumps(event)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "loaded\n"
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.3)
        process.kill()


# Rows without a completion that shows the fault: a test above does.
DIRECT = {
    "coin_flip",
    "warms_up",
    "pays_once",
    "centered_in_batch",
    "one_bad_sample_ends_all",
    "error_rows_lose_ids",
    "ids_in_sorted_order",
    "error_rows_without_score",
    "true_or_false",
    "text_when_unread",
    "blocks_end_all",
    "first_assistant_turn",
    "takes_the_turn_out",
    "prints_everything",
    "slow_on_digits",
    "hangs_on_open_box",
    "tags_take_quadratic_time",
}


@pytest.mark.parametrize(("kind", "form"), [(kind, form) for kind in FORMS for form in FORMS[kind]])
def test_records_are_different_and_the_same_for_a_seed(kind, form):
    records = records_of(kind, 60, form=form)
    assert records == records_of(kind, 60, form=form)
    assert records[:20] != records_of(kind, 20, seed=1, form=form)
    assert len({record["messages"][-1]["content"] for record in records}) == 60
    for record in records:
        assert record["reference_answer"]
        assert [turn["role"] for turn in record["messages"]] in (["user"], ["system", "user"])


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
