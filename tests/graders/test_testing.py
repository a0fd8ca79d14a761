"""The testing helpers return the same rewards as Lambda."""

from __future__ import annotations

import math

import pytest

from graders import Failure, Reward, Sample, grader
from graders.errors import EventError
from graders.testing import Context, invoke, make_sample
from graders.wire import PROFILES


@grader
def is_right(sample: Sample) -> Reward:
    right = sample.completion == sample.reference_text
    return Reward(float(right), metrics={"clips": sample.fields["clips"]}, components={"right": right})


def test_a_made_sample_equals_one_from_an_event():
    sample = make_sample("72", "#### 72", prompt="how many?", id="a", unit="clips")
    assert (sample.completion, sample.reference_answer, sample.prompt) == ("72", "#### 72", "how many?")
    assert (sample.id, sample.fields) == ("a", {"unit": "clips"})
    assert make_sample(None).completion == ""
    assert make_sample("").reference_answer is None
    assert make_sample("", {"a": 1}).reference_answer == {"a": 1}
    assert make_sample("", 0).reference_answer == 0


@pytest.mark.parametrize("wire", PROFILES)
def test_every_dialect_gets_the_same_rewards(wire):
    graded = grader(wire=wire)(is_right.__wrapped__)
    samples = [
        make_sample("72", "72", id="a", clips=3),
        make_sample("73", "72", id="a", clips=4),
        make_sample("72"),
    ]
    right, wrong, failed = invoke(graded, samples, wire)
    assert right == Reward(1.0, metrics={"clips": 3.0}, components={"right": 1.0})
    assert wrong == Reward(0.0, metrics={"clips": 4.0}, components={"right": 0.0})
    assert isinstance(failed, Failure)
    assert failed.kind == "record"


def test_rollouts_are_accepted_as_in_a_file():
    rollout = {"id": 7, "messages": make_sample("72").messages, "reference_answer": "72", "clips": 1}
    assert invoke(is_right, [rollout]) == [Reward(1.0, metrics={"clips": 1.0}, components={"right": 1.0})]


def test_a_context_is_passed_as_in_lambda():
    seen = []

    def handler(event, context):
        seen.append(context.get_remaining_time_in_millis())
        return [{"id": item["id"], "aggregate_reward_score": 1.0} for item in event]

    invoke(handler, [make_sample("72")])
    invoke(handler, [make_sample("72")], context=Context(500))
    assert seen == [60_000, 500]


@pytest.mark.parametrize("bad", [math.nan, math.inf, "\ud800"], ids=["NaN", "infinity", "a lone surrogate"])
def test_an_answer_that_is_not_strict_json_is_refused(bad):
    def handler(event, _context):
        return [{"id": item["id"], "aggregate_reward_score": 1.0, "more": bad} for item in event]

    with pytest.raises(ValueError, match="JSON|surrogates"):
        invoke(handler, [make_sample("72")])


@pytest.mark.parametrize(
    "answer",
    [None, [], [{}], {"statusCode": 200, "body": "[]"}, [{"id": "0", "aggregate_reward_score": 1.0}]],
)
def test_an_answer_that_no_job_could_use_is_refused(answer):
    with pytest.raises(EventError):
        invoke(lambda _event, _context: answer, [make_sample("72")])


def test_lone_surrogates_in_ids_and_names_come_back_replaced():
    graded = grader(lambda sample: Reward(1.0, metrics={chr(0xD800): 1.0, chr(0xD801): 2.0}))
    (found,) = invoke(graded, [make_sample("72", id="\ud800")])
    assert isinstance(found, Reward)
    assert list(found.metrics.items()) == [("\ufffd", 1.0), ("\ufffd_", 2.0)]
