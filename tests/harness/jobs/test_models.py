from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings

from graders import Sample
from harness.jobs.models import asker
from harness.rollouts.asking import Busy
from support.api_stub import ApiStub, Fault
from support.published_answers import CHAT, answers
from support.service import connected, run_verb
from support.stuck_service import StuckService

CALL = {"id": "1", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}
KINDS = [
    ({"content": "4"}, "stop", None),
    ({"content": [{"type": "text", "text": "4"}]}, "stop", None),
    ({"content": None, "refusal": "I cannot"}, "stop", "refused"),
    ({"content": [{"type": "refusal", "refusal": "No"}]}, "stop", "refused"),
    ({"content": None, "tool_calls": [CALL]}, "tool_calls", "tool call"),
    ({"content": "", "function_call": {"name": "f"}}, "function_call", "tool call"),
    ({"content": ""}, "content_filter", "filtered"),
    ({"content": None, "reasoning_content": "hm"}, "length", "reasoning alone"),
    ({"content": " \n"}, None, "empty"),
]


def answer(message: Any, finish: str | None) -> dict[str, Any]:
    return {"id": "c", "choices": [{"index": 0, "message": message, "finish_reason": finish}]}


@pytest.fixture
def stub():
    with ApiStub() as stub:
        yield stub


@pytest.mark.parametrize(("message", "finish", "kind"), KINDS)
def test_a_reply_without_text_keeps_its_kind_and_content(stub, message, finish, kind):
    stub.faults.append(Fault("POST", "/chat", status=200, body=answer(message, finish)))
    with connected(stub.base_url) as client:
        found = asker(client)("m", [{"role": "user", "content": "2+2"}], {})
    assert (found.instead, found.finish) == (kind, finish)
    assert found.message == {"role": "assistant", **message}


@pytest.fixture(scope="module")
def answering():
    """Ask a model whose service returns the given response."""
    with ApiStub() as stub, connected(stub.base_url) as client:

        def ask(answer):
            stub.faults = [Fault("POST", "/chat", status=200, body=json.dumps(answer))]
            return asker(client)("m", [{"role": "user", "content": "2+2"}], {})

        yield ask


@settings(max_examples=40, deadline=None)
@given(answers(CHAT))
def test_any_answer_is_a_completion_or_is_asked_for_again(answering, answer):
    try:
        found = answering(answer)
    except Busy:
        return
    assert (found.instead is None) == bool(Sample({"messages": [found.message]}).completion.strip())
    json.dumps(found.message)


@pytest.mark.parametrize(
    "spelled",
    [
        {"reasoning_content": "hm"},
        {"reasoning": "hm"},
        {"thinking": "hm"},
        {"reasoning_details": [{"type": "reasoning.text", "text": "h"}, {"summary": "m"}, {"data": "xyz"}]},
        {"thinking_blocks": [{"type": "thinking", "thinking": "hm", "signature": "s"}]},
    ],
)
@pytest.mark.parametrize("content", ["4", None])
def test_reasoning_is_kept_where_graders_read_it(answering, spelled, content):
    found = answering(answer({"content": content, **spelled}, "stop"))
    assert found.instead == (None if content else "reasoning alone")
    assert Sample({"messages": [found.message]}).reasoning == "hm"


def test_rollouts_count_replies_without_text_and_why_each_ended(stub, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    records = [{"messages": [{"role": "user", "content": f"{n}+1"}]} for n in range(len(KINDS))]
    (tmp_path / "records.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    stub.faults += [
        Fault("POST", "/chat", status=200, body=answer(message, finish)) for message, finish, _ in KINDS
    ]
    words = ("rollout", "records.jsonl", "--model", "m", "-n", 1, "--out", "out.jsonl", "--concurrency", 1)
    ran = run_verb(*words, base_url=stub.base_url)
    assert ran.code == 0
    counts = "1 empty, 1 filtered, 1 reasoning alone, 2 refused, 2 tool call"
    assert f"without text: {counts}" in ran.stdout
    rollouts = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [rollout.get("finish_reason") for rollout in rollouts] == [finish for _, finish, _ in KINDS]
    assert "1 were cut off at the token limit" in ran.stdout
    assert "1 were cut off or withheld by the service's content filter" in ran.stdout
    assert "the tokens of 9 completions are unknown" in ran.stdout
    again = run_verb(*words, base_url=stub.base_url)
    assert f"without text: {counts}" in again.stdout


def test_unknown_finish_reasons_and_extra_choices_are_reported(stub, one_record):
    odd = answer({"content": "4"}, "\x1b[31mtired")
    odd["choices"] *= 3
    odd["usage"] = {"prompt_tokens": 5, "completion_tokens": 6}
    plain = answer({"content": "4"}, None)
    stub.faults += [Fault("POST", "/chat", status=200, body=body) for body in (odd, plain)]
    ran = run_verb(*one_record[:-1], "-n", 2, "--concurrency", 1, base_url=stub.base_url)
    assert "1 ended with finish_reason \\x1b[31mtired" in ran.stdout
    assert "1 came without a finish_reason" in ran.stdout
    assert "2 more arrived than were requested, and were dropped" in ran.stdout
    assert "tokens: 5 in, 6 out, of 1 completions" in ran.stdout


def test_completions_of_two_services_are_not_mixed(stub, one_record):
    assert run_verb(*one_record, "-n", 1, base_url=stub.base_url).code == 0
    with ApiStub() as other:
        ran = run_verb(*one_record, "-n", 2, base_url=other.base_url)
    assert ran.code == 2
    assert f"started with service '{stub.base_url}', not '{other.base_url}'" in ran.stderr


@pytest.fixture
def one_record(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "records.jsonl").write_text('{"messages": [{"role": "user", "content": "2+2"}]}\n')
    return ("rollout", "records.jsonl", "--model", "m", "--out", "out.jsonl", "--json")


@pytest.mark.parametrize("way", ["silent", "headers", "body"])
def test_a_request_that_is_never_answered_is_asked_again_while_others_are_answered(way, one_record):
    with StuckService(way, stuck=1) as service:
        ran = run_verb(*one_record, "-n", 12, "--rps", 8, "--patience", 1, base_url=service.base_url)
    assert (ran.code, ran.json["done"]) == (0, 12)
    assert ran.json["waits"] >= 1


@pytest.mark.parametrize("way", ["silent", "headers", "body"])
def test_after_giving_up_on_a_silent_service_the_command_resumes(way, one_record):
    with StuckService(way, stuck=2) as service:
        patient = [*one_record, "-n", 2, "--patience", 0.3]
        ran = run_verb(*patient, base_url=service.base_url)
        assert (ran.code, ran.stdout) == (3, "")
        assert "no answer for 0 s. The same command resumes" in ran.stderr
        # Enough time for responses on a slow machine.
        patient[-1] = 60
        assert run_verb(*patient, base_url=service.base_url).json["done"] == 2


def test_the_tools_of_a_record_are_offered_shown_and_kept(stub, one_record, tmp_path):
    tool = {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}
    record = {
        "messages": [{"role": "user", "content": "2+2"}],
        "tools": [{"name": "add", "parameters": {"type": "object"}}],
        "tool_choice": "required",
    }
    (tmp_path / "records.jsonl").write_text(json.dumps(record) + "\n")
    words = [*one_record, "-n", 1, "--temperature", 0.5]
    stub.faults.append(
        Fault("POST", "/chat", status=200, body=answer({"content": None, "tool_calls": [CALL]}, "tool_calls"))
    )
    assert run_verb(*words, base_url=stub.base_url).json["textless"] == {"tool call": 1}
    sent = stub.seen[-1].json
    assert (sent["tools"], sent["tool_choice"], sent["temperature"]) == ([tool], "required", 0.5)
    [line] = (tmp_path / "out.jsonl").read_text().splitlines()
    kept = json.loads(line)
    assert (kept["tools"], kept["tool_choice"]) == (record["tools"], "required")
    assert kept["messages"][-1] == {"role": "assistant", "content": None, "tool_calls": [CALL]}
    shown = run_verb(*words, "--print-curl", base_url=stub.base_url).stdout
    assert json.loads(shown.partition("--data-raw '")[2].rpartition("'")[0]) == sent


@pytest.mark.parametrize("header", ["3600", "1e9", "Fri, 31 Dec 2100 23:59:59 GMT"])
def test_a_retry_after_of_an_hour_ends_the_command(header, stub, one_record):
    stub.faults.append(Fault("POST", "/chat", status=429, headers={"Retry-After": header}, times=99))
    ran = run_verb(*one_record, "-n", 1, base_url=stub.base_url)
    assert ran.code == 3
    assert "it asks to wait " in ran.stderr
    assert len(stub.seen) == 1
