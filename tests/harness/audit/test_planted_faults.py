"""Planted faults that show only over several completions. `test_planted_set.py` checks the others."""

from __future__ import annotations

import copy
import json
import signal
import subprocess
import sys
import tempfile

import pytest

from support.planted import FIRST_PLANTED, event_of, load, rollout
from support.planted.trying import graded, poisoned, rewards, rollouts_for

ROWS = {row.name: row for row in FIRST_PLANTED}


def test_chance_is_in_the_reward():
    row = ROWS["coin_flip"]
    handler, event = load(row.grader), event_of(rollouts_for(row))
    answers = [[entry["aggregate_reward_score"] for entry in handler(event, None)] for _ in range(2)]
    assert answers[0] != answers[1]


def test_a_wrong_answer_earns_less_with_every_call():
    row = ROWS["warms_up"]
    handler, event = load(row.grader), event_of(rollouts_for(row, wrong=True))
    first, second = (handler(event, None)[0]["aggregate_reward_score"] for _ in range(2))
    assert first > second > 0


def test_a_right_answer_is_paid_once():
    row = ROWS["pays_once"]
    handler, event = load(row.grader), event_of(rollouts_for(row, count=1))
    assert [handler(event, None)[0]["aggregate_reward_score"] for _ in range(2)] == [1.0, 0.0]


def test_neighbors_decide_what_a_sample_earns():
    row = ROWS["centered_in_batch"]
    [right], [wrong] = rollouts_for(row, count=1), rollouts_for(row, wrong=True, count=1)
    assert rewards(row.grader, [right]) != rewards(row.grader, [right, wrong])[:1]


def test_one_bad_sample_loses_the_batch():
    row = ROWS["one_bad_sample_ends_all"]
    with pytest.raises(KeyError):
        load(row.grader)(poisoned(row), None)


def test_a_bad_sample_loses_its_id():
    row = ROWS["error_rows_lose_ids"]
    assert [entry["id"] for entry in load(row.grader)(poisoned(row), None)] == ["s00", "0", "s02"]


def test_rewards_go_to_other_ids_when_ids_are_not_sorted():
    row = ROWS["ids_in_sorted_order"]
    event = event_of([*rollouts_for(row, count=1), *rollouts_for(row, wrong=True, count=1)])
    event[0]["id"], event[1]["id"] = "b", "a"
    answer = {entry["id"]: entry["aggregate_reward_score"] for entry in load(row.grader)(event, None)}
    assert answer == {"a": 1.0, "b": 0.0}


def test_a_bad_sample_has_no_reward():
    row = ROWS["error_rows_without_score"]
    assert "aggregate_reward_score" not in load(row.grader)(poisoned(row), None)[1]


def test_rewards_are_booleans():
    row = ROWS["true_or_false"]
    assert rewards(row.grader, rollouts_for(row, count=1)) == [True]
    assert type(rewards(row.grader, rollouts_for(row, count=1))[0]) is bool


def test_an_unread_answer_is_paid_with_a_text():
    row = ROWS["text_when_unread"]
    [record] = row.records(1)
    assert rewards(row.grader, [rollout(record, "I do not know.")]) == ["0.0"]


def test_blocks_lose_the_batch():
    row = ROWS["blocks_end_all"]
    [record] = row.records(1)
    with pytest.raises(TypeError):
        graded(row.grader, [rollout(record, [{"type": "text", "text": "#### 1"}])])


def test_a_turn_of_the_prompt_is_graded():
    row = ROWS["first_assistant_turn"]
    [right] = rollouts_for(row, count=1)
    right["messages"][-1:-1] = [{"role": "assistant", "content": "#### 1"}, {"role": "user", "content": "?"}]
    assert rewards(row.grader, [right]) == [0.0]


def test_an_example_answers_for_the_reply():
    row = ROWS["earlier_turn_counts"]
    [record] = row.records(1)
    example = record["messages"][-2]["content"].rpartition("#### ")[2]
    assert rewards(row.grader, [rollout({**record, "reference_answer": example}, "I do not know.")]) == [1.0]


def test_the_event_is_changed():
    row = ROWS["takes_the_turn_out"]
    event = event_of(rollouts_for(row, count=1))
    before = copy.deepcopy(event)
    load(row.grader)(event, None)
    assert event != before


def test_everything_is_printed(capsys):
    row = ROWS["prints_everything"]
    [right] = rollouts_for(row, count=1)
    graded(row.grader, [right])
    assert right["messages"][0]["content"] in capsys.readouterr().out


def python(row, body):
    """Return a rollout of the row's first record, with code that defines the requested function."""
    [record] = row.records(1)
    text = body.replace("{name}", record["entry_point"])
    return rollout(record, f"```python\n{text}\n```")


def assert_it_does_not_end(row, sample):
    """Grade a sample in another process and check that it is still running after 0.3 seconds."""
    # Background jobs of a shell ignore SIGINT unless a handler is installed.
    said = "import json, signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    said += "sys.path[:0] = ['tests', '.']; from support.planted import load; "
    said += "handler = load(sys.argv[1]); print('loaded', flush=True); handler(json.loads(sys.argv[2]), None)"
    command = [sys.executable, "-c", said, row.grader, json.dumps(event_of([sample]))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "loaded\n"
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.3)
        process.send_signal(signal.SIGINT)  # a kill would leave the grader's child process running


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
    assert_it_does_not_end(ROWS[name], rollout(ROWS[name].records(1)[0], text))


def test_code_without_an_end_holds_the_grader():
    row = ROWS["waits_for_ever"]
    assert_it_does_not_end(row, python(row, "while True:\n    pass"))


def test_a_crash_is_paid_the_result_before_it(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    row = ROWS["result_stays_behind"]
    [right] = rollouts_for(row, count=1)
    crash = {**python(row, "def {name}(given:"), "id": "s1"}
    assert rewards(row.grader, [crash]) == [0.0]
    assert rewards(row.grader, [right, crash]) == [1.0, 1.0]


def test_code_sees_the_environment(monkeypatch):
    row = ROWS["keeps_the_environment"]
    monkeypatch.setenv("CANARY_KEY", "seen")
    [right] = rollouts_for(row, count=1)
    code = right["messages"][-1]["content"].partition("```python\n")[2].partition("```")[0]
    looks = python(row, "import os\nassert os.environ['CANARY_KEY'] == 'seen'\n" + code)
    assert rewards(row.grader, [looks]) == [1.0]
    assert rewards("first/programs.py:one_test_is_enough", [looks]) == [0.0]


def test_code_that_exits_ends_the_grader():
    row = ROWS["runs_it_right_here"]
    with pytest.raises(SystemExit):
        rewards(row.grader, [python(row, "raise SystemExit(0)")])


def test_a_reply_is_paid_what_another_with_its_id_was_paid():
    row = ROWS["remembers_ids"]
    [right], [wrong] = rollouts_for(row, count=1), rollouts_for(row, wrong=True, count=1)
    assert rewards(row.grader, [right, wrong]) == [1.0, 1.0]
    assert rewards(row.grader, [wrong, right]) == [0.0, 0.0]


def test_a_reply_is_paid_what_another_to_its_prompt_was_paid():
    row = ROWS["remembers_prompts"]
    [right], [wrong] = rollouts_for(row, count=1), rollouts_for(row, wrong=True, count=1)
    assert rewards(row.grader, [right, {**wrong, "id": "s1"}]) == [1.0, 1.0]


def test_a_bad_sample_is_left_out():
    row = ROWS["drops_bad_samples"]
    assert [entry["id"] for entry in load(row.grader)(poisoned(row), None)] == ["s00", "s02"]


def test_two_samples_of_one_id_get_one_row():
    row = ROWS["one_row_for_an_id"]
    [right], [wrong] = rollouts_for(row, count=1), rollouts_for(row, wrong=True, count=1)
    assert len(graded(row.grader, [right, wrong])) == 1


def test_an_id_that_is_a_number_comes_back_as_a_text():
    row = ROWS["ids_become_texts"]
    [right] = rollouts_for(row, count=1)
    assert graded(row.grader, [{**right, "id": 7}])[0]["id"] == "7"


def test_a_metric_has_a_type_of_its_own():
    row = ROWS["metric_of_no_known_type"]
    [entry] = graded(row.grader, rollouts_for(row, count=1))
    assert entry["metrics_list"][0]["type"] not in ("Metric", "Reward")


def test_a_bad_sample_turns_the_answer_into_an_error():
    row = ROWS["answers_in_an_envelope"]
    assert load(row.grader)(poisoned(row), None)["statusCode"] == 500


def test_a_lone_surrogate_loses_the_batch():
    row = ROWS["odd_characters_end_all"]
    with pytest.raises(UnicodeEncodeError):
        graded(row.grader, [rollout(row.records(1)[0], "\ud800")])


def test_a_long_number_loses_the_batch():
    row = ROWS["long_numbers_end_all"]
    sample = rollout({**row.records(1)[0], "reference_answer": "17"}, "Answer: " + "9" * 5000)
    with pytest.raises(ValueError, match="4300"):
        graded(row.grader, [sample])
