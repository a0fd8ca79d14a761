"""Settings and fixtures for all tests, which depend on CI, RFT_SHARED_DATA and RFT_AWS in the environment."""

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

# No deadline, because it would measure the machine. In CI, all runs use the same examples.
settings.register_profile(
    "rft",
    deadline=None,
    derandomize=IN_CI,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("rft")

# A shell starts background jobs with SIGINT ignored, and the processes that tests start would inherit this.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Exclude the tests and their imports from garbage collection, to save time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests that may cost money unless RFT_AWS is 1."""
    if os.environ.get("RFT_AWS") == "1":
        return
    skip = pytest.mark.skip(reason="needs an AWS account: set RFT_AWS=1")
    for item in items:
        if "aws" in item.keywords:
            item.add_marker(skip)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real data sets. Without it, the test is skipped."""
    place = os.environ.get("RFT_SHARED_DATA")
    if not place or not Path(place).is_dir():
        pytest.skip("set RFT_SHARED_DATA to the folder of real data sets")
    return Path(place)


@pytest.fixture(scope="session", autouse=True)
def leftovers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Leftovers]:
    """Fail if a test leaves a process running, or a file in the temporary folder."""
    before = tempfile.gettempdir(), os.environ.get("TMPDIR")
    # Tests must not use the locks of the person who runs them.
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))
    found = Leftovers(tmp_path_factory.getbasetemp())
    yield found
    for engine in ("_code_monty_pool", "_code_fork_server"):  # these processes run until this one ends
        if module := sys.modules.get(f"graders.checks.{engine}"):
            module.end_processes()
    gc.collect()  # unpacked zip files are removed with their objects
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
