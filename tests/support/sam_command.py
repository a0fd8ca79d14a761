"""Finds the SAM command line."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

_BESIDE = Path(__file__).resolve().parents[2] / ".venv-sam" / "bin" / "sam"


def sam_command() -> str:
    """Return the absolute path of the SAM command line. If it is missing, skip the test, or fail in CI."""
    named = os.environ.get("RFT_SAM") or str(_BESIDE)
    # Links are not followed, because an executable finds its environment's packages by its own path.
    found = shutil.which(named)
    if found is not None:
        return str(Path(found).absolute())
    missing = f"no SAM command line at {named}: `make test-slow` makes one"
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)
