"""Batches: the floor for failures, the error budget, and no content in errors."""

from __future__ import annotations

import asyncio
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders import Abstain, ConfigurationError, RecordError, Reward, SampleError, grader
from graders._runtime.handler import FEWEST, WINDOW
from graders.errors import ErrorBudgetExceeded, EventError
from graders.testing import Context

SECRET = "the secret completion"


def event(*texts):
    return [
        {
            "id": at,
            "messages": [{"role": "assistant", "content": text}],
            "metadata": {"reference_answer": "r"},
        }
        for at, text in enumerate(texts)
    ]


def scoring(sample):
    match sample.completion:
        case "exception":
            raise ValueError(SECRET)
        case "record":
            raise RecordError(SECRET)
        case "abstain":
            return Abstain(SECRET)
        case "value":
            return math.nan
        case "range":
            return 2.0
        case "configuration":
            raise ConfigurationError("no key")
    return 1.0


FAILURES = {
    "exception": "exception",
    "record": "record",
    "abstain": "abstain",
    "value": "value",
    "range": "value",
}


@pytest.mark.parametrize(("text", "kind"), FAILURES.items())
@pytest.mark.parametrize("bounds", [(0, 1), (-1, 1), (0.25, 1)])
def test_a_failed_sample_is_answered_with_the_floor_and_its_kind_at_its_position(text, kind, bounds):
    answer = grader(range=bounds)(scoring)(event("good", text, "good"), Context())
    assert [entry["id"] for entry in answer] == [0, 1, 2]
    assert [entry["aggregate_reward_score"] for entry in answer] == [1.0, bounds[0], 1.0]
    assert [entry["metrics_list"] for entry in (answer[0], answer[2])] == [[], []]
    assert answer[1]["metrics_list"] == [
        {"name": "grader_error", "value": 1.0, "type": "Metric"},
        {"name": f"grader_error_{kind}", "value": 1.0, "type": "Metric"},
    ]
    assert SECRET not in json.dumps(answer)


@given(st.lists(st.sampled_from(["good", *FAILURES]), max_size=12))
def test_each_sample_has_one_answer_in_order_finite_and_in_range(texts):
    answer = grader(max_error_rate=1)(scoring)(event(*texts), None)
    assert [entry["id"] for entry in answer] == list(range(len(texts)))
    assert all(0 <= entry["aggregate_reward_score"] <= 1 for entry in answer)
    for entry, text in zip(answer, texts, strict=True):
        assert (entry["aggregate_reward_score"] == 1.0) is (text == "good")


def test_the_context_may_be_left_out():
    graded = grader(scoring)
    assert graded(event("good")) == graded(event("good"), None) == graded(event("good"), Context())


@pytest.mark.parametrize("container", ["list", "one", "trajectories"])
def test_every_container_is_answered_with_a_bare_list(container):
    items = event("good")
    given_ = {"list": items, "one": items[0], "trajectories": {"trajectories": items}}[container]
    assert grader(scoring)(given_, None) == [{"id": 0, "aggregate_reward_score": 1.0, "metrics_list": []}]


def test_the_declared_wire_decides_the_envelope():
    answer = grader(wire="sagemaker-oss")(scoring)(event("good"), None)
    assert answer["statusCode"] == 200
    assert json.loads(answer["body"])[0]["aggregate_reward_score"] == 1.0


def test_an_unknown_event_fails_the_call():
    with pytest.raises(EventError):
        grader(scoring)({"Records": [SECRET]}, None)


@pytest.mark.parametrize("kind", ["exception", "value", "range"])
def test_the_budget_counts_the_graders_own_faults(kind):
    graded = grader(scoring)
    for _ in range(FEWEST - 1):
        graded(event(kind), None)  # a batch may have only one sample
    with pytest.raises(ErrorBudgetExceeded, match=r"20 of the last 20 samples failed.*max_error_rate=0\.5"):
        graded(event(kind), None)


def test_the_budget_counts_timeouts():
    graded = grader(timeout_s=0.001, max_error_rate=0)(scoring_slowly)
    with pytest.raises(ErrorBudgetExceeded, match="1 x timeout"):
        graded(event(*["good"] * 20, "slow"), None)


def scoring_slowly(sample):
    while sample.completion == "slow":
        pass
    return 1.0


@pytest.mark.parametrize("kind", ["abstain", "record"])
def test_abstentions_and_bad_records_are_not_the_graders_fault(kind):
    answer = grader(max_error_rate=0)(scoring)(event(*[kind] * 100), None)
    assert len(answer) == 100


def test_the_budget_allows_exactly_its_share():
    half = ["good"] * 32 + ["exception"] * 32
    graded = grader(scoring)
    assert len(graded(event(*half), None)) == 64
    with pytest.raises(ErrorBudgetExceeded, match="33 of the last 64"):
        graded(event("exception"), None)


def test_the_budget_forgets_samples_outside_its_window():
    graded = grader(max_error_rate=0.1)(scoring)
    graded(event(*["exception"] * (FEWEST - 1)), None)
    with pytest.raises(ErrorBudgetExceeded):
        graded(event("good"), None)
    for text in ["good"] * (WINDOW - 1):
        try:
            graded(event(text), None)
        except ErrorBudgetExceeded:
            continue
    assert len(graded(event("good"), None)) == 1
    assert len(graded(event(*["exception"] * 100, *["good"] * WINDOW), None)) == 100 + WINDOW


def test_a_budget_of_one_never_fails_the_call():
    assert len(grader(max_error_rate=1)(scoring)(event(*["exception"] * 100), None)) == 100


def test_grade_all_spends_no_budget():
    graded = grader(scoring)
    assert len(graded.grade_all(event(*["exception"] * 100))) == 100
    assert len(graded(event("good"), None)) == 1


def test_the_budgets_message_names_places_and_quotes_nothing(monkeypatch):
    monkeypatch.delenv("GRADER_LOG_CONTENT", raising=False)
    with pytest.raises(ErrorBudgetExceeded) as caught:
        grader(scoring)(event(*["exception"] * 20, "value"), None)
    assert "20 x ValueError at test_handler.py:" in str(caught.value)
    assert "1 x value" in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("kind", ["exception", "record", "value", "range"])
def test_on_error_raise_raises_at_the_first(kind, monkeypatch):
    monkeypatch.delenv("GRADER_LOG_CONTENT", raising=False)
    graded = grader(on_error="raise")(scoring)
    with pytest.raises(SampleError, match="sample 1: ") as caught:
        graded(event("good", kind, "abstain"), None)
    assert caught.value.kind == FAILURES[kind]
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert len(graded(event("abstain"), None)) == 1


def test_content_is_quoted_only_where_the_environment_allows_it(monkeypatch):
    monkeypatch.setenv("GRADER_LOG_CONTENT", "1")
    with pytest.raises(SampleError, match=SECRET):
        grader(on_error="raise")(scoring)(event("exception"), None)
    monkeypatch.setenv("GRADER_LOG_CONTENT", "true")
    with pytest.raises(SampleError, match="ValueError at test_handler.py"):
        grader(on_error="raise")(scoring)(event("exception"), None)


@pytest.mark.parametrize("key", ["\ud800", "x" * 5000, {"prompt": SECRET}, [SECRET], 10**5000], ids=range(5))
def test_an_error_can_always_be_written_and_its_id_never_holds_content(key, monkeypatch):
    monkeypatch.setenv("GRADER_LOG_CONTENT", "1")
    item = {**event("x")[0], "id": key}

    @grader(on_error="raise")
    def graded(_sample):
        raise ValueError("\ud800")

    with pytest.raises(SampleError) as caught:
        graded([item], None)
    json.dumps(str(caught.value), ensure_ascii=False).encode()
    assert len(str(caught.value)) < 300
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("on_error", ["floor", "raise"])
def test_a_configuration_error_fails_the_call(on_error):
    with pytest.raises(ConfigurationError, match="no key"):
        grader(on_error=on_error, max_error_rate=1)(scoring)(event("good", "configuration"), None)


def test_a_handler_called_inside_a_running_loop_says_what_to_call_instead():
    @grader
    async def graded(_sample):
        return 1.0

    async def main():
        return graded(event("good"), None)

    with pytest.raises(ConfigurationError, match=r"await grader\(sample\)"):
        asyncio.run(main())


def test_the_answer_holds_a_rewards_numbers_and_never_its_reason():
    graded = grader(
        lambda _sample: Reward(0.5, metrics={"length": 3}, components={"right": 1}, reason=SECRET)
    )
    answer = graded(event("good"), None)
    assert SECRET not in json.dumps(answer)
    assert [(m["name"], m["type"]) for m in answer[0]["metrics_list"]] == [
        ("right", "Reward"),
        ("length", "Metric"),
    ]


def test_the_event_is_not_changed():
    given_ = event("good", "exception")
    before = json.dumps(given_)
    grader(scoring)(given_, None)
    assert json.dumps(given_) == before
