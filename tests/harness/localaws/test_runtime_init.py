from __future__ import annotations

import json
from dataclasses import replace

import pytest

from harness.localaws import limits
from harness.localaws.runtime import LocalRuntime
from support.artifacts import write_artifact, write_function
from support.runtime_calls import call


@pytest.mark.parametrize(
    ("files", "handler", "error_type", "message"),
    [
        ({"app.py": "import click"}, "app.handler", "Runtime.ImportModuleError", "No module named 'click'"),
        ({"app.py": ""}, "other.handler", "Runtime.ImportModuleError", "No module named 'other'"),
        (
            {"app.py": ""},
            "app.handler",
            "Runtime.HandlerNotFound",
            "Handler 'handler' missing on module 'app'",
        ),
        ({"app.py": ""}, "handler", "Runtime.MalformedHandlerName", "Bad handler 'handler'"),
        ({"app.py": "def"}, "app.handler", "Runtime.UserCodeSyntaxError", "Syntax error in module 'app'"),
        ({"app.py": "1 / 0"}, "app.handler", "ZeroDivisionError", "division by zero"),
        ({"app.py": "import os; os._exit(9)"}, "app.handler", "Runtime.ExitError", "exit status 9"),
        ({"app.py": "import sys; sys.exit(5)"}, "app.handler", "Runtime.ExitError", "exit status 5"),
    ],
)
def test_a_handler_that_cannot_be_loaded_is_reported_on_every_call(
    tmp_path, files, handler, error_type, message
):
    write_artifact(tmp_path, files)
    spec = write_function(tmp_path / "unused", "", handler=handler)
    with LocalRuntime(replace(spec, artifact=tmp_path)) as runtime:
        for _ in range(2):
            invocation = call(runtime)
            assert invocation.fault is not None
            assert invocation.fault.error_type == error_type
            assert message in invocation.fault.message
            assert json.loads(invocation.payload)["errorType"] == error_type
        (tmp_path / "app.py").write_text("def handler(event, context): return 'mended'")
        if handler == "app.handler":
            assert call(runtime).payload == b'"mended"'


def test_a_function_may_import_boto3_only_while_the_sdk_is_offered(tmp_path):
    spec = write_function(
        tmp_path,
        "import boto3\ndef handler(event, context): return boto3.__version__",
        timeout_s=20,
        memory_mb=256,
    )
    with LocalRuntime(spec) as runtime:
        assert call(runtime).fault is None
    with LocalRuntime(spec, sdk=False) as runtime:
        fault = call(runtime).fault
    assert fault is not None
    assert fault.error_type == "Runtime.ImportModuleError"


def test_a_slow_init_is_started_again_under_the_functions_timeout(tmp_path):
    source = """
import time
time.sleep(0.8)
def handler(event, context): return "ready"
"""
    spec = write_function(tmp_path / "artifact", source, timeout_s=3.0)
    with LocalRuntime(spec, init_timeout_s=0.4) as runtime:
        invocation = call(runtime)
    assert (invocation.fault, invocation.payload) == (None, b'"ready"')
    assert "Phase: init\tStatus: timeout" in invocation.log_tail
    assert invocation.duration_ms > 800


def test_an_init_that_never_ends_is_reported_as_the_functions_timeout(tmp_path):
    spec = write_function(tmp_path, "import time; time.sleep(600)", timeout_s=0.5)
    with LocalRuntime(spec, init_timeout_s=0.2) as runtime:
        for _ in range(2):
            invocation = call(runtime)
            assert invocation.fault == limits.timed_out(invocation.request_id, 0.5)


def test_the_init_clock_is_apart_from_the_invocations(tmp_path):
    source = "import time; time.sleep(1.2)\ndef handler(event, context): time.sleep(0.2)"
    with LocalRuntime(write_function(tmp_path, source, timeout_s=1.0)) as runtime:
        invocation = call(runtime)
    assert invocation.fault is None
    assert invocation.init_ms is not None
    assert invocation.init_ms > 1200
    assert 200 <= invocation.duration_ms < 1000
