"""A judge's failures: some fail the whole call, some fail one sample, and some are retried."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from itertools import count, repeat
from typing import Any

import pytest

from graders import ConfigurationError, Failure, Reward, grader
from graders._runtime import score_stream
from graders._runtime.timing import Context
from graders.checks import _judge_retries
from graders.checks._judge_places import Places
from graders.checks._judge_retries import TryAgain, bounded
from graders.checks.judge import judge_label
from graders.testing import make_sample
from support.judge_endpoint import TOOL, Answer, Asked, JudgeEndpoint, obliging, refusing, throttled
from support.judged import event, judging

SERVICES = ("bedrock", "openai")


def refusal(service: str, **options: object) -> str:
    """Return the error message of a judge that refuses to grade."""
    with pytest.raises(ConfigurationError) as refused:
        judging({"service": service, **options}, timeout_s=10).grade(make_sample("text"))
    assert "\n" not in str(refused.value)
    return str(refused.value)


ANSWERS = [
    ("bedrock", refusing("AccessDeniedException", "User: x is not authorized", 403), "JudgeModelArns"),
    ("bedrock", refusing("AccessDeniedException", "User: x is not authorized", 403), "bedrock:InvokeModel"),
    ("bedrock", refusing("ResourceNotFoundException", "Model not found.", 404), "model='judge'"),
    (
        "bedrock",
        refusing(
            "ValidationException",
            "Invocation of model ID x with on-demand throughput isn\u2019t supported. Retry your request "
            "with the ID or ARN of an inference profile that contains this model.",
        ),
        "inference profile",
    ),
    (
        "bedrock",
        refusing("ValidationException", "The provided model identifier is invalid."),
        "model='judge'",
    ),
    ("bedrock", refusing("UnrecognizedClientException", "The security token is invalid", 403), "credentials"),
    ("bedrock", refusing("ExpiredTokenException", "The security token has expired", 403), "expired"),
    (
        "bedrock",
        refusing("ValidationException", "This model doesn't support tool use or JSON schema."),
        "schema",
    ),
    ("openai", refusing("invalid_api_key", "Incorrect API key provided", 401), "OPENAI_API_KEY"),
    ("openai", refusing("forbidden", "no", 403), "OPENAI_API_KEY"),
    ("openai", refusing("model_not_found", "The model `judge` does not exist", 404), "model= and base_url="),
    ("openai", refusing("bad_request", "Invalid model: judge", 400), "no model 'judge'"),
    ("openai", refusing("bad_request", "Invalid model name passed in model=judge", 400), "no model 'judge'"),
    ("openai", refusing("bad_request", "model 'judge' not found, try pulling it first", 400), "base_url="),
    ("openai", refusing("insufficient_quota", "You exceeded your current quota", 429), "requires payment"),
    (
        "openai",
        refusing("invalid_request_error", "tools and response_format are not supported"),
        "JSON object",
    ),
]


@pytest.mark.parametrize(("service", "answer", "words"), ANSWERS)
def test_an_error_that_would_fail_every_question_fails_the_call_and_names_the_fix(
    endpoint: JudgeEndpoint, service: str, answer: Answer, words: str
) -> None:
    endpoint.script = lambda asked: answer
    assert words in refusal(service)
    assert len({asked.form for asked in endpoint.seen}) == len(endpoint.seen)  # no form was tried twice


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    "echoed",
    [
        "invalid model: inference profile",
        "your schema, tool, strict, temperature, seed, caching",
        "The model x does not exist",
        "You exceeded your current quota",
    ],
)
def test_no_completion_that_a_service_quotes_fails_the_call_or_changes_what_is_asked(
    endpoint: JudgeEndpoint, service: str, echoed: str
) -> None:
    def script(asked: Asked) -> Answer:
        bad = asked.question == "text 1" and asked.form != TOOL
        return refusing("ValidationException", f"cannot read: {echoed}") if bad else obliging(asked)

    endpoint.script = script
    found = judging({"service": service}, concurrency=1, max_error_rate=1).grade_all(event(4))
    assert [type(outcome) for outcome in found if outcome is not found[1]] == [Reward] * 3
    others = [asked for asked in endpoint.seen if asked.question != "text 1"]
    assert {(asked.form, *sorted(asked.body)) for asked in others} == {
        (others[0].form, *sorted(others[0].body))
    }


def _json(body: object, status: int) -> Answer:
    return Answer(status=status, raw=json.dumps(body).encode())


@pytest.mark.parametrize(
    ("service", "answer", "named", "most"),
    [
        ("openai", refusing("", "Insufficient Balance", 402), "requires payment", 1),
        ("openai", _json({"error": {"code": 402, "message": "no credit"}}, 200), "no credit", 1),
        ("openai", _json({"error": {"code": "402", "message": "no credit"}}, 200), "no credit", 1),
        ("openai", refusing("", "Your credit balance is too low"), "credit balance is too low", 8),
        ("openai", refusing("", "API key not valid. Request 12ab"), "API key not valid", 8),
        ("openai", _json("<html>", 302), "base_url=", 1),
        ("openai", _json({}, 451), "HTTP 451", 8),
        ("bedrock", refusing("ValidationException", "The account is on hold"), "on hold", 6),
        ("bedrock", _json({}, 302), "AWS_ENDPOINT_URL_BEDROCK_RUNTIME", 1),
    ],
)
def test_an_error_for_every_question_fails_the_call_at_the_second_one(
    endpoint: JudgeEndpoint, service: str, answer: Answer, named: str, most: int
) -> None:
    endpoint.script = lambda asked: answer
    with pytest.raises(ConfigurationError, match=re.escape(named)):
        judging({"service": service}, max_error_rate=1, concurrency=1).grade_all(event(60))
    assert len(endpoint.seen) < most + 40  # requests still in progress when the call ends


@pytest.mark.parametrize("service", SERVICES)
def test_equal_samples_that_are_refused_fail_no_call(endpoint: JudgeEndpoint, service: str) -> None:
    def script(asked: Asked) -> Answer:
        return refusing("ValidationException", "No.") if asked.question == "text 0" else obliging(asked)

    endpoint.script = script
    samples = [*event(1), *event(1), *event(3)]
    found = judging({"service": service}, max_error_rate=1, concurrency=1).grade_all(samples)
    assert [isinstance(outcome, Reward) for outcome in found] == [False, False, False, True, True]


def test_samples_that_are_too_long_fail_no_call(endpoint: JudgeEndpoint) -> None:
    endpoint.script = lambda asked: _json({}, 413) if asked.number < 3 else obliging(asked)
    found = judging({"service": "openai"}, max_error_rate=1, concurrency=1).grade_all(event(4))
    assert [isinstance(outcome, Reward) for outcome in found] == [False, False, False, True]


def test_a_key_that_is_not_set_is_named(endpoint: JudgeEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    assert refusal("openai").startswith("OPENAI_API_KEY is not set")
    monkeypatch.setenv("OWN_KEY", " ")
    assert refusal("openai", key_variable="OWN_KEY").startswith("OWN_KEY is not set")
    monkeypatch.setenv("OWN_KEY", "mine")
    judging({"service": "openai", "key_variable": "OWN_KEY"}).grade(make_sample("text"))
    assert endpoint.seen[0].headers["authorization"] == "Bearer mine"


def test_no_region_and_no_credentials_are_named(
    endpoint: JudgeEndpoint, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    nowhere = str(tmp_path_factory.mktemp("home") / "none")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, nowhere)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert "write region=, or set AWS_REGION" in refusal("bedrock")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert "AWS credentials" in refusal("bedrock", region="eu-west-1")


def test_a_service_that_is_not_there_is_named(
    endpoint: JudgeEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = "http://127.0.0.1:9"
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", nobody)
    assert "AWS_ENDPOINT_URL_BEDROCK_RUNTIME" in refusal("bedrock")
    assert f"cannot be reached at {nobody}/v1" in refusal("openai", base_url=f"{nobody}/v1")


PASSING: list[Callable[[str], Answer]] = [
    lambda service: throttled(),
    lambda service: throttled(after="0.01"),
    lambda service: throttled(after="Wed, 21 Oct 2026 07:28:00 GMT"),
    lambda service: refusing("InternalServerException", "oops", 500),
    lambda service: refusing("ServiceUnavailableException", "oops", 503),
    lambda service: refusing("ModelErrorException", "oops", 424 if service == "bedrock" else 502),
    lambda service: Answer({"verdict": "good"}, cuts=True),
    lambda service: Answer(raw=b"<html>a proxy says hello</html>"),
    lambda service: Answer(raw=b"\xff\xfe"),
    lambda service: Answer(raw=b"{}"),
    lambda service: Answer(raw=b'{"output": {"message": null, "novel": {}}, "choices": 3}'),
    lambda service: Answer(raw=b"[" * 100_000),
    lambda service: Answer(raw=b'{"error": {"code": 503, "message": "inside of a 200"}}'),
]


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("number", range(len(PASSING)))
def test_a_temporary_fault_fails_no_sample(endpoint: JudgeEndpoint, service: str, number: int) -> None:
    def script(asked: Asked) -> Answer:
        return PASSING[number](service) if asked.number in (0, 2) else obliging(asked)

    endpoint.script = script
    rewards = judging({"service": service}, timeout_s=10, concurrency=1).grade_all(event(2))
    assert [getattr(reward, "value", reward) for reward in rewards] == [1.0, 1.0]
    assert len(endpoint.seen) == 4


@pytest.mark.parametrize("service", SERVICES)
def test_throttled_for_a_third_of_the_call_no_sample_is_lost(endpoint: JudgeEndpoint, service: str) -> None:
    relief = threading.Timer(1.5, lambda: setattr(endpoint, "script", obliging))
    endpoint.script = lambda asked: throttled()
    grader = judging({"service": service}, timeout_s=None, concurrency=16)
    relief.start()
    answers = grader(event(64), Context(4_500))
    assert [answer["aggregate_reward_score"] for answer in answers] == [1.0] * 64
    assert all(metric["name"] != "grader_error" for answer in answers for metric in answer["metrics_list"])


@pytest.mark.parametrize("service", SERVICES)
def test_throttled_beyond_its_time_a_sample_is_a_failure_and_no_reward(
    endpoint: JudgeEndpoint, service: str
) -> None:
    def script(asked: Asked) -> Answer:
        return throttled() if asked.question in ("text 1", "text 3") else obliging(asked)

    endpoint.script = script
    found = judging({"service": service}, timeout_s=1.5).grade_all(event(5))
    assert [type(outcome) for outcome in found] == [Reward, Failure, Reward, Failure, Reward]
    assert {outcome.kind for outcome in found if isinstance(outcome, Failure)} == {"exception"}
    assert isinstance(found[1], Failure)
    assert "was asked" in found[1].message


@pytest.mark.parametrize("service", SERVICES)
def test_a_judge_that_stays_throttled_fails_the_call(endpoint: JudgeEndpoint, service: str) -> None:
    endpoint.script = lambda asked: throttled()
    grader = judging({"service": service}, timeout_s=1, concurrency=4)
    with pytest.raises(
        ConfigurationError, match="answered no other question in the meantime: lower the grader's"
    ):
        grader(event(8), Context(5_000))


def test_an_answer_earlier_in_the_same_call_is_an_answer(endpoint: JudgeEndpoint) -> None:
    """Rewards from before the throttling are kept."""
    endpoint.script = lambda asked: throttled() if asked.question in ("text 3", "text 4") else obliging(asked)
    grader = judging(timeout_s=1.5, concurrency=1, max_error_rate=1)
    scores = [answer["aggregate_reward_score"] for answer in grader(event(5), Context(60_000))]
    assert scores == [1.0, 1.0, 1.0, 0.0, 0.0]
    endpoint.script = lambda asked: throttled()
    with pytest.raises(ConfigurationError, match="answered no other question"):
        grader(event(5), Context(9_000))  # in this call, no question is answered


@pytest.mark.parametrize("service", SERVICES)
def test_a_wait_that_the_service_asks_for_is_kept_or_refused(endpoint: JudgeEndpoint, service: str) -> None:
    endpoint.script = lambda asked: throttled("30") if asked.question == "text 1" else obliging(asked)
    outcome = judging({"service": service}, timeout_s=2).grade_all(event(2))[1]
    assert isinstance(outcome, Failure)
    assert "was asked once" in outcome.message
    assert "asks to wait 30 s" in outcome.message


@pytest.mark.parametrize("service", SERVICES)
def test_an_answer_that_does_not_come_in_time_is_a_timeout_of_its_sample(
    endpoint: JudgeEndpoint, service: str
) -> None:
    def script(asked: Asked) -> Answer:
        slow = asked.question == "text 1"
        return Answer({"reason": "", "verdict": "good"}, seconds=30 if slow else 0)

    endpoint.script = script
    found = judging({"service": service}, timeout_s=1.5).grade_all(event(3))
    assert [type(outcome) for outcome in found] == [Reward, Failure, Reward]
    assert isinstance(found[1], Failure)
    assert (found[1].kind, found[1].message) == ("timeout", "the judge judge did not answer within 1.5 s")


def test_a_grader_without_a_limit_asks_until_the_judge_answers(endpoint: JudgeEndpoint) -> None:
    numbers = count()
    endpoint.script = lambda asked: throttled() if next(numbers) < 3 else obliging(asked)
    assert judging(timeout_s=None).grade(make_sample("text")).value == 1.0


@pytest.mark.parametrize("service", SERVICES)
def test_a_replay_soon_knows_that_the_judge_stays_throttled_and_when_it_no_longer_is(
    endpoint: JudgeEndpoint, service: str
) -> None:
    """A replay is one batch, so only its first questions are retried until their time limit."""
    relieved = 150
    endpoint.script = lambda asked: throttled() if asked.number < relieved else obliging(asked)
    grader = judging({"service": service}, timeout_s=1, concurrency=4)
    found: list[object] = []
    score_stream(
        grader.declared, iter(event(400)), lambda scored: found.extend(outcome for outcome, _ in scored)
    )
    lost = [outcome for outcome in found if isinstance(outcome, ConfigurationError)]
    assert 50 < len(lost) < relieved
    assert sum(isinstance(outcome, Reward) for outcome in found) > 200


def test_a_response_body_is_limited_in_time_and_size() -> None:
    pieces = [b"ab"] * 3
    assert list(bounded(pieces, 60)) == pieces
    with pytest.raises(TryAgain, match="does not end"):
        list(bounded(pieces, -1))
    with pytest.raises(TryAgain, match="does not end"):
        list(bounded(repeat(bytes(1 << 20)), 60))


@pytest.mark.parametrize("service", SERVICES)
def test_a_client_reads_no_body_without_end(
    endpoint: JudgeEndpoint, monkeypatch: pytest.MonkeyPatch, service: str
) -> None:
    def script(asked: Asked) -> Answer:
        return Answer(raw=bytes(20_000)) if asked.number == 1 else obliging(asked)

    endpoint.script = script
    monkeypatch.setattr(_judge_retries, "_LONGEST_BODY", 10_000)
    grader = judging({"service": service}, timeout_s=10, concurrency=1)
    assert [getattr(outcome, "value", outcome) for outcome in grader.grade_all(event(2))] == [1.0, 1.0]
    assert len(endpoint.seen) == 3


@pytest.mark.parametrize("service", SERVICES)
def test_a_process_has_no_more_questions_open_than_places_however_many_repeats(
    endpoint: JudgeEndpoint, monkeypatch: pytest.MonkeyPatch, service: str
) -> None:
    monkeypatch.setattr(_judge_retries, "_places", Places(3))
    lock, done, open_now = threading.Lock(), threading.Event(), [0, 0]

    def script(asked: Asked) -> Answer:
        with lock:
            open_now[0] += 1
            open_now[1] = max(open_now)
        done.wait(0.01)
        with lock:
            open_now[0] -= 1
        return obliging(asked)

    endpoint.script = script
    options: dict[str, Any] = {"service": service, "repeats": 12}
    check = judge_label(ask="q", labels={"good": 1, "poor": 0}, model="m", **options)
    grader(timeout_s=20)(check).grade_all([make_sample(f"text {number}") for number in range(4)])
    assert len(endpoint.seen) == 48
    assert open_now == [0, 3]


SLOW = Answer({"reason": "", "verdict": "good"}, seconds=30)


@pytest.mark.parametrize("service", SERVICES)
def test_one_slow_first_answer_costs_its_own_sample_alone(endpoint: JudgeEndpoint, service: str) -> None:
    endpoint.script = lambda asked: SLOW if asked.number == 0 else obliging(asked)
    found = judging({"service": service}, timeout_s=0.8, max_error_rate=1).grade_all(event(16))
    lost = [outcome for outcome in found if not isinstance(outcome, Reward)]
    assert [outcome.kind for outcome in lost if isinstance(outcome, Failure)] == ["timeout"]


def test_a_judge_that_never_answers_fails_the_call_and_is_asked_a_few_times_only(
    endpoint: JudgeEndpoint,
) -> None:
    endpoint.script = lambda asked: SLOW
    with pytest.raises(ConfigurationError, match=r"did not answer .*within 0.5 s. It answered no other"):
        judging(timeout_s=0.5, concurrency=16)(event(64), Context(5_000))
    assert len(endpoint.seen) <= 4


def test_a_replay_soon_knows_that_the_judge_hangs(endpoint: JudgeEndpoint) -> None:
    endpoint.script = lambda asked: SLOW
    found: list[object] = []
    score_stream(
        judging(timeout_s=1, concurrency=4).declared,
        iter(event(300)),
        lambda scored: found.extend(outcome for outcome, _ in scored),
    )
    assert {type(outcome) for outcome in found} == {ConfigurationError}
    assert len(endpoint.seen) <= 12


@pytest.mark.parametrize("concurrency", [1, 8])
def test_one_wait_beyond_its_time_that_the_service_asks_for_costs_one_sample(
    endpoint: JudgeEndpoint, concurrency: int
) -> None:
    endpoint.script = lambda asked: throttled("5") if asked.number == 0 else obliging(asked)
    found: list[object] = []
    score_stream(
        judging(timeout_s=0.5, concurrency=concurrency).declared,
        iter(event(8)),
        lambda scored: found.extend(outcome for outcome, _ in scored),
    )
    assert sum(isinstance(outcome, Reward) for outcome in found) == 7
