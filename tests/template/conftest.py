"""The template as a file and with its loops expanded, a local AWS, and the SAM command line."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support import sam_template
from support.moto_aws import LocalAws, local_aws
from support.sam_command import sam_command

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def text() -> str:
    return (ROOT / "template.yaml").read_text()


@pytest.fixture(scope="session")
def written_out(text: str) -> bytes:
    return pickle.dumps(sam_template.expanded(sam_template.load(text)))


@pytest.fixture
def template(written_out: bytes) -> dict[str, Any]:
    """The template with its loops expanded; every test has its own copy."""
    found: dict[str, Any] = pickle.loads(written_out)
    return found


@pytest.fixture
def translated(template: dict[str, Any]) -> dict[str, Any]:
    return sam_template.translate(sam_template.packaged(template))


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with local_aws() as served:
        yield served


@pytest.fixture(scope="session")
def sam() -> str:
    return sam_command()
