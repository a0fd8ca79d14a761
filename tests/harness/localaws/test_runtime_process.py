"""A function's process after the harness was killed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys

import pytest

from support.artifacts import write_function
from support.runtime_calls import gone
from support.waiting import until

HANGING = """
import os
def handler(event, context):
    print("pid", os.getpid(), flush=True)
    while True:
        pass
"""
HARNESS = """
import sys
from pathlib import Path
from harness.localaws.confinement import Protection
from harness.localaws.function import FunctionSpec
from harness.localaws.runtime import LocalRuntime
spec = FunctionSpec(name="hanging", artifact=Path(sys.argv[1]), handler="app.handler", timeout_s=60)
LocalRuntime(spec, log_file=Path(sys.argv[2]), protection=Protection(sys.argv[3])).invoke(b"{}")
"""


@pytest.mark.parametrize("protection", ["namespace", "copy"])
@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGKILL])
def test_a_handler_that_hangs_does_not_outlive_the_harness(tmp_path, sent, protection):
    spec = write_function(tmp_path / "artifact", HANGING)
    log, scratch = tmp_path / "function.log", tmp_path / "scratch"
    scratch.mkdir()
    command = [sys.executable, "-c", HARNESS, spec.artifact, log, protection]
    environment = {**os.environ, "TMPDIR": str(scratch)}
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, env=environment) as harness:
        pid = until(lambda: re.search(r"pid (\d+)\n", log.read_text() if log.exists() else ""))
        harness.send_signal(sent)
    assert gone(int(pid[1]))
    until(lambda: not list(scratch.iterdir()))
