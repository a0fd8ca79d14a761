from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.judge_endpoint import JudgeEndpoint


@pytest.fixture(scope="module")
def server() -> Iterator[JudgeEndpoint]:
    with JudgeEndpoint() as endpoint:
        yield endpoint


@pytest.fixture
def endpoint(server: JudgeEndpoint, monkeypatch: pytest.MonkeyPatch) -> JudgeEndpoint:
    """The services that this test's judges call, without any state from earlier tests."""
    from support.judged import fresh  # imports boto3 and openai, which tests of other checks do not need

    return fresh(server, monkeypatch)
