"""What every test shares: the hypothesis profile, real data, the guard before AWS, and the broom.

The environment decides: CI, RFT_SHARED_DATA, RFT_AWS.
"""

from __future__ import annotations

import gc
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from support.leftovers import Leftovers

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

# A shell starts background jobs with Ctrl-C ignored, and every process that a test starts would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep the tests themselves and all that they import out of every later collection of garbage."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


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


@pytest.fixture(scope="session", autouse=True)
def leftovers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Leftovers]:
    """Fail where a test left a process running, or a file in the folder for temporary ones."""
    before = tempfile.gettempdir(), os.environ.get("TMPDIR")
    # Locks that a user's processes share must not be those of whoever runs the tests.
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))
    found = Leftovers(tmp_path_factory.getbasetemp())
    yield found
    for engine in ("_code_monty_pool", "_code_fork_server"):  # they run until the process ends
        if module := sys.modules.get(f"graders.checks.{engine}"):
            module.end_processes()
    gc.collect()  # an unpacked zip file goes with the object that stands for it
    processes, files = found.end_processes(), found.files()
    tempfile.tempdir = before[0]
    if before[1] is None:
        del os.environ["TMPDIR"]
    else:
        os.environ["TMPDIR"] = before[1]
    shutil.rmtree(found.folder, ignore_errors=True)
    assert (processes, files) == ([], []), "left behind"


@pytest.fixture(autouse=True)
def _ascribed(leftovers: Leftovers, request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    leftovers.note(request.node.nodeid)
