"""What every test shares: the hypothesis profile, the folder of real data, and the guard before AWS.

Comes in: the environment (CI, RFT_SHARED_DATA, RFT_AWS). Goes out: fixtures and skips. It never reaches the
network.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

IN_CI = bool(os.environ.get("CI"))

# A deadline measures the machine, not the code; in CI the same examples run every time.
settings.register_profile(
    "rft",
    deadline=None,
    derandomize=IN_CI,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("rft")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what may cost money unless it was asked for."""
    if os.environ.get("RFT_AWS") == "1":
        return
    skip = pytest.mark.skip(reason="needs an AWS account: set RFT_AWS=1")
    for item in items:
        if "aws" in item.keywords:
            item.add_marker(skip)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real data sets; the test is skipped where there is none."""
    place = os.environ.get("RFT_SHARED_DATA")
    if not place or not Path(place).is_dir():
        pytest.skip("set RFT_SHARED_DATA to the folder of real data sets")
    return Path(place)
