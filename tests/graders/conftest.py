"""What tests of graders share."""

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
    """A judge's services, which this test's judges ask and know nothing about."""
    from support.judged import fresh  # it imports boto3 and openai, which other checks need not

    return fresh(server, monkeypatch)
