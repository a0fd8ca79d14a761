"""What a function can write, read and leave behind, with each kind of protection."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from harness.localaws import confined_start
from harness.localaws.confinement import Confinement, Protection
from harness.localaws.interpreter import Interpreter
from harness.localaws.runtime import LocalRuntime
from support.artifacts import write_function
from support.runtime_calls import answer, call
from support.waiting import until

linux = pytest.mark.skipif(sys.platform != "linux", reason="namespaces and Landlock exist only on Linux")
SYSTEM_PYTHON = Path("/usr/bin/python3")

PROBING = """
import multiprocessing, os, shutil, subprocess, sys, tempfile, threading, time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

def tried(do):
    try:
        return do()
    except OSError as error:
        return f"Errno {error.errno}"

def write(path):
    path.write_text("x")
    return "written"

def tick():
    while True:
        time.sleep(0.005)

def handler(event, context):
    do, name = event["do"], event.get("name", "x")
    if do == "write":
        return tried(lambda: write(Path(name).expanduser()))
    if do == "beside":
        return tried(lambda: write(Path(__file__).with_name(name)))
    if do == "make home":
        return tried(lambda: str(Path.home().mkdir(parents=True)))
    if do == "fill":
        return tried(lambda: Path("/tmp/fill").write_bytes(bytes(event["bytes"])))
    if do == "exists":
        return os.path.exists(name)
    if do == "temporary":
        return tried(lambda: write(Path(tempfile.mkdtemp()) / "x"))
    if do == "which":
        return [each for each in event["names"] if shutil.which(each)]
    if do == "python":
        return subprocess.run([name, "-c", "print(1)"], capture_output=True, text=True).stdout
    if do == "pool":
        return tried(lambda: list(ProcessPoolExecutor(1).map(abs, [-1])))
    if do == "queue":
        return tried(lambda: str(multiprocessing.Queue()))
    if do == "mount":
        return subprocess.run(["/bin/sh", "-c", "mount -o remount,rw / || unshare -m true"]).returncode
    if do == "status":
        return [line for line in open("/proc/self/status") if line.startswith(("CapEff", "NoNewPrivs"))]
    if do == "tick":
        threading.Thread(target=tick, daemon=True).start()
    if do == "spin":
        end = time.process_time() + event["seconds"]
        while time.process_time() < end:
            pass
    if do == "wait":
        time.sleep(event["seconds"])
    return os.getpid()
"""


@pytest.fixture
def folder():
    """A folder outside /tmp, because Landlock permits everything in /tmp."""
    path = Path(tempfile.mkdtemp(prefix="rft-test-", dir="/var/tmp"))
    yield path
    shutil.rmtree(path)


@pytest.fixture(params=[pytest.param(each, marks=linux) if each != "copy" else each for each in Protection])
def protected(request, folder):
    spec = write_function(folder / "artifact", PROBING, timeout_s=60, memory_mb=512)
    with LocalRuntime(spec, protection=Protection(request.param)) as runtime:
        before = spec.code_sha256()
        yield runtime
        assert spec.code_sha256() == before


@pytest.fixture
def confined(tmp_path):
    spec = write_function(tmp_path / "artifact", PROBING, timeout_s=60, memory_mb=512)
    with LocalRuntime(spec) as runtime:
        if runtime.protection is not Protection.NAMESPACE:
            pytest.skip("this machine has no user namespaces")
        yield runtime


def test_what_a_function_writes_beside_itself_never_passes(protected):
    expected = {Protection.NAMESPACE: "Errno 30", Protection.LANDLOCK: "Errno 13"}.get(protected.protection)
    for do in ("beside", "write"):
        invocation = call(protected, do=do, name="cache.json")
        if expected is not None:
            assert invocation.payload == f'"{expected}"'.encode()
        else:
            assert invocation.fault is not None
            assert invocation.fault.error_type == "ArtifactChanged"
            assert "changed its artifact: cache.json" in invocation.fault.message
            assert b"cache.json" in invocation.payload


def test_temporary_files_and_tmp_can_be_written_and_a_home_cannot(protected):
    assert answer(protected, do="temporary") == "written"
    assert answer(protected, do="write", name="~/x") in ("Errno 2", "Errno 13", "Errno 30")


def test_semaphores_are_not_there(protected):
    assert answer(protected, do="pool") == "Errno 38"
    assert answer(protected, do="queue") == "Errno 38"


def test_the_system_is_read_only_with_lambdas_own_error(confined):
    for name in ("/etc/x", "/opt/x", "/usr/x", "/x", "/var/task/x"):
        assert answer(confined, do="write", name=name) == "Errno 30"
    assert answer(confined, do="make home") == "Errno 30"
    assert answer(confined, do="write", name="/dev/shm/x") == "Errno 2"
    assert answer(confined, do="write", name="/dev/null") == "written"


def test_tmp_belongs_to_the_environment_and_is_bounded(tmp_path):
    spec = write_function(tmp_path / "artifact", PROBING, timeout_s=60, ephemeral_mb=512)
    for _ in range(2):
        with LocalRuntime(spec) as runtime:
            assert not answer(runtime, do="exists", name="/tmp/mark")
            assert answer(runtime, do="write", name="/tmp/mark") == "written"
            assert answer(runtime, do="exists", name="/tmp/mark")
    assert not os.path.exists("/tmp/mark")
    with LocalRuntime(replace(spec, ephemeral_mb=1)) as runtime:
        assert answer(runtime, do="fill", bytes=2**20 + 1) == "Errno 28"


def test_neither_the_machines_files_nor_its_tools_are_seen(confined, tmp_path):
    secret = tmp_path / "data.json"
    secret.write_text("{}")
    assert not answer(confined, do="exists", name=str(secret))
    names = ["git", "gcc", "node", "java", "perl", "pip", "bash", "ls", "sed", "python", "python3"]
    assert answer(confined, do="which", names=names) == ["bash", "ls", "sed", "python", "python3"]
    assert answer(confined, do="python", name="python3") == "1\n"


def test_a_function_cannot_open_what_is_closed(confined):
    assert answer(confined, do="mount") != 0
    status = "".join(answer(confined, do="status"))
    assert status.split() == ["CapEff:", "0" * 16, "NoNewPrivs:", "1"]
    assert answer(confined, do="beside") == "Errno 30"


def test_what_a_function_left_running_stands_still_between_events(protected):
    process = psutil.Process(answer(protected, do="tick"))
    for _ in range(2):
        until(lambda: process.status() == psutil.STATUS_STOPPED)
        assert answer(protected, do="pid") == process.pid


def test_a_call_is_estimated_with_the_processor_share_of_the_functions_memory(tmp_path):
    spec = write_function(tmp_path, PROBING, timeout_s=60, memory_mb=512)
    with LocalRuntime(spec) as runtime:
        computing = call(runtime, do="spin", seconds=0.2)
        waiting = call(runtime, do="wait", seconds=0.2)
    assert computing.estimate_ms is not None
    assert computing.estimate_ms > 0.9 * 200 * 1769 / 512
    assert waiting.estimate_ms is not None
    assert 200 <= waiting.estimate_ms < computing.estimate_ms


@linux
@pytest.mark.skipif(not SYSTEM_PYTHON.exists(), reason="needs an interpreter that every user may run")
def test_a_user_without_privileges_is_protected_too(folder):
    folder.chmod(0o755)
    start = Path(shutil.copy(confined_start.__file__, folder))
    interpreter = Interpreter(executable=SYSTEM_PYTHON, runtime="python3.11", version="3.11", start=start)
    confinement = Confinement(write_function(folder, ""), interpreter, protection=Protection.NAMESPACE)
    command = confinement.command("open('/tmp/x', 'w'); open('/var/task/x', 'w')")
    nobody: dict[str, Any] = {"user": 65534, "group": 65534, "extra_groups": []} if os.getuid() == 0 else {}
    said = subprocess.run(command, capture_output=True, text=True, cwd="/", **nobody).stderr
    if "could not be confined" in said:
        pytest.skip("this machine has no user namespaces")
    assert said.endswith("OSError: [Errno 30] Read-only file system: '/var/task/x'\n")
