"""The template as it is written and as CloudFormation sees it, a local AWS, and the SAM command line."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support import sam_template
from support.moto_aws import LocalAws, local_aws

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def text() -> str:
    return (ROOT / "template.yaml").read_text()


@pytest.fixture
def template(text: str) -> dict[str, Any]:
    """With its loops written out."""
    return sam_template.expanded(sam_template.load(text))


@pytest.fixture
def translated(template: dict[str, Any]) -> dict[str, Any]:
    return sam_template.translate(sam_template.packaged(template))


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with local_aws() as served:
        yield served


@pytest.fixture(scope="session")
def sam() -> str:
    """The SAM command line; in CI it has to be there."""
    named = os.environ.get("RFT_SAM") or str(ROOT / ".venv-sam" / "bin" / "sam")
    # Absolute without following links: an environment's executable finds its packages by where it stands.
    found = shutil.which(named)
    if found is not None:
        return str(Path(found).absolute())
    missing = f"no SAM command line at {named}: `make test-slow` makes one"
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)
