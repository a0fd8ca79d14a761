"""The cost of a judge's answers: metrics of each sample, and limits per process."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders import ConfigurationError
from graders._runtime.timing import Context
from graders.checks._judge_service import Reply
from graders.checks._judge_spending import Spending, usage_of
from graders.testing import make_sample
from support.judge_endpoint import Answer, JudgeEndpoint
from support.judged import event, judging

PRICES = {"input_price": 2.0, "output_price": 10.0, "cached_price": 0.2}


def spending(**options: float) -> Spending:
    names = ("input_price", "output_price", "cached_price", "ceiling_usd", "ceiling_tokens")
    return Spending(*(options.get(name) for name in names))  # type: ignore[arg-type]


@pytest.mark.parametrize("service", ["bedrock", "openai"])
def test_tokens_and_money_add_up_over_repeats(endpoint: JudgeEndpoint, service: str) -> None:
    endpoint.script = lambda asked: Answer(
        {"reason": "", "verdict": "good"}, tokens=(1000, 10 * (asked.repeat or 0), 600)
    )
    reward = judging({"service": service, **PRICES}, repeats=3).grade(make_sample("text"))
    assert reward.metrics == {
        "judge_calls": 3.0,
        "judge_tokens_in": 3000.0,
        "judge_tokens_out": 30.0,
        "judge_tokens_cached": 1800.0,
        "judge_usd": pytest.approx((1200 * 2 + 1800 * 0.2 + 30 * 10) / 1e6),
    }


def test_metrics_that_the_service_does_not_report_are_left_out() -> None:
    whole, silent = Reply("{}", "whole", 10, 5), Reply("{}")
    assert spending().metrics([whole]) == {
        "judge_calls": 1,
        "judge_tokens_in": 10,
        "judge_tokens_out": 5,
        "judge_tokens_cached": 0,
    }
    assert set(spending(**PRICES).metrics([whole, silent])) == {"judge_calls", "judge_tokens_cached"}


TOKENS = st.none() | st.booleans() | st.floats() | st.text(max_size=2) | st.integers(-5, 20) | st.integers()


@given(TOKENS, TOKENS, TOKENS, TOKENS)
def test_usage_is_exactly_what_was_said_or_unknown(
    question: object, written: object, answer: object, cached: object
) -> None:
    found = usage_of([question, written], answer, cached)
    if found != (None, None, None):
        assert found == (question + written, answer, cached)  # type: ignore[operator]
        assert 0 <= found[2] <= found[0] < 10**9  # type: ignore[operator]
        assert not any(isinstance(one, (bool, float)) for one in (question, written, answer, cached))


@pytest.mark.parametrize(
    "usage",
    [(10, 5, 10**9), (10**400, 5, 0), (10**9, 5, 0), (10, 5, -7), (10.0, 5, 0), (True, 5, 0), (10, None, 0)],
)
def test_usage_that_cannot_be_true_is_unknown(usage: tuple[object, object, object]) -> None:
    assert usage_of([usage[0]], *usage[1:]) == (None, None, None)
    assert usage_of([10, 4], 5, 4) == (14, 5, 4)


@given(st.lists(st.integers(1, 500), min_size=1, max_size=60), st.integers(1, 5000))
def test_a_ceiling_is_exceeded_only_by_an_answer_larger_than_all_before(
    answers: list[int], ceiling: int
) -> None:
    kept, spent, most = spending(ceiling_tokens=ceiling), 0, 0
    for tokens in answers:
        try:
            kept.begin()
        except ConfigurationError:
            assert spent + most > ceiling
            break
        kept.end(Reply("{}", "whole", tokens, 0))
        assert spent + most <= ceiling
        spent, most = spent + tokens, max(most, tokens)


@pytest.mark.parametrize(
    "ceiling", [{"ceiling_tokens": 1200}, {"ceiling_usd": 10 * (100 * 2 + 20 * 10) / 1e6 + 1e-9, **PRICES}]
)
def test_the_ceiling_ends_the_call_and_says_what_was_spent(
    endpoint: JudgeEndpoint, ceiling: dict[str, float]
) -> None:
    grader = judging(ceiling, concurrency=1)
    with pytest.raises(ConfigurationError) as ended:
        grader(event(64), Context())
    assert len(endpoint.seen) == 10
    assert f"has reached its ceiling in this process ({next(iter(ceiling))}=" in str(ended.value)
    assert "(10 answered) took" in str(ended.value)
    assert "1200 tokens" in str(ended.value)


@pytest.mark.parametrize("concurrency", [4, 64])
def test_questions_that_are_being_answered_count_against_the_ceiling(
    endpoint: JudgeEndpoint, concurrency: int
) -> None:
    grader = judging({"ceiling_tokens": 1200}, concurrency=concurrency)
    for _ in range(10):
        with pytest.raises(ConfigurationError, match="has reached its ceiling"):
            grader(event(64), Context())
    assert len(endpoint.seen) <= 10


def test_a_late_answer_counts_as_much_as_the_most_expensive_one(endpoint: JudgeEndpoint) -> None:
    endpoint.script = lambda asked: Answer(
        {"reason": "", "verdict": "good"}, seconds=30 if asked.question == "text 1" else 0
    )
    grader = judging({"ceiling_tokens": 250}, timeout_s=1.5, max_error_rate=1, concurrency=1)
    with pytest.raises(ConfigurationError, match=r"\(1 answered, 1 too late\) took 240 tokens"):
        grader.grade_all(event(3))


def test_a_late_answer_before_the_first_one_counts_as_soon_as_a_cost_is_known() -> None:
    kept = spending(ceiling_tokens=250)
    kept.begin()
    kept.give_up(1)
    kept.begin()
    kept.end(Reply("{}", "whole", 100, 20))
    with pytest.raises(ConfigurationError, match=r"\(1 answered, 1 too late\) took 240 tokens"):
        kept.begin()


def test_a_token_ceiling_is_refused_if_the_service_reports_no_tokens(endpoint: JudgeEndpoint) -> None:
    endpoint.script = lambda asked: Answer({"reason": "", "verdict": "good"}, tokens=None)
    with pytest.raises(ConfigurationError, match="reports no token counts"):
        judging({"service": "openai", "ceiling_tokens": 1000}).grade(make_sample("text"))
