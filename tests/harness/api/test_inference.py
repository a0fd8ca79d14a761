from __future__ import annotations

import pytest

from harness.api.failures import Unreachable
from harness.api.inference import APIS, ChatQuestion, ask, checkpoints_by_step, tuned_model
from harness.errors import InputError
from support.api_stub import ApiStub, Fault
from support.service import connected


@pytest.fixture
def stub():
    with ApiStub() as stub:
        stub.add_job(status="succeeded", fine_tuned_model="ft:done")
        stub.checkpoints["ftjob-1"] = [
            {"id": f"c{step}", "step_number": step, "fine_tuned_model_checkpoint": f"ft:step-{step}"}
            for step in (40, 10, 20)
        ]
        yield stub


@pytest.fixture
def client(stub):
    with connected(stub.base_url) as client:
        yield client


@pytest.mark.parametrize("api", APIS)
def test_the_reply_is_the_same_through_every_api(client, api):
    reply = ask(client, "m", ChatQuestion("hi"), api)
    assert reply.text == "m: hi"


@pytest.mark.parametrize(("api", "longest"), [("chat", "max_tokens"), ("responses", "max_output_tokens")])
def test_options_are_spelt_as_each_api_spells_them(stub, client, api, longest):
    ask(client, "m", ChatQuestion("hi", "be kind", 7, 0.0), api)
    body = stub.seen[-1].json
    assert (body[longest], body["temperature"]) == (7, 0.0)
    assert "be kind" in str(body)


def test_responses_are_not_stored(stub, client):
    ask(client, "m", ChatQuestion("hi"), "responses")
    assert stub.seen[-1].json["store"] is False


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({"content": None}, ""),
        ({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}, {"x": 1}]}, "ab"),
        ({"content": "a", "reasoning_content": "hmm"}, "a"),
        ({"content": "a", "reasoning": "hmm"}, "a"),
        ({}, ""),
        ("a", ""),
        (None, ""),
    ],
)
def test_contents_of_every_kind_are_read(stub, client, message, text):
    stub.faults.append(Fault("POST", "/chat", status=200, body={"choices": [{"message": message}]}))
    assert ask(client, "m", ChatQuestion("hi")).text == text


@pytest.mark.parametrize("body", [{}, {"choices": []}, {"choices": None}, {"output": "x"}])
@pytest.mark.parametrize("api", APIS)
def test_an_answer_without_a_text_is_an_error(stub, client, api, body):
    stub.faults.append(Fault("POST", "/", status=200, body=body))
    with pytest.raises(Unreachable, match="--api"):
        ask(client, "m", ChatQuestion("hi"), api)


def test_checkpoints_come_by_rising_step(client):
    assert [one.step for one in checkpoints_by_step(client, "ftjob-1").elements] == [10, 20, 40]


def test_a_jobs_model_and_that_of_a_step(client):
    assert tuned_model(client, "ftjob-1") == "ft:done"
    assert tuned_model(client, "ftjob-1", 20) == "ft:step-20"


def test_a_step_without_a_checkpoint_names_those_that_there_are(client):
    with pytest.raises(InputError, match="10, 20, 40"):
        tuned_model(client, "ftjob-1", 30)


def test_a_job_that_runs_has_no_model_yet(stub, client):
    stub.add_job("ftjob-2")
    with pytest.raises(InputError, match="running"):
        tuned_model(client, "ftjob-2")
