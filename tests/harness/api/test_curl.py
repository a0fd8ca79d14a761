"""Printed curl commands, run by a real shell and curl, and compared with requests from the SDK."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from harness.api.client import FineTuning
from harness.api.curl import NotSent, shown_headers
from support.api_stub import ApiStub
from support.service import KEY, connected

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
METHOD = {
    "type": "reinforcement",
    "reinforcement": {"grader": {"type": "lambda", "lambda": {"function": "arn"}}},
}
ODD = 'it\'s "quoted" $HOME `id` \\n é \n next line @file'

CALLS = {
    "list files": lambda client, path: list(client.files()),
    "file": lambda client, path: client.file("file-1"),
    "delete file": lambda client, path: client.delete_file("file-1"),
    "create": lambda client, path: client.create_job(
        {"training_file": "file-1", "model": "m", "method": METHOD}
    ),
    "jobs": lambda client, path: client.jobs_page(limit=20),
    "job": lambda client, path: client.job("ftjob-1"),
    "cancel": lambda client, path: client.cancel("ftjob-1"),
    "events": lambda client, path: client.events_page("ftjob-1", limit=50),
    "next events": lambda client, path: client.events_page("ftjob-1", after="ftevent-000001", limit=100),
    "checkpoints": lambda client, path: list(client.checkpoints("ftjob-1")),
    "chat": lambda client, path: client.chat("m", [{"role": "user", "content": ODD}], max_tokens=100),
    "responses": lambda client, path: client.respond("m", ODD),
    "completions": lambda client, path: client.complete("m", ODD, max_tokens=100, temperature=0.7),
}


ASKED_FOR = {
    "OPENAI_ORG_ID": "org-1",
    "OPENAI_PROJECT_ID": 'it\'s "mine" $HOME `id`',
}


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """Set the variables that the SDK reads and sends."""
    for name, value in ASKED_FOR.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def stub():
    with ApiStub() as stub:
        stub.files["file-1"] = {"id": "file-1", "object": "file", "filename": "a", "bytes": 1}
        stub.add_job()
        for number in range(3):
            stub.add_event("ftjob-1", number)
        yield stub


def shown(client_of, call, path):
    with FineTuning.showing(client_of.endpoint) as showing, pytest.raises(NotSent) as caught:
        call(showing, path)
    return caught.value.command


def curl(command):
    environment = {"PATH": os.environ["PATH"], "OPENAI_API_KEY": KEY, "HOME": "/nowhere"}
    return subprocess.run(
        ["sh", "-c", command.replace("curl ", "curl -s --noproxy '*' ", 1)],
        env=environment,
        capture_output=True,
        timeout=20,
        check=True,
    )


@needs_curl
@pytest.mark.parametrize("name", CALLS)
def test_curl_sends_what_the_sdk_sends(stub, tmp_path, name):
    with connected(stub.base_url) as client:
        command = shown(client, CALLS[name], tmp_path)
        assert stub.seen == []
        curl(command)
        stub.files["file-1"] = {"id": "file-1", "object": "file", "filename": "a", "bytes": 1}
        stub.jobs["ftjob-1"]["status"] = "running"
        CALLS[name](client, tmp_path)
    by_curl, by_sdk = stub.seen
    assert (by_curl.method, by_curl.path, by_curl.query) == (by_sdk.method, by_sdk.path, by_sdk.query)
    assert by_curl.headers["authorization"] == by_sdk.headers["authorization"]
    assert shown_headers(by_curl.headers) == shown_headers(by_sdk.headers)
    assert by_sdk.headers.get("openai-project") == ASKED_FOR["OPENAI_PROJECT_ID"]
    if by_sdk.body:
        assert by_curl.json == by_sdk.json
    else:
        assert by_curl.body == b""


@needs_curl
@pytest.mark.parametrize("name", ["train.jsonl", 'it\'s; a, "file".jsonl', "back\\slash.jsonl"])
def test_curl_uploads_the_same_file(stub, tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b'{"a": 1}\n')
    with connected(stub.base_url) as client:
        curl(shown(client, lambda showing, _: showing.upload(path, "mine.jsonl"), path))
        client.upload(path, "mine.jsonl")
    assert stub.contents["file-1"] == b'{"a": 1}\n'
    assert stub.files["file-1"]["filename"] == "mine.jsonl"
    assert parts(stub.seen[0]) == parts(stub.seen[1])
    assert shown_headers(stub.seen[0].headers) == shown_headers(stub.seen[1].headers)


def parts(seen):
    """Return the parts of a form without the boundary, which differs between clients."""
    boundary = seen.headers["content-type"].partition("boundary=")[2].encode()
    return sorted(seen.body.split(b"--" + boundary))


@pytest.mark.parametrize("name", CALLS)
def test_no_key_is_in_the_command_and_none_is_needed(stub, tmp_path, name):
    with connected(stub.base_url) as client:
        command = shown(client, CALLS[name], tmp_path)
    assert KEY not in command
    assert '"Authorization: Bearer $OPENAI_API_KEY"' in command
