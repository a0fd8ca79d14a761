"""A function's process when the harness itself comes to a sudden end."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from support.artifacts import write_function
from support.runtime_calls import gone
from support.waiting import until

HANGING = """
import os, pathlib
def handler(event, context):
    note = pathlib.Path("note")
    note.write_text(str(os.getpid()))
    note.rename("pid")
    while True:
        pass
"""
HARNESS = """
import sys
from pathlib import Path
from harness.localaws.function import FunctionSpec
from harness.localaws.runtime import LocalRuntime
spec = FunctionSpec(name="hanging", artifact=Path(sys.argv[1]), handler="app.handler", timeout_s=60)
LocalRuntime(spec).invoke(b"{}")
"""


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGKILL])
def test_a_handler_that_hangs_does_not_outlive_the_harness(tmp_path, sent):
    spec = write_function(tmp_path, HANGING)
    command = [sys.executable, "-c", HARNESS, spec.artifact]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as harness:
        noted = spec.artifact / "pid"
        until(lambda: noted.exists() or harness.poll() is not None)
        harness.send_signal(sent)
    pid = int(noted.read_text())
    assert gone(pid)
