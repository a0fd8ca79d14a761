from __future__ import annotations

import pytest

from harness.api.auth import Credential, ShortTermKey
from harness.api.client import FineTuning
from harness.api.endpoint import find_endpoint
from harness.api.failures import RequestRefused, Unreachable
from harness.errors import InputError
from support.api_stub import ApiStub, Fault
from support.service import KEY, connected

ARN = "arn:aws:lambda:us-west-2:123456789012:function:word-problems:3"
METHOD = {
    "type": "reinforcement",
    "reinforcement": {
        "grader": {"type": "lambda", "lambda": {"function": ARN}},
        "hyperparameters": {"n_epochs": 1, "batch_size": 4, "learning_rate_multiplier": 1.0},
    },
}


@pytest.fixture
def stub():
    with ApiStub() as stub:
        yield stub


@pytest.fixture
def client(stub):
    with connected(stub.base_url) as client:
        yield client


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "train.jsonl"
    path.write_bytes('{"messages": [], "é": "\u2028"}\r\n{"x": 1}'.encode())
    return path


def test_upload_sends_the_bytes_as_they_are(stub, client, data):
    file = client.upload(data, "mine.jsonl")
    assert stub.contents[file.id] == data.read_bytes()
    assert file.name == "mine.jsonl"
    assert b'name="purpose"\r\n\r\nfine-tune' in stub.seen[0].body


def test_a_file_that_is_not_there_is_input(client, tmp_path):
    with pytest.raises(InputError, match=r"none\.jsonl"):
        client.upload(tmp_path / "none.jsonl")


def test_files_are_listed_shown_and_deleted(stub, client, data):
    ids = [client.upload(data, f"{number}.jsonl").id for number in range(3)]
    assert [file.id for file in client.files()] == ids
    assert client.file(ids[1]).name == "1.jsonl"
    assert client.delete_file(ids[1]).deleted
    assert [file.id for file in client.files()] == [ids[0], ids[2]]
    assert stub.requests("GET", "/files$")[0].query["purpose"] == "fine-tune"


def test_create_sends_exactly_the_documented_body(stub, client, data):
    file_id = client.upload(data).id
    job = client.create_job({"training_file": file_id, "model": "openai.gpt-oss-20b", "method": METHOD})
    sent = stub.requests("POST", "/jobs$")[0]
    assert sent.json == {"training_file": file_id, "model": "openai.gpt-oss-20b", "method": METHOD}
    assert sent.headers["authorization"] == f"Bearer {KEY}"
    # The SDK's typed model would parse this grader as a StringCheckGrader.
    assert job.raw["method"] == METHOD


@pytest.mark.parametrize("status", [0, 409, 429, 500, 503])
def test_create_is_never_sent_twice(stub, data, status):
    with connected(stub.base_url, max_retries=3) as client:
        file_id = client.upload(data).id
        stub.faults.append(Fault("POST", "/jobs$", status=status, body={}, times=9))
        with pytest.raises((Unreachable, RequestRefused)):
            client.create_job({"training_file": file_id, "model": "m", "method": METHOD})
    assert len(stub.requests("POST", "/jobs$")) == 1


@pytest.mark.parametrize("status", [0, 429, 500, 503])
def test_reads_are_retried(stub, status):
    stub.add_job()
    stub.faults.append(Fault("GET", "/jobs/", status=status, body={}, headers={"Retry-After": "0.01"}))
    with connected(stub.base_url, max_retries=1) as client:
        assert client.job("ftjob-1").status == "running"
    assert len(stub.requests("GET", "/jobs/")) == 2


def test_jobs_are_listed_over_pages(stub, client):
    for number in range(7):
        stub.add_job(f"ftjob-{number}")
    assert [job.id for job in client.jobs(page_size=3)] == [f"ftjob-{n}" for n in range(6, -1, -1)]
    assert [seen.query.get("after") for seen in stub.seen] == [None, "ftjob-4", "ftjob-1"]


def test_events_survive_a_connection_that_drops_between_pages(stub):
    stub.add_job()
    for number in range(250):
        stub.add_event("ftjob-1", number)
    with connected(stub.base_url, max_retries=1) as client:
        events = client.events("ftjob-1")
        got = [next(events).id]
        stub.faults.append(Fault("GET", "/events", status=0))
        got += [event.id for event in events]
    assert got == [f"ftevent-{number:06d}" for number in range(249, -1, -1)]


def test_checkpoints_come_with_their_metrics(stub, client):
    stub.add_job()
    stub.checkpoints["ftjob-1"] = [
        {"id": f"c{step}", "step_number": step, "metrics": {"step": step}} for step in range(25)
    ]
    assert [one.step for one in client.checkpoints("ftjob-1")] == list(range(24, -1, -1))


def test_cancel(stub, client):
    stub.add_job()
    assert client.cancel("ftjob-1").status == "cancelled"
    with pytest.raises(RequestRefused, match="job is cancelled"):
        client.cancel("ftjob-1")


def test_inference_through_all_three_apis(stub, client):
    client.chat("m", [{"role": "user", "content": "hi"}], max_tokens=100, temperature=0.7)
    client.respond("m", "hi", max_output_tokens=5)
    client.complete("m", "hi", max_tokens=100)
    chat, respond, complete = (seen.json for seen in stub.seen)
    turns = [{"role": "user", "content": "hi"}]
    assert chat == {"model": "m", "messages": turns, "max_tokens": 100, "temperature": 0.7}
    assert respond == {"model": "m", "input": "hi", "store": False, "max_output_tokens": 5}
    assert complete == {"model": "m", "prompt": "hi", "max_tokens": 100}


def test_an_expired_short_term_key_is_renewed_once(stub):
    stub.add_job()
    made = iter(["old", "new"])
    stub.faults.append(Fault("GET", "/jobs/", status=401, body={"error": {"message": "expired"}}))
    where = find_endpoint(stub.base_url, None, {})
    with FineTuning(where, ShortTermKey(lambda: next(made)), max_retries=0) as client:
        assert client.job("ftjob-1").id == "ftjob-1"
    assert [seen.headers["authorization"] for seen in stub.seen] == ["Bearer old", "Bearer new"]


def test_a_renewed_key_sends_the_whole_file_again(stub, data):
    made = iter(["old", "new"])
    stub.faults.append(Fault("POST", "/files", status=401, body={}))
    where = find_endpoint(stub.base_url, None, {})
    with FineTuning(where, ShortTermKey(lambda: next(made)), max_retries=0) as client:
        file = client.upload(data)
    assert stub.contents[file.id] == data.read_bytes()


def test_a_key_that_stays_refused_is_not_retried_forever(stub):
    stub.add_job()
    stub.faults.append(Fault("GET", "/jobs/", status=401, body={}, times=99))
    where = find_endpoint(stub.base_url, None, {})
    with FineTuning(where, ShortTermKey(lambda: "k")) as client, pytest.raises(RequestRefused):
        client.job("ftjob-1")
    assert len(stub.seen) == 2


def test_an_external_proxy_is_not_used_for_this_machine(stub, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    stub.add_job()
    with connected(stub.base_url) as client:
        assert client.job("ftjob-1")


def test_unknown_fields_and_statuses_pass_through(stub, client):
    stub.add_job(status="dreaming", surprise={"a": [1]})
    job = client.job("ftjob-1")
    assert job.status == "dreaming"
    assert job.raw["surprise"] == {"a": [1]}


@pytest.mark.parametrize("data_field", [None, {}, 1, "x"])
def test_a_list_without_a_list_is_an_error(stub, client, data_field):
    stub.faults.append(Fault("GET", "/jobs$", status=200, body={"object": "list", "data": data_field}))
    with pytest.raises(Unreachable, match="list"):
        list(client.jobs())


def test_an_administrators_key_in_the_environment_is_never_sent(stub, monkeypatch):
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-0123456789")
    stub.add_job()
    with connected(stub.base_url) as client:
        client.job("ftjob-1")
    assert stub.seen[0].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("error", [{"message": "no room", "type": "overloaded"}, "no room"])
def test_an_error_inside_a_good_answer_is_an_error(stub, client, error):
    stub.faults.append(Fault("GET", "/jobs", status=200, body={"error": error}, times=3))
    for ask in (lambda: client.job("ftjob-1"), lambda: list(client.jobs()), client.jobs_page):
        with pytest.raises(Unreachable, match="answered with an error: no room"):
            ask()


def test_a_failed_jobs_error_is_part_of_the_job(stub, client):
    stub.add_job(status="failed", error={"code": "x", "message": "bad data", "param": None})
    assert client.job("ftjob-1").error == "x: bad data"


def test_models_are_asked_where_the_user_says_and_everything_else_stays(stub):
    with ApiStub() as other:
        credential = Credential(KEY, "a test")
        where, there = (find_endpoint(one.base_url, None, {}) for one in (stub, other))
        with FineTuning(where, credential, max_retries=0, inference=there) as client:
            list(client.jobs())
            client.chat("m", [{"role": "user", "content": "hi"}])
            client.respond("m", "hi")
            client.complete("m", "hi")
    assert [seen.path for seen in stub.seen] == ["/v1/fine_tuning/jobs"]
    assert [seen.path for seen in other.seen] == ["/v1/chat/completions", "/v1/responses", "/v1/completions"]
    assert {seen.headers["authorization"] for seen in other.seen} == {f"Bearer {KEY}"}


def test_the_host_for_inference_gets_no_job_requests():
    where = find_endpoint("https://bedrock-runtime.us-west-2.amazonaws.com/openai/v1", None, {})
    with FineTuning(where, Credential(KEY, "a test")) as client:
        for call in (client.files, client.jobs):
            with pytest.raises(InputError, match="bedrock-runtime has no files"):
                list(call())


def test_an_error_for_a_model_on_the_other_path_names_that_path(stub):
    said = "model `m` isn't supported on this route"
    stub.faults.append(Fault("POST", "/chat", status=400, body={"error": {"message": said}}))
    with connected(stub.base_url) as client, pytest.raises(RequestRefused, match=said) as caught:
        client.chat("m", [])
    assert caught.value.fix is not None
    assert stub.base_url.replace("/v1", "/openai/v1") in caught.value.fix
