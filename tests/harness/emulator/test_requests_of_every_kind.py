"""Valid and invalid requests to every route. No request may cause a status of 500."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types import Completion, FileObject, Model
from openai.types.chat import ChatCompletion
from openai.types.fine_tuning.alpha import GraderRunResponse, GraderValidateResponse
from openai.types.responses import Response
from pydantic import BaseModel
from starlette.testclient import TestClient

from harness.emulator.functions import Functions
from harness.emulator.server import application, assemble
from harness.emulator.settings import EmulatorConfig
from support.openapi import assert_valid, assert_valid_job
from support.published_requests import BODIES, ODD_TEXTS, QUERIES, anything, bodies

BASE = "openai.gpt-oss-20b"
ARN = "arn:aws:lambda:us-west-2:123456789012:function:my-grader"
GRADER = {"type": "lambda", "lambda": {"function": ARN}}
SHAPES: dict[str, type[BaseModel]] = {
    "/chat/completions": ChatCompletion,
    "/completions": Completion,
    "/responses": Response,
    "/fine_tuning/alpha/graders/run": GraderRunResponse,
    "/fine_tuning/alpha/graders/validate": GraderValidateResponse,
}
MINIMAL: dict[str, dict[str, Any]] = {
    "/chat/completions": {"model": BASE, "messages": [{"role": "user", "content": "What is AI?"}]},
    "/completions": {"model": BASE, "prompt": "What is AI?"},
    "/responses": {"model": BASE, "input": "What is AI?"},
}


class Api:
    """The emulator's routes without a server, with a file and a job that makes no progress."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        made = client.post("/v1/files", data={"purpose": "fine-tune"}, files={"file": ("a.jsonl", b"{}")})
        self.file = made.json()["id"]
        self.known = {"model": BASE, "file": self.file, "arn": ARN}
        self.body = {
            "model": BASE,
            "training_file": self.file,
            "method": {"type": "reinforcement", "reinforcement": {"grader": GRADER}},
        }
        self.job = client.post("/v1/fine_tuning/jobs", json=self.body).json()["id"]
        self.minimal = {**MINIMAL, "/fine_tuning/jobs": self.body}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    state = tmp_path_factory.mktemp("state")
    config = EmulatorConfig(rollouts=(), state=state, manual=True, max_file_bytes=4_000_000)
    parts = assemble(config, Functions({}))
    with TestClient(application(parts), "http://127.0.0.1", raise_server_exceptions=False) as client:
        yield Api(client)
    parts.close()


def refusal(answer: Any) -> dict[str, Any]:
    """Check that a response is a refusal in OpenAI's format, and return its error."""
    assert 400 <= answer.status_code < 500, (answer.status_code, answer.text)
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["type"] == "invalid_request_error"
    assert error["message"].endswith((".", ")")) or answer.status_code in (404, 405)
    found: dict[str, Any] = error
    return found


def sent(api: Api, path: str, body: Any) -> Any:
    content = json.dumps(body).encode()
    return api.client.post(f"/v1{path}", content=content, headers={"content-type": "application/json"})


@pytest.mark.parametrize("path", BODIES)
@given(data=st.data())
def test_a_body_is_answered_in_the_published_shape_or_refused_by_name(
    api: Api, path: str, data: st.DataObject
) -> None:
    body = data.draw(bodies(BODIES[path], api.known))
    answer = sent(api, path, body)
    if answer.status_code != 200:
        error = refusal(answer)
        assert error["param"] is None or error["param"].split(".")[0].split("[")[0] in {*body, "messages"}
    elif body.get("stream") is True:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert "\ndata: [DONE]" in answer.text or "event: response.completed" in answer.text
    elif path == "/fine_tuning/jobs":
        assert_valid_job(answer.json())
    else:
        assert_valid(SHAPES[path], answer.json())


@pytest.mark.parametrize("path", BODIES)
@given(body=anything)
def test_any_json_is_answered_or_refused(api: Api, path: str, body: Any) -> None:
    refusal(sent(api, path, body))


@pytest.mark.parametrize("path", QUERIES)
@given(data=st.data())
def test_a_query_is_answered_or_refused_by_name(api: Api, path: str, data: st.DataObject) -> None:
    names = st.sampled_from([*QUERIES[path], "unknown", "metadata", "limit[]"])
    values = st.sampled_from([*ODD_TEXTS, "0", "-1", "3", "9" * 30, "asc", "fine-tune", api.job, api.file])
    pairs = data.draw(st.lists(st.tuples(names, values), max_size=3))
    query = "&".join(f"{name}={quote(value, errors='replace')}" for name, value in pairs)
    answer = api.client.get(f"/v1{path.format(job=api.job)}?{query}")
    if answer.status_code != 200:
        assert refusal(answer)["param"] in {name.split("[")[0] for name, _ in pairs} | {n for n, _ in pairs}
        return
    assert {"object", "data", "has_more"} <= set(answer.json())
    assert len({name for name, _ in pairs}) == len(pairs)
    assert not {"unknown", "metadata", "metadata[key]", "limit[]"} & {name for name, _ in pairs}


@given(
    method=st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"]),
    path=st.sampled_from(
        [
            "/v1/files",
            "/v1/fine_tuning/jobs",
            "/v1/models",
            "/v1/chat/completions",
            "/openai/v1/responses",
            "",
        ]
    ),
    name=st.sampled_from([*ODD_TEXTS, "x" * 5000, "%2e%2e", "file-none"]),
    tail=st.sampled_from(["", "/content", "/cancel", "/events", "/checkpoints", "/pause", "//"]),
    content=st.binary(max_size=8) | st.just(b"[" * 5000) | st.just(b'{"n":' + b"9" * 5000 + b"}"),
    kind=st.sampled_from(["application/json", "text/plain", "multipart/form-data; boundary=x", "é", ""]),
)
def test_any_request_is_answered_or_refused(
    api: Api, method: str, path: str, name: str, tail: str, content: bytes, kind: str
) -> None:
    url = f"{path}/{quote(name, safe='%', errors='replace')}{tail}"
    answer = api.client.request(
        method, url, content=content, headers=[(b"content-type", kind.encode())], follow_redirects=False
    )
    if answer.status_code not in (200, 307) and method != "HEAD":
        refusal(answer)


@given(
    st.lists(
        st.sampled_from(
            ["--x\r\n", "Content-Disposition: form-data; name=", '"file"', "\r\n\r\n", "--x--", ";"]
        )
    )
)
def test_any_form_is_refused(api: Api, pieces: list[str]) -> None:
    headers = {"content-type": "multipart/form-data; boundary=x"}
    refusal(api.client.post("/v1/files", content="".join(pieces).encode(), headers=headers))


@pytest.mark.parametrize(
    ("path", "change", "param"),
    [
        ("/chat/completions", {"tools": "f"}, "tools"),
        ("/chat/completions", {"tool_choice": "any"}, "tool_choice"),
        ("/responses", {"tools": [{"type": "function", "name": "f"}]}, "tools"),
        ("/chat/completions", {"response_format": {"type": "json_object"}}, "response_format"),
        ("/chat/completions", {"logprobs": True}, "logprobs"),
        ("/chat/completions", {"stream": "false"}, "stream"),
        ("/chat/completions", {"stream": 1}, "stream"),
        ("/chat/completions", {"stream": True, "stream_options": [1]}, "stream_options"),
        ("/chat/completions", {"stream": True, "stream_options": {"x": 1}}, "stream_options.x"),
        ("/chat/completions", {"stream_options": {"include_usage": True}}, "stream_options"),
        ("/chat/completions", {"max_tokens": 3, "max_completion_tokens": 3}, "max_tokens"),
        ("/chat/completions", {"temperature": True}, "temperature"),
        ("/chat/completions", {"max_tokens": 1.5}, "max_tokens"),
        ("/chat/completions", {"user": 5}, "user"),
        ("/chat/completions", {"messages": [{"role": "user"}]}, "messages[0].content"),
        ("/chat/completions", {"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
        ("/chat/completions", {"messages": [{"role": "user", "content": "", "x": 1}]}, "messages[0].x"),
        ("/chat/completions", {"reasoning_effort": "lots"}, "reasoning_effort"),
        ("/chat/completions", {"tempurature": 1}, "tempurature"),
        ("/completions", {"echo": True}, "echo"),
        ("/completions", {"best_of": 3}, "best_of"),
        ("/completions", {"logprobs": 2}, "logprobs"),
        ("/completions", {"suffix": "x"}, "suffix"),
        ("/responses", {"background": True}, "background"),
        ("/responses", {"previous_response_id": "resp_1"}, "previous_response_id"),
        ("/responses", {"text": {"format": {"type": "json_schema"}}}, "text.format"),
        ("/fine_tuning/jobs", {"hyperparameters": {"n_epochs": 3}}, "hyperparameters"),
        ("/fine_tuning/jobs", {"integrations": [{"type": "wandb"}]}, "integrations"),
        ("/fine_tuning/jobs", {"suffix": "mine"}, "suffix"),
        ("/fine_tuning/jobs", {"method": {"type": "supervised"}}, "method.type"),
        ("/fine_tuning/jobs", {"trainig_file": "x"}, "trainig_file"),
    ],
)
def test_what_would_have_no_effect_is_refused(api: Api, path: str, change: Any, param: str) -> None:
    error = refusal(sent(api, path, {**api.minimal[path], **change}))
    assert error["param"] == param
    assert param in error["message"]


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("/chat/completions", {"max_tokens": 100.0, "n": 2.0, "seed": 1.0}),
        ("/chat/completions", {"tools": [], "tool_choice": "auto", "logprobs": False, "stop": None}),
        ("/chat/completions", {"tools": [{"type": "function", "function": {"name": "f"}}]}),
        (
            "/chat/completions",
            {"response_format": {"type": "text"}, "store": True, "user": "me", "top_p": 0.9},
        ),
        ("/chat/completions", {"messages": [{"role": "assistant", "content": None, "tool_calls": [{}]}]}),
        ("/completions", {"echo": False, "best_of": 1, "suffix": None}),
        (
            "/responses",
            {"store": False, "text": {"format": {"type": "text"}}, "user": "me"},
        ),
        ("/fine_tuning/jobs", {"suffix": None, "integrations": [], "hyperparameters": None, "seed": 7.0}),
    ],
)
def test_what_asks_for_nothing_is_accepted(api: Api, path: str, change: Any) -> None:
    assert sent(api, path, {**api.minimal[path], **change}).status_code == 200


def test_a_job_with_a_grader_of_openais_is_told_what_makes_a_function_of_it(api: Api) -> None:
    grader = {"type": "string_check", "name": "n", "input": "a", "reference": "b", "operation": "eq"}
    method = {"type": "reinforcement", "reinforcement": {"grader": grader}}
    error = refusal(sent(api, "/fine_tuning/jobs", {**api.body, "method": method}))
    assert error["param"] == "method.reinforcement.grader.type"
    assert "rft import" in error["message"]


def test_whole_numbers_may_be_written_as_floats(api: Api) -> None:
    hyperparameters = {"n_epochs": 1.0, "batch_size": 4.0}
    reinforcement = {"grader": GRADER, "hyperparameters": hyperparameters}
    body = {**api.body, "method": {"type": "reinforcement", "reinforcement": reinforcement}}
    given = sent(api, "/fine_tuning/jobs", body).json()["hyperparameters"]
    assert json.dumps(given) == '{"n_epochs": 1, "batch_size": 4, "learning_rate_multiplier": 1.0}'


def test_an_idempotency_key_holds_for_one_request(api: Api) -> None:
    def create(body: Any) -> Any:
        return api.client.post("/v1/fine_tuning/jobs", json=body, headers={"Idempotency-Key": "one"})

    first = create(api.body)
    assert create(api.body).json() == first.json()
    error = refusal(create({**api.body, "seed": 3}))
    assert (error["param"], error["code"]) == ("Idempotency-Key", "idempotency_key_reused")
    assert first.json()["id"] in error["message"]

    def upload(content: bytes) -> Any:
        return api.client.post(
            "/v1/files",
            data={"purpose": "fine-tune"},
            files={"file": ("a.jsonl", content)},
            headers={"Idempotency-Key": "one"},
        )

    assert upload(b"{}").json() == upload(b"{}").json()
    assert refusal(upload(b"[]"))["code"] == "idempotency_key_reused"


def test_a_file_has_no_fields_that_are_null(api: Api) -> None:
    raw = api.client.get(f"/v1/files/{api.file}").json()
    assert_valid(FileObject, raw)
    assert None not in raw.values()
    assert_valid(Model, api.client.get("/v1/models").json()["data"][0])


@pytest.mark.parametrize(
    ("alias", "name", "status"),
    [
        ("file-abc123", None, 200),
        ("ft:gpt-4o-mini:openai:custom:7p4lURel:ckpt-step-1000", None, 200),
        ("../x", None, 400),
        ("a\x1b[2J", None, 400),
        ("x" * 201, None, 400),
        ("file-abc124", "file-none", 404),
        ("file-abc124", "nope\n", 400),
    ],
)
def test_an_alias_is_an_id_of_something_that_exists(api: Api, alias: str, name: Any, status: int) -> None:
    answer = api.client.post("/_emulator/alias", json={"alias": alias, "id": name or api.file})
    assert answer.status_code == status
    if status != 200:
        refusal(answer)


@pytest.mark.parametrize("size", [4_100_000, 20_000_000])
def test_an_upload_that_is_too_large_is_refused(api: Api, size: int) -> None:
    files = {"file": ("a", io.BytesIO(b"x" * size))}
    answer = api.client.post("/v1/files", data={"purpose": "fine-tune"}, files=files)
    assert answer.status_code == 413
    assert refusal(answer)["code"] == "request_too_large"


def test_a_file_comes_back_as_it_was(api: Api, tmp_path: Path) -> None:
    content = b"0123456789" * 300_000  # sent in several chunks
    made = api.client.post("/v1/files", data={"purpose": "fine-tune"}, files={"file": ("b", content)})
    assert made.json()["bytes"] == len(content)
    assert api.client.get(f"/v1/files/{made.json()['id']}/content").content == content
