"""Processes that run code end with their session and with the grader, however the grader ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import psutil
import pytest

from graders.checks import _code_fork_server
from graders.checks._code_child import CPython
from graders.checks._code_fork_server import fork_server
from graders.checks._code_session import Limits, SessionLost
from graders.errors import ConfigurationError
from support.waiting import until

ROOT = Path(__file__).parents[3]
SMALL = Limits(seconds=20, memory_mb=128)
LOOP = "def f():\n    while True: pass\ndef g(): return 1"
PREPARED = f"""
import os, signal, sys
sys.path.insert(0, {str(ROOT)!r})
from graders.checks._code_child import CPython
from graders.checks._code_session import Limits, SessionLost
session = CPython().session(Limits(20, 128))
session.run({LOOP!r})
"""


@pytest.fixture(scope="module")
def engine():
    yield CPython()
    _code_fork_server.end_processes()


def sessions():
    return psutil.Process(fork_server()._process.pid).children()


def descriptors(process):
    return len(os.listdir(f"/proc/{process}/fd"))


def test_nothing_of_a_session_is_left_once_it_is_closed(engine):
    opened = engine.session(SMALL)
    assert [child.pid for child in sessions()] == [opened._process]
    before = descriptors(os.getpid())
    for _ in range(20):
        another = engine.session(SMALL)
        another.run("x = bytearray(10**7)")
        another.close()
    assert descriptors(os.getpid()) == before
    assert descriptors(fork_server()._process.pid) == 4
    assert [child.pid for child in sessions()] == [opened._process]
    opened.close()
    assert sessions() == []


def test_closing_a_session_ends_a_call_that_another_thread_waits_for(engine):
    opened = engine.session(SMALL)
    opened.run(LOOP)
    ended = []
    waiting = threading.Thread(target=lambda: ended.append(opened.call("f", [], {})))
    waiting.start()
    until(lambda: sessions()[0].cpu_times().user > 0.05)
    opened.close()
    waiting.join()
    assert (ended[0].how, ended[0].message) == ("stopped", "its process was ended by SIGKILL")
    assert sessions() == []


class Rung(BaseException):
    pass


def test_an_interrupted_call_ends_its_session_and_no_other(engine):
    other = engine.session(SMALL)
    other.run(LOOP)
    opened = engine.session(SMALL)
    opened.run(LOOP)

    def ring(*_):
        raise Rung

    before = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(Rung):
            opened.call("f", [], {})
    finally:
        signal.signal(signal.SIGALRM, before)
    assert opened.call("g", [], {}).how == "stopped"
    assert [child.pid for child in sessions()] == [other._process]
    assert other.call("g", [], {}).value == 1
    other.close()


def test_a_server_that_was_killed_fails_its_sessions_and_is_replaced(engine):
    opened = engine.session(SMALL)
    child = psutil.Process(opened._process)
    fork_server()._process.kill()
    psutil.wait_procs([child], timeout=20)
    with pytest.raises(SessionLost, match="the process that runs code has ended"):
        opened.run("1")
    opened.close()
    another = engine.session(SMALL)
    assert another.run("1").how == "done"
    another.close()


def test_the_next_session_starts_with_a_clean_library(engine):
    for _ in range(2):
        opened = engine.session(SMALL)
        ran = opened.run(
            "import json, os\nassert not hasattr(json, 'left')\njson.left = os.environ['left'] = '1'"
        )
        assert ran.how == "done"
        opened.close()


RANDOM = """
import random
def draw(): return random.random()
def order(): return list({"a", "b", "c", "d"})
"""


def test_chance_and_the_order_of_sets_are_the_same_in_every_session(engine):
    drawn, orders = set(), set()
    for _ in range(3):
        opened = engine.session(SMALL)
        opened.run(RANDOM)
        drawn.add(opened.call("draw", [], {}).value)
        orders.add(str(opened.call("order", [], {}).value))
        opened.close()
    assert (len(drawn), len(orders)) == (1, 1)


HELD = """
import os
def known(): return sorted(os.environ)
def files():
    found = {}
    for number in range(64):
        try: about = os.fstat(number)
        except OSError: continue
        found[number] = about.st_dev, about.st_ino
    return found
"""


def test_a_session_holds_input_output_and_its_connection_and_no_environment_of_the_graders(engine):
    opened = engine.session(SMALL)
    opened.run(HELD)
    assert [*opened.call("files", [], {}).value] == [0, 1, 2, 3]
    assert opened.call("known", [], {}).value == []
    opened.close()


def test_no_two_sessions_see_one_file(engine):
    opened = [engine.session(SMALL) for _ in range(3)]
    for one in opened:
        one.run(HELD)
    seen = [file for one in opened for file in one.call("files", [], {}).value.values()]
    assert len(seen) == len(set(seen)) == 12
    for one in opened:
        one.close()


def test_a_server_needs_no_folder_for_temporary_files_where_memory_has_files(engine, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    _code_fork_server.memory_file().close()
    monkeypatch.delattr(os, "memfd_create", raising=False)
    with pytest.raises(ConfigurationError, match="Set the environment variable TMPDIR to a writable"):
        _code_fork_server.memory_file()


def run(program, **options):
    return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, **options)


def test_when_the_grader_is_killed_every_process_ends():
    program = f"{PREPARED}\nfrom graders.checks._code_fork_server import fork_server\n"
    program += "print(fork_server()._process.pid, session._process, flush=True)\nsession.call('f', [], {})"
    with run(program) as grader:
        processes = [psutil.Process(int(one)) for one in grader.stdout.readline().split()]
        grader.kill()
        gone, alive = psutil.wait_procs(processes, timeout=30)
    assert (len(gone), alive) == (2, [])


@pytest.mark.parametrize("end", ["", "session.close()", "raise SystemExit(0)"])
def test_when_the_grader_ends_every_process_ends(end):
    program = f"{PREPARED}\nfrom graders.checks._code_fork_server import fork_server\n"
    program += f"print(fork_server()._process.pid, session._process, flush=True)\n{end}"
    with run(program) as grader:
        processes = [int(one) for one in grader.stdout.readline().split()]
    assert grader.returncode == 0
    until(lambda: not any(map(psutil.pid_exists, processes)))


def test_a_fork_of_the_grader_runs_code_of_its_own_and_leaves_the_parents_sessions_alone():
    program = (
        f"{PREPARED}\n"
        "child = os.fork()\n"
        "own = CPython().session(Limits(20, 128)) if child == 0 else session\n"
        "own.run('def h(): return 5')\n"
        "print(own.call('h', [], {}).value, flush=True)\n"
        "own.close()\n"
        "sys.exit(os.waitpid(child, 0)[1] if child else 0)"
    )
    with run(program) as grader:
        assert grader.stdout.read().split() == ["5", "5"]
    assert grader.returncode == 0


@pytest.mark.slow
def test_two_thousand_sessions_leave_nothing_behind(engine, tmp_path):
    def one():
        opened = engine.session(SMALL)
        opened.run("def f(x): print('x' * 1000); return [x] * 100")
        assert opened.call("f", [1], {}).how == "done"
        opened.close()

    for _ in range(100):
        one()
    processes = [psutil.Process(), psutil.Process(fork_server()._process.pid)]
    before = [(process.memory_info().rss, descriptors(process.pid)) for process in processes]
    for _ in range(2000):
        one()
    after = [(process.memory_info().rss, descriptors(process.pid)) for process in processes]
    assert [files for _, files in after] == [files for _, files in before]
    assert all(now - then < 2 * 2**20 for (now, _), (then, _) in zip(after, before, strict=True))
    assert sessions() == []
