from __future__ import annotations

import pytest

from support.api_stub import ApiStub
from support.service import run_verb


@pytest.fixture
def stub():
    with ApiStub() as stub:
        yield stub


@pytest.fixture
def rft(stub, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda verb, *words, **more: run_verb(verb, *words, base_url=stub.base_url, **more)
