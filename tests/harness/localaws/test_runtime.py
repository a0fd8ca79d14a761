"""The local runtime with the real `awslambdaric`."""

from __future__ import annotations

import base64
import json
import os
import threading
from dataclasses import replace

import pytest

from harness.errors import InputError
from harness.localaws import limits
from harness.localaws.runtime import InvokeRefused, LocalRuntime
from support.artifacts import write_artifact, write_function
from support.meeting import Meeting
from support.runtime_calls import answer, call, gone

TASK_ROOT = "/var/task"


def test_an_event_and_its_context_reach_the_handler_and_the_answer_comes_back(runtime, spec):
    invocation = runtime.invoke(b'{"a": [1, "\\u00e9"]}', arn=f"{spec.arn}:live", request_id="the-id")
    seen = json.loads(invocation.payload)
    assert seen["event"] == {"a": [1, "é"]}
    assert (seen["request_id"], seen["arn"]) == ("the-id", f"{spec.arn}:live")
    assert 0 < seen["left"] <= 1000
    assert (seen["memory"], seen["version"], seen["cwd"]) == ("128", "$LATEST", TASK_ROOT)


def test_a_cold_call_is_measured_apart_from_a_warm_one(spec):
    with LocalRuntime(spec) as runtime:
        cold, warm = call(runtime), call(runtime)
    assert cold.init_ms is not None
    assert cold.cold_start_ms is not None
    assert 0 < cold.init_ms < cold.cold_start_ms < 10_000
    assert (warm.init_ms, warm.cold_start_ms) == (None, None)
    assert 0 < warm.duration_ms < 1000
    assert 5 < cold.peak_memory_mb < 128
    assert json.loads(warm.payload)["calls"] == 2


def test_nothing_of_the_engineers_environment_leaks_in(spec, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the-engineers")
    monkeypatch.setenv("PYTHONPATH", "/the/engineers")
    with LocalRuntime(spec) as runtime:
        environ = answer(runtime)["environ"]
    assert "the-engineers" not in environ.values()
    assert "PYTHONPATH" not in environ
    assert environ["HOME"] != os.environ.get("HOME")
    assert environ["COLOUR"] == "blue"
    assert environ["_HANDLER"] == "app.handler"
    assert environ["LAMBDA_TASK_ROOT"] == TASK_ROOT
    assert environ["AWS_EXECUTION_ENV"] == f"AWS_Lambda_{spec.runtime}"


def test_a_variable_is_handed_on_when_it_is_asked_for(spec, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "sandbox")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    credentials = {"AWS_ACCESS_KEY_ID": "for the judge"}
    with LocalRuntime(spec, passed=["AWS_PROFILE", "AWS_REGION"], credentials=credentials) as runtime:
        environ = answer(runtime)["environ"]
    assert (environ["AWS_PROFILE"], environ["AWS_REGION"]) == ("sandbox", "eu-west-1")
    assert environ["AWS_ACCESS_KEY_ID"] == "for the judge"


@pytest.mark.parametrize("name", ["NOT_SET_ANYWHERE", "COLOUR"])
def test_a_variable_that_is_not_set_or_is_the_templates_is_not_handed_on(spec, name, monkeypatch):
    monkeypatch.setenv("COLOUR", "red")
    with pytest.raises(InputError, match=name):
        LocalRuntime(spec, passed=[name])


def test_a_file_that_a_variable_names_can_be_read(tmp_path, monkeypatch):
    bundle = write_artifact(tmp_path / "outside", {"bundle.pem": "certificates"}) / "bundle.pem"
    monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
    source = "import os\ndef handler(event, context): return open(os.environ['AWS_CA_BUNDLE']).read()"
    with LocalRuntime(write_function(tmp_path / "artifact", source), passed=["AWS_CA_BUNDLE"]) as runtime:
        assert answer(runtime) == "certificates"


def test_the_artifact_is_searched_first_and_stays_free_of_bytecode(runtime, spec):
    assert answer(runtime)["path"][0] == TASK_ROOT
    assert sorted(path.name for path in spec.artifact.iterdir()) == ["app.py"]


def test_an_exception_is_reported_and_the_process_lives_on(runtime):
    before = answer(runtime)
    invocation = call(runtime, do="raise", what="unicorns")
    assert invocation.fault == limits.Fault("ValueError", "no such thing: unicorns", "app.py:15")
    document = json.loads(invocation.payload)
    assert document["stackTrace"]
    assert "[ERROR] ValueError" in invocation.log_tail
    assert answer(runtime)["pid"] == before["pid"]


@pytest.mark.parametrize("do", ["hang", "spin"])
def test_a_handler_that_does_not_answer_in_time_is_killed(runtime, do):
    before = answer(runtime)["pid"]
    invocation = call(runtime, do=do)
    fault = limits.timed_out(invocation.request_id, 1)
    assert invocation.fault == fault
    assert fault.error_type == "Sandbox.Timedout"
    assert fault.message.endswith("Error: Task timed out after 1.00 seconds")
    assert f"{invocation.request_id} Task timed out after 1.00 seconds" in invocation.log_tail
    assert 1000 <= invocation.duration_ms < 1500
    after = answer(runtime)
    assert gone(before)
    assert (after["pid"] != before, after["calls"]) == (True, 1)


def test_a_handler_that_takes_more_memory_than_the_function_has_is_killed(patient):
    invocation = call(patient, do="memory", mb=200)
    assert invocation.fault is not None
    assert invocation.fault.error_type == "Runtime.ExitError"
    assert invocation.fault.message.endswith("Runtime exited with error: signal: killed")
    assert "Error Type: Runtime.OutOfMemory" in invocation.log_tail
    assert invocation.duration_ms < 900
    assert invocation.peak_memory_mb > 128
    assert answer(patient)["calls"] == 1


def test_memory_that_was_given_back_before_anyone_looked_is_too_much_all_the_same(patient):
    invocation = call(patient, do="memory", mb=118, hold=0)
    assert invocation.fault is not None
    assert invocation.fault.message.endswith("signal: killed")
    assert answer(patient)["calls"] == 1


def test_the_memory_of_child_processes_counts_and_they_are_killed_too(patient):
    invocation = call(patient, do="child", bytes=200 * 1024 * 1024)
    assert invocation.fault is not None
    assert invocation.fault.message.endswith("signal: killed")
    assert answer(patient)["calls"] == 1


def test_a_timeout_kills_child_processes_too(tmp_path):
    source = """
import subprocess, sys, time
def handler(event, context):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    print("child", child.pid, flush=True)
    time.sleep(600)
"""
    with LocalRuntime(write_function(tmp_path, source, timeout_s=0.5)) as runtime:
        log = call(runtime).log_tail
    assert gone(int(log.split("child ")[1].split()[0]))


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({"do": "exit", "code": 3}, "Runtime exited with error: exit status 3"),
        ({"do": "_exit", "code": 4}, "Runtime exited with error: exit status 4"),
        ({"do": "_exit", "code": 0}, "Runtime exited without providing a reason"),
        ({"do": "abort"}, "Runtime exited with error: signal: aborted"),
    ],
)
def test_a_process_that_goes_away_is_reported_and_replaced(runtime, event, reason):
    invocation = call(runtime, **event)
    text = f"RequestId: {invocation.request_id} Error: {reason}"
    assert invocation.fault == limits.Fault("Runtime.ExitError", text)
    assert json.loads(invocation.payload) == {"errorType": "Runtime.ExitError", "errorMessage": text}
    assert answer(runtime)["calls"] == 1


def test_nan_is_handed_on_as_the_invalid_json_that_it_is(runtime):
    invocation = call(runtime, do="nan")
    assert (invocation.fault, invocation.payload) == (None, b'{"reward": NaN}')
    assert answer(runtime)["event"] == {}


def test_a_lone_surrogate_kills_the_client_from_python_3_12_on(spec):
    with LocalRuntime(replace(spec, runtime="python3.12")) as runtime:
        invocation = call(runtime, do="surrogate")
        assert invocation.fault is not None
        assert invocation.fault.error_type == "Runtime.ExitError"
        assert "UnicodeEncodeError" in invocation.log_tail
        assert answer(runtime)["calls"] == 1


def test_a_lone_surrogate_is_escaped_up_to_python_3_11(spec):
    with LocalRuntime(replace(spec, runtime="python3.11")) as runtime:
        assert call(runtime, do="surrogate").payload == b'{"text": "\\ud800"}'


def test_an_answer_that_is_no_json_at_all_is_a_marshalling_error(runtime):
    invocation = call(runtime, do="set")
    assert invocation.fault is not None
    assert invocation.fault.error_type == "Runtime.MarshalError"
    assert answer(runtime)["event"] == {}


def test_an_answer_over_the_limit_is_refused(runtime):
    invocation = call(runtime, do="large", size=7 * 1024 * 1024)
    assert invocation.fault == limits.response_too_large()
    assert answer(runtime)["event"] == {}


def test_an_answer_of_just_the_limit_passes(runtime):
    size = limits.RESPONSE_BYTES - 2
    assert len(call(runtime, do="large", size=size).payload) == limits.RESPONSE_BYTES
    assert call(runtime, do="large", size=size + 1).fault == limits.response_too_large()


def test_an_event_over_the_limit_is_refused_before_it_runs(runtime):
    before = answer(runtime)["calls"]
    event = json.dumps({"x": "x" * limits.REQUEST_BYTES}).encode()
    with pytest.raises(InvokeRefused, match="byte payload is too large for the RequestResponse") as refused:
        runtime.invoke(event)
    assert refused.value.status == 413
    assert answer(runtime)["calls"] == before + 1


def test_an_event_of_just_the_limit_passes(spec):
    with LocalRuntime(replace(spec, timeout_s=10, memory_mb=512)) as runtime:
        event = json.dumps({"do": "set", "x": "x" * (limits.REQUEST_BYTES - 22)}).encode()
        assert len(event) == limits.REQUEST_BYTES
        fault = runtime.invoke(event).fault
        assert fault is not None
        assert fault.error_type == "Runtime.MarshalError"


@pytest.mark.parametrize("daemon", [True, False])
def test_a_thread_left_behind_does_not_hold_the_answer_back(spec, daemon):
    # The function's thread sleeps for ten minutes.
    with LocalRuntime(spec) as runtime:
        first = answer(runtime, do="thread", daemon=daemon)
        assert answer(runtime)["pid"] == first["pid"]
    assert gone(first["pid"])


def test_a_flood_of_output_neither_blocks_nor_is_kept_whole(tmp_path, spec):
    log_file = tmp_path / "function.log"
    with LocalRuntime(replace(spec, timeout_s=20), log_file=log_file) as runtime:
        invocation = call(runtime, do="flood", lines=2000)
        assert invocation.fault is None
        assert answer(runtime)["calls"] == 2
    assert len(invocation.log_tail.encode()) <= limits.LOG_TAIL_BYTES
    assert "the last line" in invocation.log_tail
    assert f"REPORT RequestId: {invocation.request_id}" in invocation.log_tail
    assert log_file.stat().st_size > 2_000_000


def test_calls_at_once_get_environments_of_their_own(spec):
    with Meeting() as meeting, LocalRuntime(replace(spec, timeout_s=60), concurrency=2) as runtime:
        event = {"do": "meet", "port": meeting.port}
        threads = [threading.Thread(target=call, args=(runtime,), kwargs=event) for _ in range(2)]
        for thread in threads:
            thread.start()
        meeting.wait_for(2)
        meeting.release()
        for thread in threads:
            thread.join()
        pids = [answer(runtime)["pid"] for _ in range(2)]
    assert pids[0] == pids[1]  # the most recently used environment comes first


def test_a_full_runtime_refuses_when_it_does_not_wait(spec):
    with Meeting() as meeting, LocalRuntime(replace(spec, timeout_s=60), wait=False) as runtime:
        event = {"do": "meet", "port": meeting.port}
        busy = threading.Thread(target=call, args=(runtime,), kwargs=event)
        busy.start()
        meeting.wait_for(1)
        with pytest.raises(InvokeRefused, match="Rate Exceeded") as refused:
            call(runtime)
        meeting.release()
        busy.join()
        assert answer(runtime)["calls"] == 2
    assert refused.value.status == 429


def test_closing_ends_every_process(spec):
    with LocalRuntime(spec) as runtime:
        pid = answer(runtime)["pid"]
    assert gone(pid)


def test_a_report_line_closes_the_log_of_an_invocation(runtime):
    lines = call(runtime).log_tail.splitlines()
    assert lines[0].startswith("START RequestId: ")
    assert lines[-2].startswith("END RequestId: ")
    assert "Memory Size: 128 MB\tMax Memory Used: " in lines[-1]


def test_what_is_posted_for_another_request_is_refused(tmp_path):
    source = """
import http.client, os
def handler(event, context):
    api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    api.request("POST", "/2018-06-01/runtime/invocation/another/response", b'"forged"')
    return api.getresponse().status
"""
    with LocalRuntime(write_function(tmp_path, source)) as runtime:
        assert call(runtime).payload == b"400"


def test_the_log_result_would_fit_its_header(runtime):
    tail = call(runtime, do="raise", what="é" * 5000).log_tail.encode()
    assert len(base64.b64encode(tail[-limits.LOG_TAIL_BYTES :])) < 8192
