from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.moto_aws import LocalAws, local_aws


@pytest.fixture(scope="module")
def served() -> Iterator[LocalAws]:
    with local_aws() as found:
        yield found


@pytest.fixture
def aws(served: LocalAws, monkeypatch: pytest.MonkeyPatch) -> LocalAws:
    """A local AWS, and environment variables that point only to it."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in served.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    return served
