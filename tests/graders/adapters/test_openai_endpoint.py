"""Requests to the service of an endpoint grader, and its answers."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders import ConfigurationError, Failure, Reward, Sample, grader
from graders._runtime.held_questions import QuestionsHeldBack
from graders.adapters import OpenAISpecError, from_openai
from graders.adapters._openai_endpoint import ScoringEndpoint, score_of
from graders.adapters.openai import openai_run
from graders.checks._judge_retries import TryAgain
from graders.errors import SampleError
from graders.testing import make_sample
from harness.localaws.loopback import HttpRequest, HttpResponse, LoopbackServer
from harness.targets.answer_book import AnswerBook
from harness.targets.answer_cassette import answered
from harness.targets.recorded_answers import RecordedAnswers, answer_lines, parse_answers


class ScoringService:
    """A scoring service on loopback that runs a test's script and records its requests."""

    def __init__(self) -> None:
        self.seen: list[HttpRequest] = []
        self.script: Callable[[HttpRequest], HttpResponse | None] = lambda request: scored(1)
        self.ending = threading.Event()
        self._server = LoopbackServer(self._handle, "scoring service")
        self.url = f"http://{self._server.address}/grade"

    def _handle(self, request: HttpRequest) -> HttpResponse | None:
        self.seen.append(request)
        return self.script(request)

    @property
    def payloads(self) -> list[dict[str, Any]]:
        return [json.loads(request.body) for request in self.seen]

    def close(self) -> None:
        self.ending.set()
        self._server.close()


def scored(score: object) -> HttpResponse:
    return HttpResponse(200, json.dumps({"score": score}).encode())


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScoringService]:
    monkeypatch.setenv("no_proxy", "*")
    made = ScoringService()
    yield made
    made.close()


def scoring(url: str, rate_limit: float | None = None, /, **headers: str) -> ScoringEndpoint:
    return ScoringEndpoint(
        url, {name.replace("_", "-"): value for name, value in headers.items()}, rate_limit
    )


def ask(endpoint: ScoringEndpoint, text: str = "4") -> float:
    return asyncio.run(endpoint.score({"output_text": text}, {"answer": 4}))


def graded(endpoint: ScoringEndpoint, texts: list[str], **declared: Any) -> list[Any]:
    @grader(**{"timeout_s": 5, "range": (-100, 100), "max_error_rate": 1, **declared})
    async def reward(sample: Sample) -> float:
        return await endpoint.score({"output_text": sample.completion}, {})

    return reward.grade_all([_item(text) for text in texts])


def _item(text: str) -> dict[str, Any]:
    return {"id": text, "messages": [{"role": "assistant", "content": text}]}


def test_the_sample_and_its_record_are_posted_with_headers_and_a_trace(
    service: ScoringService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADING_KEY", "k-123456\n")
    service.script = lambda request: scored(7.5)
    headers = {"X_Functions_Key": "Key ${GRADING_KEY}", "content_type": "text/plain", "Host": "elsewhere"}
    endpoint = scoring(f"{service.url}?code=${{GRADING_KEY}}", **headers)
    assert ask(endpoint) == 7.5
    [asked] = service.seen
    [payload] = service.payloads
    assert (asked.method, asked.path, asked.query) == ("POST", "/grade", "code=k-123456")
    assert asked.headers["x-functions-key"] == "Key k-123456"
    assert asked.headers["content-type"] == "application/json"
    assert asked.headers["host"] in service.url
    assert (payload["sample"], payload["item"]) == ({"output_text": "4"}, {"answer": 4})
    assert payload["trace_id"].startswith("trace_")


def test_scores_are_recorded_without_keys_and_answered_without_the_service(
    service: ScoringService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADING_KEY", "k-123456")
    kept: list[RecordedAnswers] = []
    service.script = lambda request: scored(0.5)
    endpoint = scoring(f"{service.url}?code=${{GRADING_KEY}}", X_Any="${GRADING_KEY}")
    with answered(AnswerBook(RecordedAnswers(), "a.jsonl", asks=True, keep=kept.append)):
        assert ask(endpoint) == ask(endpoint) == 0.5
    assert len(service.seen) == 1
    service.close()
    monkeypatch.delenv("GRADING_KEY")
    content = b"".join(map(answer_lines, kept))
    assert b"k-123456" not in content
    with answered(AnswerBook(parse_answers(content, "a.jsonl"), "a.jsonl")):
        assert ask(endpoint) == 0.5
        with pytest.raises(SampleError, match="no answer to a question"):
            ask(endpoint, "5")


def test_equal_samples_share_a_trace_and_others_do_not(service: ScoringService) -> None:
    for text in ("4", "4", "5"):
        ask(scoring(service.url), text)
    asyncio.run(scoring(service.url).score({"b": 1, "a": {"d": 2, "c": 3}}, {}))
    asyncio.run(
        scoring(service.url).score({"a": {"c": 3, "d": 2}, "b": 1}, {})
    )  # other dialects may order the keys differently
    traces = [payload["trace_id"] for payload in service.payloads]
    assert [traces.index(trace) for trace in traces] == [0, 0, 2, 3, 3]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no",
        b"1",
        b"[1]",
        b"null",
        b"{}",
        b'{"score": null}',
        b'{"score": true}',
        b'{"score": "1"}',
        b'{"score": NaN}',
        b'{"score": 1e999}',
        b'{"score": 1, "score": 0}',
        b'{"score": 1' + b"0" * 400 + b"}",
        b'{"score": 0.7',
        b"\xff\xfe",
        b'{"score": ' + b"[" * 100_000,
    ],
)
def test_an_answer_without_a_finite_score_is_not_used(body: bytes) -> None:
    with pytest.raises(TryAgain, match="its answer"):
        score_of(body)


def test_a_sample_without_a_score_is_a_failure_after_three_retries(service: ScoringService) -> None:
    service.script = lambda request: HttpResponse(200, b'{"score": null}')
    [failure] = graded(scoring(service.url), ["4"])
    assert isinstance(failure, Failure)
    assert "was asked 4 times and gave no answer: its answer has no finite number" in failure.message
    assert len(service.seen) == 4


@given(st.floats(-1e300, 1e300) | st.integers(-(10**15), 10**15))
def test_a_finite_score_is_the_score(score: float) -> None:
    assert score_of(json.dumps({"score": score, "more": [1]}).encode()) == score


@given(st.binary() | st.text().map(str.encode))
def test_no_answer_is_a_score_by_chance(body: bytes) -> None:
    with pytest.raises(TryAgain):
        score_of(body)


def test_a_temporary_fault_fails_no_sample(service: ScoringService) -> None:
    statuses = ["408", "425", "429", "500", "501", "502", "503", "504"]

    def script(request: HttpRequest) -> HttpResponse:
        status: str = json.loads(request.body)["sample"]["output_text"]
        times = sum(f'"{status}"'.encode() in each.body for each in service.seen)
        return HttpResponse(int(status)) if times < 4 else scored(0.5)

    service.script = script
    assert graded(scoring(service.url), statuses) == [Reward(0.5)] * 8
    assert len(service.seen) == 4 * 8


def test_a_connection_that_breaks_is_tried_again(service: ScoringService) -> None:
    service.script = lambda request: None if len(service.seen) < 3 else scored(1)
    assert ask(scoring(service.url)) == 1


def test_a_service_that_never_answers_fails_the_call(service: ScoringService) -> None:
    service.script = lambda request: HttpResponse(503)
    with pytest.raises(ConfigurationError, match="was asked 4 times and gave no answer: HTTP 503"):
        graded(scoring(service.url), ["1"])
    service.script = lambda request: HttpResponse(429)
    with pytest.raises(ConfigurationError, match="lower the grader's concurrency="):
        graded(scoring(service.url), ["1"], timeout_s=1)
    with pytest.raises(ConfigurationError, match=r"ConnectionRefusedError.*check the address"):
        graded(scoring("http://127.0.0.1:9/grade"), ["1"], timeout_s=1)


def test_a_sample_that_breaks_the_service_affects_no_other(service: ScoringService) -> None:
    def script(request: HttpRequest) -> HttpResponse:
        return HttpResponse(500) if b'"bad"' in request.body else scored(1)

    service.script = script
    first, *others = graded(scoring(service.url), ["bad", "a", "b"], concurrency=1)
    assert isinstance(first, Failure)
    assert "HTTP 500" in first.message
    assert others == [Reward(1.0), Reward(1.0)]


def test_a_service_that_hangs_fails_only_its_sample(service: ScoringService) -> None:
    def script(request: HttpRequest) -> HttpResponse:
        if b'"slow"' in request.body:
            service.ending.wait(30)
        return scored(1)

    service.script = script
    slow, other = graded(scoring(service.url), ["slow", "a"], timeout_s=1)
    assert (slow.kind, other) == ("timeout", Reward(1.0))
    assert "did not answer within 1 s" in slow.message


def test_a_refused_sample_fails_immediately_with_the_services_message(
    service: ScoringService,
) -> None:
    service.script = lambda request: HttpResponse(422, b"no `answer`\n in item")
    [failure] = graded(scoring(service.url), ["4"])
    assert failure.message.endswith("refused the sample (HTTP 422): no `answer` in item")
    assert len(service.seen) == 1


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "does not accept the headers (HTTP 401); the spec has X-Key"),
        (403, "HTTP 403"),
        (404, "check `url`"),
        (405, "accepts no POST request there"),
        (302, "redirects to https://elsewhere.example/grade (HTTP 302)"),
        (308, "write that address as `url`"),
    ],
)
def test_an_error_for_every_sample_fails_the_call_immediately(
    service: ScoringService, status: int, words: str
) -> None:
    headers = {"location": "https://elsewhere.example/grade?code=hidden-1"}
    service.script = lambda request: HttpResponse(status, b"", headers)
    with pytest.raises(ConfigurationError) as refused:
        graded(scoring(service.url, X_Key="secret-1"), ["4"])
    assert words in str(refused.value)
    assert "hidden-1" not in str(refused.value)
    assert len(service.seen) == 1  # the redirect was not followed


@pytest.mark.parametrize(("status", "said"), [(403, ""), (422, "bad key secret-1"), (500, "secret-1")])
def test_no_message_holds_a_key(
    service: ScoringService, status: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADING_KEY", "secret-1")
    service.script = lambda request: HttpResponse(status, said.encode(), {"location": "secret-1"})
    endpoint = scoring(f"{service.url}?code=${{GRADING_KEY}}", Authorization="Bearer ${GRADING_KEY}")
    with pytest.raises((ConfigurationError, SampleError)) as error:
        ask(endpoint)
    assert "secret-1" not in f"{error.value!s} {error.value!r} {error.value.args}"


def test_a_variable_that_is_not_set_is_named(
    service: ScoringService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GRADING_KEY", raising=False)
    endpoint = scoring(service.url, Authorization="Bearer ${GRADING_KEY}")
    with pytest.raises(
        ConfigurationError,
        match="GRADING_KEY is not set: set this variable to the value that the header Authorization",
    ):
        ask(endpoint)
    monkeypatch.setenv("GRADING_KEY", "two\nlines")
    with pytest.raises(ConfigurationError, match="GRADING_KEY holds a line break"):
        ask(endpoint)
    monkeypatch.setenv("PLACE", "http://grade.example")
    with pytest.raises(ConfigurationError, match="write https://"):
        ask(scoring("${PLACE}/grade"))
    assert service.seen == []


def test_a_record_beyond_one_megabyte_is_a_failure_before_it_is_sent(service: ScoringService) -> None:
    with pytest.raises(SampleError, match="the limit is 1,048,576: remove the record's fields"):
        asyncio.run(scoring(service.url).score({}, {"a": "x" * (1 << 20)}))
    assert service.seen == []


def test_a_completion_that_cannot_be_sent_is_unread(service: ScoringService) -> None:
    reward = grader(timeout_s=5)(from_openai({"type": "endpoint", "url": service.url}))
    nan = make_sample("4")
    nan.messages[-1]["tool_calls"] = [{"function": {"arguments": {"a": float("nan")}}}]
    for sample in (make_sample("x" * 600_000), nan):
        found = reward.grade(sample)
        assert (found.value, found.metrics["unread"]) == (0, 1)
        assert "the endpoint" in str(found.reason)
    assert service.seen == []


@pytest.mark.parametrize("item", [{"a": float("nan")}, {"a": 1 << 20_000}, {"a": object()}])
def test_a_record_that_is_not_json_is_a_failure(service: ScoringService, item: dict[str, Any]) -> None:
    with pytest.raises(SampleError, match="cannot be sent to the endpoint"):
        asyncio.run(scoring(service.url).score({}, item))
    assert service.seen == []


def test_requests_respect_the_rate_limit(service: ScoringService) -> None:
    """At one request per 1,000 seconds, the second sample of a batch is never sent."""
    found = graded(scoring(service.url, 0.001), ["a", "b"], concurrency=1)
    assert found[0] == Reward(1.0)
    assert "was not asked: its turn did not come within 5 s" in found[1].message
    assert len(service.seen) == 1
    assert graded(scoring(service.url, 1000.0), list("abcdefgh")) == [Reward(1.0)] * 8


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"url": "http://grade.example/?code=hidden-1"}, "/graders/a/url"),
        ({"headers": {"X/Key": "a"}}, "/graders/a/headers/X~1Key"),
        ({"headers": {"X": "hidden-1\n"}}, "/graders/a/headers/X"),
        ({"headers": {"X": 1}}, "/graders/a/headers/X"),
    ],
)
def test_a_value_that_cannot_be_sent_is_located_but_not_quoted(given: dict[str, Any], pointer: str) -> None:
    inner = {"type": "endpoint", "url": "https://grade.example/", **given}
    with pytest.raises(OpenAISpecError) as raised:
        from_openai({"type": "multi", "graders": {"a": inner}, "calculate_output": "a"})
    assert raised.value.pointer == pointer
    assert "hidden-1" not in str(raised.value)


def test_an_endpoint_grades_a_sample_of_bedrock_and_one_of_graders_run(service: ScoringService) -> None:
    service.script = lambda request: scored(8)
    spec = {"type": "endpoint", "url": service.url, "pass_threshold": 8}
    reward = grader(range=(0, 10), timeout_s=5)(from_openai(spec))
    found = reward.grade(make_sample("4", "four"))
    assert (found.value, found.metrics["passed"]) == (8, 1)
    run = asyncio.run(openai_run(spec, "4", {"reference_answer": "four"}))
    assert (run.reward, run.errors["other_error"]) == (8, False)
    first, second = service.payloads
    assert first["sample"] == second["sample"]
    assert first["item"]["reference_answer"] == second["item"]["reference_answer"] == "four"
    assert first["item"]["messages"][0]["role"] == "user"


def test_a_failed_endpoint_is_a_failure_here_and_0_with_a_flag_at_graders_run(
    service: ScoringService,
) -> None:
    service.script = lambda request: HttpResponse(422)
    spec = {"type": "endpoint", "url": service.url}
    with pytest.raises(SampleError, match="HTTP 422"):
        asyncio.run(_awaited(from_openai(spec)(make_sample("4"))))
    run = asyncio.run(openai_run(spec, "4"))
    assert (run.reward, run.errors["other_error"]) == (0, True)


async def _awaited(answer: Any) -> Any:
    return await answer


def test_an_endpoint_is_not_asked_where_questions_are_held_back(service: ScoringService) -> None:
    with QuestionsHeldBack() as held, pytest.raises(SampleError, match="was not asked"):
        asyncio.run(_awaited(from_openai({"type": "endpoint", "url": service.url})(make_sample("4"))))
    assert (held.count, service.seen) == (1, [])
