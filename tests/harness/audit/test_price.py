from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from harness.audit.price import price_lines
from harness.localaws.loopback import HttpRequest, HttpResponse, LoopbackServer

ARN = "arn:aws:lambda:{region}:123456789012:function:grader:1"


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def answer(request: HttpRequest) -> HttpResponse:
    body = (
        b'{"Configuration": {"CodeSha256": "c", "MemorySize": 1024, "Architectures": ["x86_64"],'
        b' "Handler": "g.h", "Runtime": "python3.12", "Version": "1"}, "Code": {}}'
    )
    return HttpResponse(200, body, {"content-type": "application/json"})


def test_the_price_follows_from_memory_and_calls(asked: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(LoopbackServer(answer, "lambda")) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", f"http://{server.address}")
        first, second = price_lines(ARN.format(region="us-east-1"), 1_000)
        assert first == "The audit calls the function at most 1,000 times (--budget)."
        assert second.startswith(
            "Lambda charges about $0.0169 if each call takes one second (1024 MB, x86_64"
        )
        *_, unknown = price_lines(ARN.format(region="eu-central-1"), 1_000)
        assert "we have no price for x86_64 in eu-central-1" in unknown


def test_a_function_that_cannot_be_looked_up_has_no_price() -> None:
    assert [*price_lines("grader:live", 3)][1].startswith("Name the function by its ARN")
