"""Helper calls for tests of the local Lambda runtime."""

from __future__ import annotations

import json

import psutil

from support.waiting import until


def call(runtime, **event):
    return runtime.invoke(json.dumps(event).encode())


def answer(runtime, **event):
    invocation = call(runtime, **event)
    assert invocation.fault is None
    return json.loads(invocation.payload)


def gone(pid):
    """Wait until a process has ended, and return True, for use in an assertion."""

    def ended():
        try:
            return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    return until(ended)
