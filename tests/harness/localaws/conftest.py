from __future__ import annotations

from dataclasses import replace

import pytest

from harness.localaws.runtime import LocalRuntime
from support.artifacts import MISBEHAVING, write_function


@pytest.fixture(scope="module")
def spec(tmp_path_factory):
    folder = tmp_path_factory.mktemp("artifact")
    return write_function(folder, MISBEHAVING, timeout_s=1.0, memory_mb=128, environment={"COLOUR": "blue"})


@pytest.fixture(scope="module")
def runtime(spec):
    with LocalRuntime(spec) as runtime:
        yield runtime


@pytest.fixture(scope="module")
def patient(spec):
    """A runtime with a timeout long enough for a busy machine."""
    with LocalRuntime(replace(spec, timeout_s=60)) as runtime:
        yield runtime
