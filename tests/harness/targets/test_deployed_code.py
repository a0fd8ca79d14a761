from __future__ import annotations

import base64
import hashlib
import io
import json
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.aws import Denied
from harness.errors import HarnessError, InputError
from harness.localaws.function import FunctionSpec
from harness.localaws.loopback import HttpRequest, HttpResponse, LoopbackServer
from harness.targets.deployed_code import FunctionFacts, canonical_name, hash_zip, look_up, read_code

ARN = "arn:aws:lambda:us-west-2:123456789012:function:grader:1"
FOUND = {"FunctionName": "grader", "CodeSha256": "abc=", "Version": "1", "Handler": "app.score"}
NAMES = st.text("aB.-_é", min_size=1, max_size=3).filter(lambda name: name.strip("."))
TREES = st.dictionaries(st.lists(NAMES, min_size=1, max_size=3).map(tuple), st.binary(max_size=3), max_size=5)


def zipped(files: dict[str, bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return held.getvalue()


@pytest.fixture
def lambda_says(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, tuple[int, Any]]]:
    """Lambda's responses to GetFunction, and to GetFunctionConfiguration under `configuration`."""
    answers: dict[str, tuple[int, Any]] = {}

    def handle(request: HttpRequest) -> HttpResponse:
        status, body = answers["configuration" if request.path.endswith("/configuration") else "function"]
        headers = {"x-amzn-ErrorType": "AccessDeniedException"} if status == 403 else {}
        return HttpResponse(status, json.dumps(body).encode(), headers)

    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    server = LoopbackServer(handle, "lambda")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{server.address}")
    yield answers
    server.close()


DENIED = (403, {"Message": "User: x is not authorized to perform: lambda:GetFunction on resource: y"})


def test_what_lambda_says_is_kept(lambda_says: dict[str, tuple[int, Any]]) -> None:
    configuration = {**FOUND, "Runtime": "python3.13", "Layers": [{"Arn": "a"}, {"Arn": "b"}]}
    lambda_says["function"] = 200, {"Configuration": configuration, "Code": {"Location": "https://x"}}
    found = look_up(ARN)
    assert (found.code_sha256, found.version, found.handler) == ("abc=", "1", "app.score")
    assert (found.runtime, found.layers, found.location) == ("python3.13", 2, "https://x")


def test_who_may_not_read_the_code_may_know_its_digest(lambda_says: dict[str, tuple[int, Any]]) -> None:
    lambda_says.update(function=DENIED, configuration=(200, FOUND))
    found = look_up(ARN)
    assert found.code_sha256 == "abc="
    with pytest.raises(InputError, match="these credentials do not allow lambda:GetFunction"):
        read_code(found)


def test_who_may_know_nothing_is_told_which_permission_is_missing(
    lambda_says: dict[str, tuple[int, Any]],
) -> None:
    lambda_says.update(function=DENIED, configuration=DENIED)
    with pytest.raises(Denied, match="lambda:GetFunction"):
        look_up(ARN)


@pytest.mark.parametrize("answer", [{}, {"Configuration": {}}, {"Configuration": {"Version": "1"}}])
def test_an_answer_that_is_not_lambda_s_is_an_error(
    lambda_says: dict[str, tuple[int, Any]], answer: Any
) -> None:
    lambda_says["function"] = 200, answer
    with pytest.raises(HarnessError, match="not AWS"):
        look_up(ARN)


@contextmanager
def located(content: bytes, sha256: str | None = None) -> Iterator[FunctionFacts]:
    """Yield the facts of a function whose code is downloaded from this machine."""
    server = LoopbackServer(lambda request: HttpResponse(200, content), "code")
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    try:
        yield FunctionFacts(
            arn=ARN,
            version="1",
            code_sha256=sha256 or digest,
            handler="app.score",
            runtime=None,
            layers=0,
            location=f"http://{server.address}/code?X-Amz-Signature=secret",
            unread="",
        )
    finally:
        server.close()


def test_the_code_is_downloaded_and_hashed() -> None:
    files = {"app.py": b"1", "pkg/": b"", "pkg/x.py": b"2", "some_thing-1.0.dist-info/METADATA": b""}
    with located(zipped(files)) as facts:
        code = read_code(facts)
    assert code.files.keys() == {"app.py", "pkg/x.py", "some_thing-1.0.dist-info/METADATA"}
    assert code.files["app.py"] == hashlib.sha256(b"1").hexdigest()
    assert code.packages == {"some-thing": "1.0"}


@pytest.mark.parametrize(
    ("content", "sha256", "said"),
    [
        (b"no zip", None, "its code is not a readable zip file"),
        (zipped({"a": b"1"})[:-5], None, "its code is not a readable zip file"),
        (zipped({"a": b"1"}), "other=", "the downloaded code does not match its CodeSha256"),
    ],
    ids=["text", "torn", "other"],
)
def test_what_is_not_the_code_is_refused(content: bytes, sha256: str | None, said: str) -> None:
    with located(content, sha256) as facts, pytest.raises(InputError, match=said):
        read_code(facts)


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/x?secret", "file:///etc/passwd?secret", "secret"])
def test_no_message_holds_the_signed_address(address: str) -> None:
    with located(b"") as facts:
        gone = replace(facts, location=address)
    with pytest.raises(InputError, match="its code could not be downloaded") as failed:
        read_code(gone)
    assert "secret" not in str(failed.value) + repr(gone)


@given(TREES)
def test_a_zip_has_the_digest_of_the_folder_that_it_was_made_of(tree: dict[tuple[str, ...], bytes]) -> None:
    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryFile() as held:
        files = {}
        for parts, content in tree.items():
            path = Path(name, *parts)
            if not path.exists() and not any(parent.is_file() for parent in path.parents):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
                files["/".join(parts)] = content
        held.write(zipped(files))
        spec = FunctionSpec(name="x", artifact=Path(name), handler="app.score")
        assert hash_zip(held, ARN).digest == spec.code_sha256()


def test_spellings_of_a_distribution_are_one() -> None:
    assert {canonical_name(name) for name in ("Ruamel.YAML", "ruamel_yaml", "ruamel--yaml")} == {
        "ruamel-yaml"
    }
