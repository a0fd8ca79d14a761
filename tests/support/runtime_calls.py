"""Calls of a local runtime, for its tests."""

from __future__ import annotations

import json
import time
from pathlib import Path


def call(runtime, **event):
    return runtime.invoke(json.dumps(event).encode())


def answer(runtime, **event):
    invocation = call(runtime, **event)
    assert invocation.fault is None
    return json.loads(invocation.payload)


def gone(pid):
    """Whether a process has ended, waiting a moment for it."""
    for _ in range(100):
        try:
            if Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.01)
    return False
