"""Random service responses. No verb may print a traceback, loop forever, or succeed without output."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import HarnessError
from support import published_answers as published
from support.api_stub import ApiStub, Fault
from support.service import connected, run_verb

CANCELLED = {"cancelled", "canceled", "cancelling", "canceling", "stopped", "stopping"}


@dataclass
class Operation:
    """A command line and the service's responses to its requests."""

    words: tuple[str, ...]
    answers: dict[tuple[str, str], st.SearchStrategy[Any]]
    """Responses by method and path. A list operation has a list of pages."""


ONE_JOB = ("GET", "/jobs/ftjob-1$")
OPERATIONS = {
    "files": Operation(("files",), {("GET", "/files$"): published.pages(published.FILE)}),
    "files show": Operation(
        ("files", "show", "file-1"), {("GET", "/files/"): published.answers(published.FILE)}
    ),
    "files upload": Operation(
        ("files", "upload", "train.jsonl"), {("POST", "/files$"): published.answers(published.FILE)}
    ),
    "files delete": Operation(
        ("files", "delete", "file-1", "--yes"), {("DELETE", "/files/"): published.answers(published.DELETION)}
    ),
    "jobs": Operation(
        ("jobs", "--limit", "4"),
        {
            ("GET", "/jobs$"): published.pages(published.JOB),
            ("GET", "/jobs/"): published.answers(published.JOB),
        },
    ),
    "jobs JOB": Operation(("jobs", "ftjob-1"), {ONE_JOB: published.answers(published.JOB)}),
    "cancel": Operation(
        ("cancel", "ftjob-1", "--yes"),
        {
            ONE_JOB: published.answers(published.JOB),
            ("POST", "/cancel$"): published.answers(published.JOB),
        },
    ),
    "events": Operation(("events", "ftjob-1"), {("GET", "/events$"): published.pages(published.EVENT)}),
    "checkpoints": Operation(
        ("checkpoints", "ftjob-1"), {("GET", "/checkpoints$"): published.pages(published.CHECKPOINT)}
    ),
    "chat": Operation(("chat", "m", "hi"), {("POST", "/chat"): published.answers(published.CHAT)}),
    "chat completions": Operation(
        ("chat", "m", "hi", "--api", "completions"),
        {("POST", "/v1/completions"): published.answers(published.COMPLETION)},
    ),
    "chat responses": Operation(
        ("chat", "m", "hi", "--api", "responses"),
        {("POST", "/responses"): published.answers(published.RESPONSE)},
    ),
    "chat JOB": Operation(
        ("chat", "ftjob-1", "hi"),
        {ONE_JOB: published.answers(published.JOB), ("POST", "/chat"): published.answers(published.CHAT)},
    ),
    "chat CHECKPOINT": Operation(
        ("chat", "ftjob-1", "hi", "--checkpoint", "1"),
        {("GET", "/checkpoints$"): published.pages(published.CHECKPOINT)},
    ),
}


@pytest.fixture(scope="module")
def stub():
    with ApiStub() as stub:
        yield stub


@pytest.fixture
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.jsonl").write_text("{}\n")


def faults(method: str, path: str, answer: Any) -> list[Fault]:
    """Return the faults that serve these responses. The last page of a list is served repeatedly."""
    bodies = answer if isinstance(answer, list) and answer and "list" in str(answer[0])[:40] else [answer]
    return [
        Fault(method, path, status=200, body=json.dumps(body), times=1 if body is not bodies[-1] else 10**6)
        for body in bodies
    ]


def check(stub: ApiStub, operation: Operation, data: st.DataObject, *, as_json: bool) -> None:
    drawn = {
        request: data.draw(strategy, label=str(request)) for request, strategy in operation.answers.items()
    }
    stub.seen.clear()
    stub.faults = [
        fault for (method, path), answer in drawn.items() for fault in faults(method, path, answer)
    ]
    ran = run_verb(*operation.words, *(["--json"] if as_json else []), base_url=stub.base_url)
    assert ran.code in (0, 1, 2, 3)
    assert len(stub.seen) < 30
    assert ran.stdout.strip() if ran.code == 0 else ran.stderr.strip() or as_json, "no output"
    for stream in (ran.stdout, ran.stderr):
        assert all(char.isprintable() or char in "\n\t" or ord(char) > 0x9F for char in stream), stream
    if as_json and ran.stdout:
        assert isinstance(ran.json, dict)
    if ran.code:
        return
    last = json.loads(stub.faults[-1].body)
    match operation.words:
        case ("files", "delete", *_):
            assert last["deleted"] is True
        case ("files", "upload" | "show", *_) | ("jobs", "ftjob-1"):
            assert last["id"] not in (None, "")
        case ("cancel", *_):
            jobs = [json.loads(fault.body) for fault in stub.faults]
            assert any(job.get("status") in [*CANCELLED] for job in jobs if isinstance(job, dict))


def verbs(test: Any) -> Any:
    return pytest.mark.parametrize("name", OPERATIONS)(test)


LIMITS: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": [
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
}


@verbs
@settings(max_examples=8, **LIMITS)
@given(st.data(), st.booleans())
def test_any_answer_is_survived_and_a_success_says_something(stub, in_a_folder, name, data, as_json):
    check(stub, OPERATIONS[name], data, as_json=as_json)


@pytest.mark.slow
@verbs
@settings(max_examples=60, **LIMITS)
@given(st.data(), st.booleans())
def test_many_more_answers(stub, in_a_folder, name, data, as_json):
    check(stub, OPERATIONS[name], data, as_json=as_json)


@settings(max_examples=15, **LIMITS)
@given(published.answers(published.JOB))
def test_a_created_job_is_read_or_refused(stub, answer):
    stub.faults = faults("POST", "/jobs$", answer)
    request: Any = {"training_file": "file-1", "model": "m", "method": {}}
    with connected(stub.base_url) as client:
        try:
            job = client.create_job(request)
        except HarnessError:
            return
    assert job.raw == json.loads(stub.faults[-1].body) or "NaN" in stub.faults[-1].body
