"""Third-party Lambda handlers: called per sample as with a batch, and checked strictly."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from time import process_time

import pytest

from graders import DecorationError, RecordError, Reward, SampleError, grader
from graders.adapters import confined, from_lambda
from graders.testing import invoke, make_sample
from graders.wire import PROFILES, write_events


def listing(event, context):
    """The handler in the form that AWS documents, with a data class. It prints every event."""

    @dataclass
    class Scored:
        id: str
        aggregate_reward_score: float
        metrics_list: list

    sys.stdout.write(f"event: {json.dumps(event)}\n")
    scored = []
    for item in event:
        text = item["messages"][-1]["content"]
        length = {"name": "length", "value": float(len(text)), "type": "Metric"}
        right = {"name": "right", "value": 1.0, "type": "Reward"}
        scored.append(Scored(item["id"], 0.5 if "72" in text else 0.0, [length, right]))
    return [asdict(one) for one in scored]


def enveloped(event, context):
    """Like SageMaker's starter template: accepts a list or a batch, and returns errors in the body."""
    batch = event.get("batch", []) if isinstance(event, dict) else event
    if not batch:
        return {"statusCode": 400, "body": json.dumps({"error": "no batch"})}
    found = []
    for at, item in enumerate(batch):
        reference = item.get("reward_model", {}).get("ground_truth", "")
        key = str(item.get("my_key", f"sample-{at:03d}"))
        right = item.get("messages", item.get("prompt"))[-1]["content"] == reference
        found.append({"id": key, "aggregate_reward_score": float(right), "metrics_list": []})
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": json.dumps(found)}


def answering(answer):
    return from_lambda(lambda event, context: answer)


def entry(**more):
    return {"id": "sample-1", "aggregate_reward_score": 0.5, **more}


def failure(scoring, sample=None):
    with pytest.raises(SampleError) as raised:
        grader(scoring).grade(sample or make_sample("72", "72"))
    return raised.value


def test_a_sample_gets_the_handlers_reward_with_metrics_and_components(capsys):
    scored = from_lambda(listing)(make_sample("It is 72"))
    assert scored == Reward(0.5, metrics={"length": 8.0}, components={"right": 1.0})
    assert "It is 72" in capsys.readouterr().out  # unchanged


@pytest.mark.parametrize("wire", [name for name, profile in PROFILES.items() if profile.container == "list"])
def test_the_handler_gets_the_events_element_unchanged(wire):
    messages = [{"role": "user", "content": "?"}, {"role": "assistant", "content": "72"}]
    rollout = {"id": "a", "messages": messages, "reference_answer": "72", "unit": "clips"}
    [event] = write_events([rollout], PROFILES[wire])
    seen = []

    def handler(given, context):
        seen.append(json.loads(json.dumps(given)))
        given[0].pop("messages", None)  # a handler may change its own event
        return [{"id": given[0].get("id", given[0].get("my_key")), "aggregate_reward_score": 1}]

    reward = grader(from_lambda(handler))
    answer = reward(event, None)
    assert seen == [event]
    assert answer[0]["aggregate_reward_score"] == 1.0
    assert reward(event, None) == answer


def test_a_handler_that_reads_another_wire_gets_that():
    sample = make_sample("72", "72")
    assert from_lambda(enveloped)(sample) == Reward(0.0)
    assert from_lambda(enveloped, wire="sagemaker-oss-ground-truth")(sample) == Reward(1.0)
    assert from_lambda(enveloped, wire="sagemaker-oss-verl")(sample) == Reward(1.0)


@pytest.mark.parametrize("wire", ["sagemaker-oss", "sagemaker-oss-batch", "sagemaker-oss-ground-truth"])
def test_its_rewards_are_those_of_the_handler_itself(wire):
    texts = ["72", "73", "", "It is 72"]
    samples = [make_sample(text, "72", id=f"{at}") for at, text in enumerate(texts)]
    alone = invoke(enveloped, samples, wire)
    assert invoke(grader(from_lambda(enveloped)), samples, wire) == alone


@pytest.mark.parametrize(
    "answer",
    [
        [entry()],
        entry(),
        {"statusCode": 200, "body": [entry()]},
        {"statusCode": 200, "body": json.dumps([entry()])},
        {"statusCode": 200, "body": json.dumps(entry())},
        [entry(reward_components={"right": 0.5}, score=0.5, reason="none")],
    ],
)
def test_answers_of_every_known_shape_are_read(answer):
    assert answering(answer)(make_sample("72")) == Reward(0.5)


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        ([entry(id="0")], "value", "carries the id '0'; the sample at that position is 'sample-1'"),
        ([], "value", "1 sample was sent and 0 answers came back"),
        ([entry(), entry()], "value", "2 answers came back"),
        ([entry(aggregate_reward_score=float("nan"))], "value", "nan is not finite"),
        ([entry(aggregate_reward_score=True)], "value", "a boolean"),
        ([entry(aggregate_reward_score="1")], "value", "a str is not a number"),
        ([{"id": "sample-1"}], "value", "None is not a number"),
        ([entry(metrics_list=[{"name": "x", "value": 1}])], "value", "'type'"),
        (None, "value", "a NoneType, not a list"),
        ({"error": "no such key"}, "value", "an error: no such key"),
        ({"statusCode": 400, "body": json.dumps({"error": "no"})}, "value", "the status 400"),
        ({"statusCode": 200, "body": "{"}, "value", "not JSON"),
        ({1, 2}, "exception", "not JSON, and Lambda could not send it"),
    ],
)
def test_an_answer_that_a_training_job_could_not_use_is_a_failure(answer, kind, said):
    problem = failure(answering(answer))
    assert problem.kind == kind
    assert said in problem.message


def test_a_failure_that_our_own_grader_reported_keeps_its_kind():
    @grader
    def inner(sample):
        return float(sample.reference_text)

    assert failure(from_lambda(inner), make_sample("72")).kind == "record"
    assert grader(from_lambda(inner)).grade(make_sample("72", "0.5")).value == 0.5


def test_a_handlers_error_has_the_line_that_raised_it():
    def handler(event, context):
        return event[0]["no such key"]

    problem = failure(from_lambda(handler))
    assert problem.kind == "exception"
    assert problem.origin.startswith("KeyError at test_aws_lambda.py:")


def test_an_async_handler_is_refused():
    async def handler(event, context):
        return []

    assert "the handler is async" in failure(from_lambda(handler)).message


def test_the_context_matches_lambdas():
    def handler(event, context):
        left = context.get_remaining_time_in_millis()
        assert 0 < left <= 3000
        assert (context.function_name, context.memory_limit_in_mb) == ("grader", "512")
        assert context.invoked_function_arn.endswith(context.function_name)
        return [entry(aggregate_reward_score=float(context.aws_request_id == "sample-1"))]

    assert grader(timeout_s=3)(from_lambda(handler)).grade(make_sample("72")).value == 1.0


@pytest.mark.parametrize("given", [None, "app.lambda_handler", dict])
def test_an_object_that_is_not_a_handler_is_refused(given):
    with pytest.raises(DecorationError, match="give it a handler"):
        from_lambda(given)
    with pytest.raises(DecorationError, match="write one of open-weight"):
        from_lambda(listing, wire="bedrock")  # type: ignore[arg-type]


def test_an_invalid_record_never_reaches_the_handler():
    with pytest.raises(RecordError):
        from_lambda(listing)(make_sample("72").__class__({"id": "a", "messages": []}))


@pytest.mark.skipif(sys.platform != "linux", reason="other systems shut nothing in")
def test_a_confined_handler_answers_as_a_trusted_one(tmp_path):
    file = tmp_path / "app.py"
    file.write_text(
        "import json\n"
        "from dataclasses import asdict, dataclass\n"
        "@dataclass\n"
        "class Scored:\n"
        "    id: str\n"
        "    aggregate_reward_score: float\n"
        "def lambda_handler(event, context):\n"
        "    print(json.dumps(event))\n"
        "    assert 0 < context.get_remaining_time_in_millis() <= 20000\n"
        "    item = event[0]\n"
        "    right = item['messages'][-1]['content'] == item['metadata']['reference_answer']\n"
        "    return [asdict(Scored(item['id'], 1.0 / right))]\n",
        encoding="utf-8",
    )
    reward = grader(timeout_s=20)(from_lambda(confined(file, "lambda_handler")))
    assert reward.grade(make_sample("72", "72")) == Reward(1.0)
    problem = failure(reward.__wrapped__, make_sample("73", "72"))
    assert (problem.kind, problem.origin) == ("exception", "ZeroDivisionError at app.py:12")


def test_a_handler_sees_the_remaining_time_of_the_outer_scoring_function():
    told = []

    def handler(event, context):
        told.append(context.get_remaining_time_in_millis())
        return [entry()]

    scored = from_lambda(handler)

    def late(sample):
        since = process_time()
        while process_time() - since < 0.2:
            pass
        return scored(sample)

    grader(timeout_s=2)(late).grade(make_sample("72"))
    assert 0 < told[0] <= 1800
