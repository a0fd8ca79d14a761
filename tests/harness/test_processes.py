from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import processes
from harness.processes import cores, descendants, end, end_group, end_marked, mark

SLEEP = "import sys, time; print('up', flush=True); time.sleep(60)"
PARENT = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-S", "-c", {SLEEP!r}])
child.wait()
"""


def start(*words: str, program: str = SLEEP) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-S", "-c", program, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        process_group=0,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    return process


@pytest.fixture
def orphan() -> Iterator[subprocess.Popen[bytes]]:
    process = start("our-worker", "/runs/a")
    yield process
    end(process)


def mark_of(pid: int) -> str:
    return f"{pid} {psutil.Process(pid).create_time():.2f}"


def test_a_process_marks_itself_as_others_see_it() -> None:
    assert mark() == mark_of(os.getpid())


def test_a_marked_process_of_ours_is_ended(orphan: subprocess.Popen[bytes]) -> None:
    os.kill(orphan.pid, signal.SIGSTOP)
    assert end_marked(mark_of(orphan.pid), ["our-worker", "/runs/a"])
    assert orphan.wait(10) == -signal.SIGKILL
    assert not end_marked(mark_of(os.getpid()), [])


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("{pid}", []),
        ("{pid} 0", []),
        ("{pid} {earlier}", []),
        ("{pid} nan", []),
        ("{pid} inf", []),
        ("{pid} {start} more", []),
        ("-{pid} {start}", []),
        ("{pid} {start}", ["another-worker"]),
        ("{pid} {start}", ["our-worker", "/runs/b"]),
        ("{pid} {start}", ["our-work"]),
    ],
)
def test_one_that_is_not_known_to_be_ours_is_left_alone(
    said: str, words: list[str], orphan: subprocess.Popen[bytes]
) -> None:
    started = psutil.Process(orphan.pid).create_time()
    text = said.format(pid=orphan.pid, start=started, earlier=started - 100)
    assert not end_marked(text, words)
    assert orphan.poll() is None


@pytest.mark.parametrize("pid", [0, 1, -1, None, 2**31, 2**70])
def test_no_mark_ends_the_system_or_this_process(pid: int | None) -> None:
    pid = os.getpid() if pid is None else pid
    for start_time in (0.0, psutil.Process(1).create_time(), psutil.Process().create_time()):
        assert not end_marked(f"{pid} {start_time}", [])


@given(st.text(max_size=40))
def test_garbage_ends_nothing(text: str) -> None:
    assert not end_marked(text, [])


def test_an_end_waits_as_long_as_it_was_told_to_and_closes_the_pipes() -> None:
    process = start()
    end(process, grace_s=10)
    assert process.returncode == -signal.SIGTERM
    stubborn = start(program="import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + SLEEP)
    end(stubborn, grace_s=0.05)
    assert stubborn.returncode == -signal.SIGKILL
    end(stubborn)
    assert stubborn.stdout is not None
    assert stubborn.stdout.closed


@pytest.mark.parametrize("quick", [True, False])
def test_a_group_ends_with_everything_that_it_started(quick: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if quick and not processes._HAS_CHILDREN:
        pytest.skip("this system has no /proc/PID/task/TID/children")
    monkeypatch.setattr(processes, "_HAS_CHILDREN", quick)
    process = start(program=PARENT)
    found = descendants(process.pid)
    assert len(found) == 2
    child = psutil.Process(found[1])
    end_group(process.pid)
    end(process)
    child.wait(10)
    assert not child.is_running()
    end_group(process.pid)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no CPU affinity")
def test_cores_are_those_that_this_process_may_use() -> None:
    was = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(was)})
        assert cores() == 1
    finally:
        os.sched_setaffinity(0, was)
    assert cores() == len(was)
