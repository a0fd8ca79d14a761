"""Recorded answers for clients in a built function, which environment variables direct to a local server."""

from __future__ import annotations

import asyncio
import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import boto3
import openai
import pytest

from graders import Sample
from graders.adapters._openai_endpoint import ScoringEndpoint
from graders.checks.judge import judge_label
from graders.errors import GraderError, SampleError
from harness.targets.answer_book import AnswerBook
from harness.targets.answer_server import AnswerServer
from harness.targets.recorded_answers import RecordedAnswer, RecordedAnswers
from support.rollout_files import rollout

TRACE = "trace_36b57979-95f1-4a97-ba28-9ef455704bac"  # the trace ID of the current sample
CHAT = {"id": "c", "object": "chat.completion", "created": 1, "model": "m"}
ANSWERS = (
    RecordedAnswer(
        "https://bedrock-runtime.eu-west-1.amazonaws.com/model/m/converse",
        {"messages": [{"role": "user", "content": [{"text": "hello"}]}]},
        200,
        {
            "output": {"message": {"role": "assistant", "content": [{"text": "bedrock"}]}},
            "stopReason": "end_turn",
        },
        content_type="application/json",
    ),
    RecordedAnswer(
        "https://router.example/api/v1/chat/completions",
        {"model": "m", "messages": [{"role": "user", "content": "hello"}]},
        200,
        {**CHAT, "choices": [{"index": 0, "message": {"role": "assistant", "content": "router"}}]},
        content_type="application/json",
    ),
    RecordedAnswer("http://judge.example/ask", {"text": "hello"}, 200, {"score": 1}),
)


@pytest.fixture
def book(monkeypatch: pytest.MonkeyPatch) -> Iterator[AnswerBook]:
    """The recorded answers, and an environment like the function's."""
    book = AnswerBook(RecordedAnswers(ANSWERS, {"JUDGE_URL": "http://judge.example/ask"}), "a.jsonl")
    server = AnswerServer(book)
    for name, value in server.variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_PROXY", raising=False)
    yield book
    server.close()


def post(url: str, text: str, **headers: str) -> Any:
    request = urllib.request.Request(url, json.dumps({"text": text}).encode(), headers)
    # `urlopen` would keep the proxies of the first test.
    proxies = [urllib.request.ProxyHandler({})] if "Origin" in headers else []
    with urllib.request.build_opener(*proxies).open(request, timeout=10) as answer:
        return json.load(answer)


def test_boto3_finds_them(book: AnswerBook) -> None:
    turns = [{"role": "user", "content": [{"text": "hello"}]}]
    said = boto3.client("bedrock-runtime").converse(modelId="m", messages=turns)
    assert said["output"]["message"]["content"][0]["text"] == "bedrock"


def test_the_openai_sdk_finds_them_at_the_path_where_they_were_recorded(book: AnswerBook) -> None:
    with openai.OpenAI(max_retries=0) as client:
        said = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hello"}])
    assert said.choices[0].message.content == "router"


@pytest.mark.parametrize("own", ["https://router.example/api/v1", "http://127.0.0.1:9/api/v1"])
def test_a_ready_judge_finds_them_whatever_address_it_names(book: AnswerBook, own: str) -> None:
    judge = judge_label(ask="Polite?", labels={"yes": 1, "no": 0}, model="m", service="openai", base_url=own)
    with pytest.raises(GraderError):  # it asks another question, which is not recorded
        asyncio.run(judge(Sample(rollout(1, "thanks"))))
    assert book.refusal.startswith("a.jsonl has no answer to a question")
    assert own.split("/")[2].split(":")[0] in book.refusal


@pytest.mark.parametrize("own", ["https://grade.example/api?code=${NOT_SET}", "http://127.0.0.1:9/api"])
def test_an_endpoint_grader_finds_its_scores_without_its_keys(
    own: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"sample": {"output_text": "4"}, "item": {}, "trace_id": TRACE}
    recorded = RecordedAnswer("https://grade.example/api", asked, 200, {"score": 0.5})
    book = AnswerBook(RecordedAnswers((recorded,)), "a.jsonl")
    server = AnswerServer(book)
    for name, value in server.variables.items():
        monkeypatch.setenv(name, value)
    endpoint = ScoringEndpoint(own, {"X-Functions-Key": "${NOT_SET}"}, None)
    try:
        assert asyncio.run(endpoint.score({"output_text": "4"}, {})) == 0.5
        with pytest.raises(SampleError, match="HTTP 400"):
            asyncio.run(endpoint.score({"output_text": "5"}, {}))
    finally:
        server.close()
    assert book.refusal.startswith("a.jsonl has no answer to a question")


def test_plain_http_to_anywhere_finds_them(book: AnswerBook, monkeypatch: pytest.MonkeyPatch) -> None:
    assert post("http://judge.example/ask", "hello") == {"score": 1}
    assert post("http://127.0.0.1:9/ask", "hello") == {"score": 1}


def test_a_variable_that_led_to_the_service_leads_here(book: AnswerBook) -> None:
    assert post(os.environ["JUDGE_URL"], "hello") == {"score": 1}


def test_what_is_not_recorded_is_refused(book: AnswerBook) -> None:
    with pytest.raises(urllib.error.HTTPError, match="400"):
        post("http://judge.example/ask", "unheard")
    assert book.refusal.startswith("a.jsonl has no answer to a question (POST judge.example)")


def test_https_to_an_address_of_its_own_is_refused_with_the_way_out(book: AnswerBook) -> None:
    with pytest.raises(urllib.error.URLError):
        post("https://judge.example/ask", "hello")
    assert "calls judge.example over HTTPS at a fixed address" in book.refusal
    assert "read the address from a variable" in book.refusal


def test_a_web_page_gets_nothing(book: AnswerBook) -> None:
    with pytest.raises(urllib.error.HTTPError, match="403"):
        post(os.environ["JUDGE_URL"], "hello", Origin="https://page.example", Host="page.example")
    assert book.missed == 0
