"""Recorded answers for real clients of several libraries, from many threads and without a network."""

from __future__ import annotations

import asyncio
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import openai
import pytest
import requests
from botocore.exceptions import ClientError

from harness.targets.answer_book import AnswerBook, playing_variables
from harness.targets.answer_cassette import answered
from harness.targets.recorded_answers import RecordedAnswers, answer_lines, parse_answers
from support.judge_endpoint import Answer, Asked, JudgeEndpoint, throttled

AT_ONCE = 12


def counting(asked: Asked) -> Answer:
    """Return a different answer each time."""
    return Answer(f"answer {asked.number}")


def converse(url: str) -> Callable[[str], str]:
    settings = boto3.session.Config(max_pool_connections=AT_ONCE, retries={"total_max_attempts": 1})
    client = boto3.client("bedrock-runtime", endpoint_url=url, region_name="us-west-2", config=settings)

    def ask(text: str) -> str:
        turns = [{"role": "user", "content": [{"text": text}]}]
        said = client.converse(modelId="m", messages=turns)
        return str(said["output"]["message"]["content"][0]["text"])

    return ask


def standard(url: str) -> Callable[[str], str]:
    def ask(text: str) -> str:
        body = json.dumps({"model": "m", "messages": [{"role": "user", "content": text}]}).encode()
        headers = {"Authorization": "Bearer token-of-mine-1", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{url}/v1/chat/completions", body, headers)
        with urllib.request.urlopen(request) as answer:
            return str(json.load(answer)["choices"][0]["message"]["content"])

    return ask


def popular(url: str) -> Callable[[str], str]:
    def ask(text: str) -> str:
        body: Any = {"model": "popular", "messages": [{"role": "user", "content": text}]}
        answer = requests.post(f"{url}/v1/chat/completions", json=body, timeout=30)
        answer.raise_for_status()
        return str(answer.json()["choices"][0]["message"]["content"])

    return ask


async def by_openai(client: openai.AsyncOpenAI, text: str) -> str:
    turns: Any = [{"role": "user", "content": text}]
    answer = await client.chat.completions.create(model="m2", messages=turns)
    return str(answer.choices[0].message.content)


async def ask_all(url: str) -> list[str]:
    """Ask a dozen questions with each client, all at once."""
    asking = [converse(url), standard(url), popular(url)]
    async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="key-of-mine-123", max_retries=0) as client:
        return await asyncio.gather(
            *(asyncio.to_thread(ask, f"question {n}") for ask in asking for n in range(AT_ONCE)),
            *(by_openai(client, f"question {n}") for n in range(AT_ONCE)),
        )


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOFNOBODY12345678")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret/of/nobody/1234567890")
    monkeypatch.setenv("OTHER_KEY", "token-of-mine-1")


def test_what_many_clients_ask_at_once_is_recorded_and_answered_without_them(variables: None) -> None:
    kept: list[RecordedAnswers] = []
    with JudgeEndpoint(counting) as endpoint:
        url = endpoint.url
        with answered(AnswerBook(RecordedAnswers(), "a.jsonl", asks=True, keep=kept.append)):
            said = asyncio.run(ask_all(url))
        assert len(endpoint.seen) == len(kept) == 4 * AT_ONCE
    content = b"".join(map(answer_lines, kept))
    for secret in (b"AKIAOFNOBODY", b"nobody", b"key-of-mine", b"token-of-mine"):
        assert secret not in content
    recorded = parse_answers(content, "a.jsonl")
    assert recorded.variables == {"OTHER_KEY": None}
    book = AnswerBook(recorded, "a.jsonl")
    with answered(book):
        assert asyncio.run(ask_all(url)) == said  # the endpoint is closed
    assert book.missed == 0


def test_a_question_that_is_not_recorded_is_refused_at_once_by_every_client(variables: None) -> None:
    book = AnswerBook(RecordedAnswers(), "a.jsonl")
    url = "http://127.0.0.1:9"
    with answered(book):
        with pytest.raises(ClientError, match=r"a\.jsonl has no answer to a question .*: record it with"):
            converse(url)("new")
        with pytest.raises(urllib.error.HTTPError, match="400"):
            standard(url)("new")
        with pytest.raises(urllib.error.HTTPError, match="400"):
            standard("https://nowhere.example")("new")
        with pytest.raises(requests.HTTPError, match="400"):
            popular("https://nowhere.example")("new")
        with pytest.raises(openai.BadRequestError, match="has no answer"):
            asyncio.run(by_openai(openai.AsyncOpenAI(base_url="https://nowhere.example", api_key="k"), "new"))
    assert book.missed == 5


def test_what_is_no_question_goes_nowhere_while_answers_are_played() -> None:
    book = AnswerBook(RecordedAnswers(), "a.jsonl")
    with answered(book), pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen("http://127.0.0.1:9/page")
    assert book.missed == 1


def test_an_answer_of_the_moment_is_not_recorded(variables: None) -> None:
    kept: list[RecordedAnswers] = []
    with JudgeEndpoint(lambda asked: throttled()) as endpoint:
        with answered(AnswerBook(RecordedAnswers(), "a.jsonl", asks=True, keep=kept.append)):
            with pytest.raises(ClientError, match="Throttling"):
                converse(endpoint.url)("question")
    assert kept == []


def test_a_question_is_asked_once_and_once_more_in_another_repeat(variables: None) -> None:
    book = AnswerBook(RecordedAnswers(), "a.jsonl", asks=True)
    with JudgeEndpoint(counting) as endpoint, answered(book):
        ask = standard(endpoint.url)
        first = [ask("question"), ask("question")]
        book.repeat = 1
        second = [ask("question"), ask("question")]
    assert first + second == ["answer 0", "answer 0", "answer 1", "answer 1"]


def test_an_answer_of_another_host_will_do_where_nobody_is_asked() -> None:
    content = (
        b'{"answers": 1}\n{"url": "https://a.example/v1", "asked": {"q": 1}, "status": 200, "answer": {}}\n'
    )
    recorded = parse_answers(content, "a.jsonl")
    question: Any = ("http://127.0.0.1:8000/v1", {}, b'{"q": 1}', "POST")
    assert AnswerBook(recorded, "a.jsonl").find(*question) is not None
    assert AnswerBook(recorded, "a.jsonl", asks=True).find(*question) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/api/token",
        "https://sts.us-east-1.amazonaws.com/",
        "https://oidc.us-east-1.amazonaws.com/token",
        "https://portal.sso.us-east-1.amazonaws.com/federation/credentials",
        "https://oauth2.googleapis.com/token",
        "https://signin.example/oauth2/v2.0/token",
    ],
)
def test_where_credentials_come_from_is_never_recorded(url: str) -> None:
    kept: list[RecordedAnswers] = []
    book = AnswerBook(RecordedAnswers(), "a.jsonl", asks=True, keep=kept.append)
    book.add(url, {}, b'{"q": 1}', "POST", 200, {}, b'{"AccessKeyId": "secret"}')
    assert kept == []


def test_a_replay_needs_no_key_no_region_and_no_address() -> None:
    recorded = parse_answers(
        b'{"answers": 1, "variables": {"MY_KEY": null, "JUDGE_URL": "http://a.example/v1"}}\n'
        b'{"url": "https://bedrock-runtime.eu-west-1.amazonaws.com/model/m/converse", "asked": {},'
        b' "status": 200, "answer": {}}\n',
        "a.jsonl",
    )
    found = playing_variables(recorded, {"MY_KEY": "given"})
    assert found["JUDGE_URL"] == "http://a.example/v1"
    assert found["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert found["AWS_ACCESS_KEY_ID"]
    assert "MY_KEY" not in found
    assert "AWS_DEFAULT_REGION" not in playing_variables(recorded, {"AWS_REGION": "us-east-1"})


def test_what_cannot_be_repeated_is_noted_once() -> None:
    kept: list[RecordedAnswers] = []
    book = AnswerBook(RecordedAnswers(), "a.jsonl", asks=True, keep=kept.append)
    for body in (b'{"score": 1}', b'{"score": 1}', b'{"score": 2}', b'{"score": 3}'):
        book.add("https://a.example/v1", {}, b'{"q": 1}', "POST", 200, {}, body)
    for _ in range(2):
        book.add("https://a.example/page", {}, None, "GET", 200, {}, b"text")
        book.add("https://a.example/v1", {}, b'{"q": 2}', "POST", 200, {}, b"\xff\xfe")
    assert [note for each in kept for note in each.notes] == [
        "a.example got the same request twice at the same time; a replay gives only one answer",
        "GET a.example is not recorded, so a replay from the file refuses it",
        "an answer from a.example is not text and is not recorded, so a replay refuses it",
    ]
    assert len([answer for each in kept for answer in each.answers]) == 1


def test_a_client_that_outlives_the_answers_asks_again(variables: None) -> None:
    with JudgeEndpoint(counting) as endpoint:
        ask = converse(endpoint.url)
        with answered(AnswerBook(RecordedAnswers(), "a.jsonl")), pytest.raises(ClientError):
            ask("question")
        assert ask("question") == "answer 0"


def test_equal_questions_at_the_same_time_are_asked_once(variables: None) -> None:
    book = AnswerBook(RecordedAnswers(), "a.jsonl", asks=True)
    both = threading.Barrier(AT_ONCE)

    def at_once(ask: Callable[[str], str]) -> str:
        both.wait(30)
        return ask("question")

    async def ask_all() -> list[str]:
        asking = [standard(endpoint.url), popular(endpoint.url)] * (AT_ONCE // 2)
        with ThreadPoolExecutor(AT_ONCE) as threads:
            loop = asyncio.get_running_loop()
            return await asyncio.gather(*(loop.run_in_executor(threads, at_once, ask) for ask in asking))

    def slowly(asked: Asked) -> Answer:
        return Answer(f"answer {asked.number}", seconds=0.2)

    with JudgeEndpoint(slowly) as endpoint, answered(book):
        said = asyncio.run(ask_all())
    assert len(endpoint.seen) == 2  # the two clients word their requests differently
    assert len(set(said[::2])) == len(set(said[1::2])) == 1


def test_equal_questions_of_one_event_loop_are_asked_once(variables: None) -> None:
    async def ask_all() -> list[str]:
        async with openai.AsyncOpenAI(base_url=f"{endpoint.url}/v1", api_key="k", max_retries=0) as client:
            return await asyncio.gather(*(by_openai(client, f"question {n % 2}") for n in range(AT_ONCE)))

    def slowly(asked: Asked) -> Answer:
        return Answer(f"answer {asked.number}", seconds=0.2)

    book = AnswerBook(RecordedAnswers(), "a.jsonl", asks=True)
    with JudgeEndpoint(slowly) as endpoint, answered(book):
        said = asyncio.run(ask_all())
    assert len(endpoint.seen) == len(set(said)) == 2


def test_a_question_whose_answer_does_not_count_is_asked_by_the_next_that_waits(variables: None) -> None:
    book = AnswerBook(RecordedAnswers(), "a.jsonl", asks=True)
    question: Any = ("https://a.example/v1", {}, b'{"q": 1}', "POST")
    assert book.find_or_ask(*question) is None
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(book.find_or_ask, *question)
        book.add("https://a.example/v1", {}, b'{"q": 1}', "POST", 429, {}, b"{}")
        assert waiting.result(30) is None
        book.add("https://a.example/v1", {}, b'{"q": 1}', "POST", 200, {}, b'{"score": 1}')
    found = book.find_or_ask(*question)
    assert found is not None
    assert found.answer == {"score": 1}
