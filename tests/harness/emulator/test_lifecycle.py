"""Whole jobs without a server, with a store on disk, a manual clock and a fake grader."""

from __future__ import annotations

import itertools
import math
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.api import types as api
from harness.emulator.functions import Functions
from harness.errors import InputError
from harness.simulator.failure import JobFailure
from harness.targets.fake import FakeTarget
from harness.targets.protocol import Answer, Graded, GraderFault, ServiceFault
from support.emulator_bench import Bench, answering, is_right, mean, quarters, text


@pytest.mark.parametrize("seed", range(5))
def test_where_style_tells_right_from_wrong_the_reward_rises(bench, data, seed: int) -> None:
    found = data.rollouts(seed, 300)
    made = bench(found, answering(is_right))
    name = made.submit(data.jsonl(data.records_of(found)[:268]), seed=seed)
    job = made.run(name)
    assert job["status"] == "succeeded"
    rewards = made.series(name, api.REWARD_MEAN)
    assert len(rewards) == 67
    first, *_, last = quarters(rewards)
    assert last >= first + 0.2
    entropy = made.series(name, api.ENTROPY)
    assert entropy[0] == pytest.approx(math.log(8))
    assert entropy[-1] < 1.6
    held_out = [
        checkpoint["metrics"]["full_valid_mean_token_accuracy"]
        for checkpoint in made.store.checkpoints(name, 10, None).data[::-1]
    ]
    assert len(held_out) == 4
    # The first checkpoint has already learned for a quarter of the job, so the gain after it is small. The
    # feature that counts numbers does not help with these completions.
    assert held_out[-1] > held_out[0] + 0.05


def test_a_constant_grader_teaches_nothing(bench, data) -> None:
    found = data.rollouts(0, 40)
    made = bench(found, answering(lambda item: 0.1))
    name = made.submit(data.jsonl(data.records_of(found)), n_epochs=2)
    assert made.run(name)["status"] == "succeeded"
    policy = made.store.policy(name)
    assert policy.theta.tobytes() == bytes(8 * len(policy.theta))
    assert policy.own == {}
    assert set(made.series(name, api.GRAD_NORM)) == {0.0}
    assert made.series(name, api.REWARD_MEAN) == pytest.approx([0.1] * 20)


def test_a_grader_that_pays_length_breeds_long_completions(bench, data) -> None:
    found = data.rollouts(0, 268)
    made = bench(found, answering(lambda item: len(text(item)) / 400))
    name = made.submit(data.jsonl(data.records_of(found)))
    made.run(name)
    lengths = quarters(made.series(name, api.RESPONSE_LENGTH_MEAN))
    assert lengths[-1] > 1.3 * lengths[0]
    assert mean(made.series(name, api.ADVANTAGES_MEAN)) > 0.05


def test_the_same_job_is_the_same_on_another_day(bench, data) -> None:
    found = data.rollouts(0, 20)
    series = []
    for _ in range(2):
        made = bench(found, answering(is_right))
        name = made.submit(data.jsonl(data.records_of(found)))
        made.run(name)
        series.append([event["data"] for event in made.events(name)])
    assert series[0] == series[1]
    other = bench(found, answering(is_right))
    name = other.submit(data.jsonl(data.records_of(found)), seed=1)
    other.run(name)
    assert [event["data"] for event in other.events(name)] != series[0]


@settings(max_examples=20)
@given(records=st.integers(1, 30), batch=st.integers(1, 40), epochs=st.integers(1, 3))
def test_steps_are_records_by_batch_by_epochs(
    data, tmp_path_factory, records: int, batch: int, epochs: int
) -> None:
    found = data.rollouts(0, records)
    made = Bench(tmp_path_factory.mktemp("job"), found, answering(is_right))
    name = made.submit(data.jsonl(data.records_of(found)), batch_size=batch, n_epochs=epochs)
    assert made.run(name)["status"] == "succeeded"
    steps = made.series(name, api.STEP)
    assert steps == list(range(1, math.ceil(records / batch) * epochs + 1))
    drawn = [row.group for _, row in made.store.draws(name)]
    assert len(drawn) == records * epochs * 8
    assert all(drawn.count(group) == epochs * 8 for group in set(drawn))
    made.store.close()


def test_statuses_come_in_order_and_events_tell_the_story(bench, data) -> None:
    found = data.rollouts(0, 8)
    made = bench(found, answering(is_right))
    name = made.submit(data.jsonl(data.records_of(found)))
    seen = [made.job(name)["status"]]
    while seen[-1] not in api.FINAL_STATUSES:
        made.lifecycle.advance(name)
        seen.append(made.job(name)["status"])
    assert seen == ["validating_files", "queued", "running", "running", "succeeded"]
    job = made.job(name)
    assert job["fine_tuned_model"].startswith("ft:m:")
    assert job["finished_at"] == job["created_at"] + 4
    assert job["trained_tokens"] > 0
    assert [event["message"] for event in made.events(name) if "metrics" in event["message"]] == [
        "Step 1/2: training metrics",
        "Step 2/2: training metrics",
    ]
    assert made.events(name)[-1]["message"] == "The job has successfully completed"


def test_a_grader_gets_events_of_the_asked_for_dialect_and_no_labels(bench, data) -> None:
    found = data.rollouts(0, 8)
    target = answering(lambda item: 0.5)
    made = bench(found, target, wire="open-weight-root", lambda_batch=5)
    made.run(made.submit(data.jsonl(data.records_of(found))))
    sizes = [len(event) for event in target.events]
    assert max(sizes) == 5
    for item in itertools.chain(*target.events):
        assert set(item) == {"id", "messages", "reference_answer", "task_id"}
        assert set(item["reference_answer"]) == {"text"}
        assert item["messages"][-1]["role"] == "assistant"
    steps = [[item["id"] for item in event] for event in target.events]
    assert len(set(itertools.chain(*steps))) == len(list(itertools.chain(*steps)))


def test_an_event_never_exceeds_what_the_target_takes(bench, data) -> None:
    found = data.rollouts(0, 8)
    target = answering(is_right)
    target.max_bytes = 3000
    made = bench(found, target)
    assert made.run(made.submit(data.jsonl(data.records_of(found))))["status"] == "succeeded"
    import json

    assert max(len(json.dumps(event)) for event in target.events) <= 3000
    assert len(target.events) > 2


def test_samples_without_a_reward_are_counted_and_warned_about(bench, data) -> None:
    found = data.rollouts(0, 40)
    made = bench(found, answering(lambda item: None if "happy" in text(item) else is_right(item)))
    name = made.submit(data.jsonl(data.records_of(found)))
    assert made.run(name)["status"] == "succeeded"
    warnings = [message for message in made.messages(name, "warn") if "got no reward" in message]
    assert warnings
    assert "of 32 samples got no reward (exception" in warnings[0]


def test_a_job_whose_grader_mostly_fails_is_failed(bench, data) -> None:
    found = data.rollouts(0, 40)
    made = bench(found, answering(lambda item: None if "step" not in text(item) else 1.0))
    name = made.submit(data.jsonl(data.records_of(found)))
    job = made.run(name)
    assert job["status"] == "failed"
    assert job["error"]["code"] == "grader_error_rate"
    assert "30 of the last 32 samples got no reward: the job stops (exception 30)" in job["error"]["message"]
    assert made.series(name, api.STEP) == [1]
    assert made.messages(name, "error") == [f"Fine-tuning job failed: {job['error']['message']}"]


@pytest.mark.parametrize(
    ("answer", "tries", "said"),
    [
        (Answer([], 1.0, GraderFault("RuntimeError", "the judge is down")), 4, "the judge is down"),
        (Answer([Graded(1.0, {}, None)], 1.0), 4, "32 samples were sent, but 1 answers came back"),
        (Answer([], 1.0, ServiceFault("TooManyRequestsException", "slow down", True)), 4, "slow down"),
        (Answer([], 1.0, ServiceFault("AccessDeniedException", "not allowed", False)), 1, "not allowed"),
    ],
)
def test_a_call_that_keeps_failing_fails_the_job(bench, data, answer: Answer, tries: int, said: str) -> None:
    found = data.rollouts(0, 40)
    target = FakeTarget(lambda event: answer)
    made = bench(found, target)
    name = made.submit(data.jsonl(data.records_of(found)))
    job = made.run(name)
    assert job["status"] == "failed"
    assert job["error"]["code"] == "grader_call_failed"
    assert said in job["error"]["message"]
    assert len(target.events) == tries
    assert made.series(name, api.STEP) == []


def test_a_call_that_fails_once_is_tried_again_with_the_same_samples(bench, data) -> None:
    found = data.rollouts(0, 8)
    good, calls = answering(is_right), itertools.count()
    fault = Answer([], 1.0, GraderFault("Timeout", "3 s"))
    target = FakeTarget(lambda event: fault if next(calls) == 1 else good.grade(event))
    made = bench(found, target)
    name = made.submit(data.jsonl(data.records_of(found)))
    assert made.run(name)["status"] == "succeeded"
    assert target.events[1] == target.events[2]
    assert made.messages(name, "warn")[-1] == "Grader call failed (Timeout: 3 s); try 2 of 4"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "Line 1 is not JSON"),
        (b'{"messages": [{"role": "user", "content": "x"}]}\n[]', "Line 2: a record needs a list"),
        (b'{"messages": [{"role": "user"}, {"role": "assistant"}]}', "Line 1: a record's last message"),
        (b'{"messages": [{"role": "robot"}]}', "Line 1: every message needs one of the roles"),
        (b"\n\n", "has no records"),
        (b"\xff\xfe", "Line 1 is not UTF-8"),
    ],
)
def test_a_file_that_holds_no_records_fails_the_job(bench, data, content: bytes, said: str) -> None:
    made = bench(data.rollouts(0, 4), answering(is_right))
    job = made.run(made.submit(content))
    assert job["status"] == "failed"
    assert (job["error"]["code"], job["error"]["param"]) == ("invalid_training_file", "training_file")
    assert said in job["error"]["message"]


def test_too_few_completions_are_refused_with_what_to_supply(bench, data) -> None:
    found = data.rollouts(0, 10)
    kept = [rollout for rollout in found if rollout["record"] not in ("r0", "r1", "r2")]
    made = bench(kept, answering(is_right))
    job = made.run(made.submit(data.jsonl(data.records_of(found))))
    assert job["error"]["code"] == "too_few_completions"
    assert "3 of 10 records" in job["error"]["message"]
    assert "--rollouts" in job["error"]["message"]


def test_a_few_records_without_completions_are_left_out(bench, data) -> None:
    found = data.rollouts(0, 10)
    kept = [rollout for rollout in found if rollout["record"] not in ("r0", "r1")]
    made = bench(kept, answering(is_right))
    name = made.submit(data.jsonl(data.records_of(found)), batch_size=1)
    assert made.run(name)["status"] == "succeeded"
    assert len(made.series(name, api.STEP)) == 8
    assert any("2 of 10 records are left out" in message for message in made.messages(name, "warn"))


def test_a_validation_file_is_what_checkpoints_are_measured_on(bench, data) -> None:
    found = data.rollouts(0, 20)
    records = data.records_of(found)
    target = answering(is_right)
    made = bench(found, target)
    name = made.submit(data.jsonl(records[:8]), validation=data.jsonl(records[8:11]))
    made.run(name)
    evaluated = {
        item["id"] for event in target.events for item in event if item["id"].startswith("evaluation")
    }
    assert len(evaluated) == 3 * 8
    (last, *_) = made.store.checkpoints(name, 1, None).data
    assert 0 <= last["metrics"]["full_valid_mean_token_accuracy"] <= 1


def test_without_held_out_records_a_checkpoint_has_no_validation_figures(bench, data) -> None:
    found = data.rollouts(0, 8)
    made = bench(found, answering(is_right))
    name = made.submit(data.jsonl(data.records_of(found)))
    made.run(name)
    (last, *_) = made.store.checkpoints(name, 1, None).data
    assert set(last["metrics"]) == {"step", "train_loss", "train_mean_token_accuracy"}
    assert any("No held-out records" in message for message in made.messages(name, "warn"))


def test_a_job_that_is_cancelled_while_its_grader_works_takes_nothing_of_the_step(bench, data) -> None:
    found = data.rollouts(0, 8)
    made: Bench
    good = answering(is_right)

    def cancel(event: Any) -> Answer:
        made.lifecycle.cancel(name)
        return good.grade(event)

    made = bench(found, FakeTarget(cancel))
    name = made.submit(data.jsonl(data.records_of(found)))
    job = made.run(name)
    assert job["status"] == "cancelled"
    assert made.series(name, api.STEP) == []
    assert made.store.draws(name) == []
    assert made.store.policy(name).own == {}


def test_a_job_goes_on_from_its_last_step_with_a_new_store_and_lifecycle(bench, data, tmp_path: Path) -> None:
    found = data.rollouts(0, 20)
    content = data.jsonl(data.records_of(found))
    whole = Bench(tmp_path / "whole", found, answering(is_right))
    expected = whole.submit(content)
    whole.run(expected)
    first = Bench(tmp_path / "cut", found, answering(is_right))
    name = first.submit(content)
    first.run(name, units=5)
    first.store.close()
    second = Bench(tmp_path / "cut", found, answering(is_right))
    second.run(name)
    assert second.series(name, api.REWARD_MEAN) == whole.series(expected, api.REWARD_MEAN)
    assert second.store.policy(name).theta == whole.store.policy(expected).theta
    second.store.close()
    whole.store.close()


def test_a_target_that_breaks_its_promise_fails_the_job_and_not_the_emulator(bench, data) -> None:
    def broken(event: Any) -> Answer:
        raise ZeroDivisionError("a bug")

    made = bench(data.rollouts(0, 8), FakeTarget(broken))
    job = made.run(made.submit(data.jsonl(data.records_of(data.rollouts(0, 8)))))
    assert job["error"] == {"code": "server_error", "message": "ZeroDivisionError: a bug", "param": None}


def test_a_function_is_found_by_arn_by_version_and_by_name() -> None:
    specs = {"word": "graders.examples.word_problems:word_problem", "word:3": "no_such_module:x"}
    arn = "arn:aws:lambda:us-west-2:123456789012:function:word"
    with closing(Functions(specs)) as functions:
        assert functions.open(arn).name == "in-process"
        assert functions.open(f"{arn}:live") is functions.open(arn)
        with pytest.raises(InputError, match="no_such_module"):
            functions.open(f"{arn}:3")
        with pytest.raises(JobFailure, match="--bind other=module:attr"):
            functions.open("arn:aws:lambda:us-west-2:123456789012:function:other")


def test_two_jobs_side_by_side_learn_what_each_learns_alone(bench, data) -> None:
    found = data.rollouts(0, 20)
    records = data.records_of(found)
    alone = bench(found, answering(is_right))
    first = alone.submit(data.jsonl(records))
    alone.run(first)
    together = bench(found, answering(is_right))
    names = [together.submit(data.jsonl(records)), together.submit(data.jsonl(records), seed=9)]
    while together.lifecycle.open_jobs():
        for name in together.lifecycle.open_jobs():
            together.lifecycle.advance(name)
    assert together.series(names[0], api.REWARD_MEAN) == alone.series(first, api.REWARD_MEAN)
    assert together.series(names[1], api.REWARD_MEAN) != alone.series(first, api.REWARD_MEAN)


def test_every_epoch_draws_anew_and_in_another_order(bench, data) -> None:
    found = data.rollouts(0, 8)
    made = bench(found, answering(lambda item: 0.5))
    name = made.submit(data.jsonl(data.records_of(found)), n_epochs=2, batch_size=2)
    made.run(name)
    rows = [row for _, row in made.store.draws(name)]
    first, second = rows[:64], rows[64:]
    order = [[row.group for row in epoch[::8]] for epoch in (first, second)]
    assert sorted(order[0]) == sorted(order[1])
    assert order[0] != order[1]
    picks = [
        {group: [row.completion for row in epoch if row.group == group] for group in order[0]}
        for epoch in (first, second)
    ]
    assert sum(picks[0][group] == picks[1][group] for group in order[0]) == 0
