"""Sessions of the CPython engine in a child process."""

from __future__ import annotations

import builtins
import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graders.checks import _code_fork_server
from graders.checks._code_child import CPython
from graders.checks._code_clock import SessionStarved
from graders.checks._code_session import Limits
from graders.checks._code_values import NotPlain
from support.waiting import until

SMALL = Limits(seconds=10, memory_mb=128, output_bytes=20_000)


@pytest.fixture(scope="module")
def engine():
    yield CPython()
    _code_fork_server.end_processes()


@pytest.fixture
def session(engine):
    opened = engine.session(SMALL)
    yield opened
    opened.close()


def ended(ran):
    return ran.how, ran.value, ran.message


def test_a_function_of_the_module_answers_with_a_plain_value(session):
    assert session.run("def double(x, *, more=0): return x * 2 + more").how == "done"
    assert ended(session.call("double", [4], {})) == ("done", 8, "")
    assert ended(session.call("double", ["ab"], {"more": "c"})) == ("done", "ababc", "")


def test_state_lasts_for_the_session_and_no_longer(engine, session):
    session.run("kept = []\ndef count(): kept.append(1); return len(kept)")
    assert [session.call("count", [], {}).value for _ in range(3)] == [1, 2, 3]
    other = engine.session(SMALL)
    assert other.run("kept").message == "NameError: name 'kept' is not defined (line 1)"
    other.close()


def test_an_error_of_the_code_is_raised_with_its_line_and_leaves_the_session_open(session):
    session.run(
        "def fails(x):\n    raise KeyError(x)\nclass Own(ValueError): pass\ndef own(): raise Own('no')"
    )
    ran = session.call("fails", ["key"], {})
    assert (ended(ran), ran.error) == (("raised", None, "KeyError: 'key' (line 2)"), "KeyError")
    assert session.call("own", [], {}).error == "ValueError"
    assert session.call("missing", [], {}).message == "NameError: name 'missing' is not defined"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def f(:", "SyntaxError: invalid syntax (line 1)"),
        ("import numpy", "ModuleNotFoundError: No module named 'numpy' (line 1)"),
        ("x = 1\0", "SyntaxError: source code string cannot contain null bytes"),
        ("[0] * 10**10", "MemoryError (line 1)"),
        ("def f(): f()\nf()", "RecursionError: maximum recursion depth exceeded (line 1)"),
    ],
)
def test_code_that_cannot_run_has_raised(session, source, message):
    ran = session.run(source)
    assert ran.how == "raised"
    assert ran.message.startswith(message)


def test_output_belongs_to_the_call_that_printed_it(session):
    assert session.run("print('one')\ndef f(): print('two'); return 3").output == "one\n"
    assert session.call("f", [], {}).output == "two\n"
    assert session.call("f", [], {}).output == "two\n"


DEEP = """
import sys, threading
sys.setrecursionlimit(10**6)
threading.stack_size(2**26)
def depth(n): return 0 if n == 0 else 1 + depth(n - 1)
def main(): print(depth(50_000))
thread = threading.Thread(target=main)
thread.start()
thread.join()
"""


@pytest.mark.parametrize(
    ("source", "printed"),
    [
        ("a, b = map(int, input().split())\nprint(a + b)", "3\n"),
        ("import sys\nprint(sum(map(int, sys.stdin.read().split())))", "3\n"),
        ("import sys\nprint(sum(int(x) for line in sys.stdin for x in line.split()))", "3\n"),
        ("print(sum(map(int, open(0).read().split())))", "3\n"),
        ("import os\nos.write(1, b'3\\n')", "3\n"),
        ("import sys\nsys.stdout.write('3\\n')\nsys.exit()", "3\n"),
        ("print(3)\nexit(0)", "3\n"),
        ("import os\nprint(3, flush=True)\nos._exit(0)", "3\n"),
        ("def main(): print(3)\nif __name__ == '__main__':\n    main()", "3\n"),
        ("import atexit\natexit.register(print, 3)", "3\n"),
        ("print('\\xe9\\u4e2d')", "\xe9\u4e2d\n"),
        (DEEP, "50000\n"),
        ("from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\nprint(P(3))", "P(x=3)\n"),
    ],
)
def test_a_program_reads_its_input_and_prints(session, source, printed):
    ran = session.program(source, "1 2\n")
    assert (ran.how, ran.output) == ("done", printed)


FAST_INPUT = """
import os, sys
class FastIO:
    def __init__(self, file): self.fd, self.may_write = file.fileno(), "r" not in file.mode
    def read(self): return os.read(self.fd, max(os.fstat(self.fd).st_size, 8192))
assert FastIO(sys.stderr).may_write
print(sum(map(int, FastIO(sys.stdin).read().split())))
"""


@pytest.mark.parametrize(
    "source",
    [
        FAST_INPUT,
        "import mmap\nprint(sum(map(int, mmap.mmap(0, 0, prot=mmap.PROT_READ).readline().split())))",
        "import os\nassert os.fstat(0).st_size == 4 and os.fstat(0).st_mtime > 1e9\nprint(3)",
        "print(sum(map(int, open('/dev/stdin').read().split())))",
        "from pathlib import Path\nprint(sum(map(int, Path('/proc/self/fd/0').read_text().split())))",
        "open('/dev/stdout', 'w').write('3\\n')",
        "import os\nassert not open(os.devnull).read()\nopen(os.devnull, 'w').write('5')\nprint(3)",
        "import resource as r\nr.setrlimit(r.RLIMIT_STACK, (2**30, 2**30))\nprint(3)",
        "import select, sys\nselect.select([sys.stdin], [], [], 1)\nprint(3)",
        "import signal\nsignal.signal(signal.SIGPIPE, signal.SIG_DFL)\nprint(3)",
        "import locale, platform\nlocale.setlocale(locale.LC_ALL, '')\nplatform.system()\nprint(3)",
        "import faulthandler, uuid\nfaulthandler.enable()\nuuid.uuid4()\nprint(3)",
        "import os, time\nos.cpu_count(), os.getpid(), os.times(), time.localtime()\nprint(3)",
        "import asyncio\nprint(asyncio.run(asyncio.sleep(0, 3)))",
        "import asyncio\nprint(asyncio.run(asyncio.to_thread(len, 'abc')))",
        "from concurrent.futures import *\nwith ThreadPoolExecutor(2) as p: print(sum(p.map(int, '12')))",
        "import threading as t\nt.Timer(60, print).start()\nprint(3)",
        "import threading as t\nw = t.Timer(0.01, print, [3])\nw.start()\nw.join()",
        "import os\na, b = os.pipe()\nos.write(b, b'3')\nprint(int(os.read(a, 9)))\nos.closerange(a, b + 1)",
        "import sys\nfor at in range(300): print('x' * 999, file=sys.stderr, flush=True)\nprint(3)",
        "import sys\nsys.stderr.buffer.write(b'x' * 99_999)\nprint(3)\nraise SystemExit(sys.stderr.flush())",
    ],
)
def test_what_programs_ask_of_their_system_works(session, source):
    ran = session.program(source, "1 2\n")
    assert (ran.how, ran.output, ran.message) == ("done", "3\n", "")


@pytest.mark.parametrize("end", ["raise SystemExit(3)", "exit('no')", "1 / 0", "import os; os._exit(1)"])
def test_a_program_that_fails_is_not_done_whatever_it_printed(session, end):
    ran = session.program(f"print(3, flush=True)\n{end}", "")
    assert ran.how in {"raised", "stopped"}
    assert ran.output == "3\n"


def test_code_calls_what_it_is_given_and_sees_its_errors(engine, session):
    asked = engine.session(SMALL)
    asked.run("def f(x):\n    if x < 0: raise ValueError('below zero')\n    return x + 1")

    def candidate(*args, **kwargs):
        ran = asked.call("f", args, kwargs)
        if ran.how != "done":
            raise getattr(builtins, ran.error)(ran.message)
        return ran.value

    text = """
assert candidate(1) == 2 and candidate(x=5) == 6
try:
    candidate(-1)
except ValueError as error:
    assert "below zero" in str(error)
else:
    raise SystemError
"""
    assert ended(session.run(text, {"candidate": candidate})) == ("done", None, "")
    assert (
        session.run("assert candidate(1) == 3", {"candidate": candidate}).message == "AssertionError (line 1)"
    )
    asked.close()


@pytest.mark.parametrize(
    ("raised", "seen"),
    [
        (UnicodeDecodeError("utf-8", b"", 0, 1, "x"), "UnicodeDecodeError"),
        (ExceptionGroup("x", [ValueError()]), "Exception"),
        (StopIteration(), "RuntimeError"),
        (OSError("x"), "OSError"),
    ],
)
def test_an_error_of_a_host_function_reaches_the_code(session, raised, seen):
    def fails():
        raise raised

    ran = session.run(
        "try:\n    fails()\nexcept Exception as error: print(type(error).__name__)", {"fails": fails}
    )
    assert ran.output.strip() == seen


def test_an_answer_that_is_not_plain_is_refused_and_the_session_goes_on(session):
    session.run(
        "class Equal:\n    def __eq__(self, other): return True\ndef f(): return Equal()\ndef g(): return 1"
    )
    assert ended(session.call("f", [], {})) == ("refused", None, "it contains a value of type Equal")
    assert session.call("g", [], {}).value == 1


def test_an_answer_of_more_than_the_limit_is_refused(session):
    session.run("def f(n): return 'x' * n")
    assert session.call("f", [19_000], {}).how == "done"
    assert ended(session.call("f", [21_000], {})) == ("refused", None, "it takes more than 20000 bytes")


def test_a_value_that_unfolds_into_a_huge_one_is_refused(session):
    session.run("def f():\n    value = []\n    for n in range(60): value = [value, value]\n    return value")
    assert ended(session.call("f", [], {})) == ("refused", None, "it takes more than 20000 bytes")


def test_a_session_without_memory_to_spare_runs_what_is_small(engine):
    opened = engine.session(Limits(seconds=10, memory_mb=1))
    opened.run("def f(n): return sum([one for one in range(n)])")
    assert opened.call("f", [10**6], {}).message == "MemoryError (line 1)"
    assert opened.call("f", [10], {}).value == 45
    opened.close()


def test_arguments_that_are_not_plain_are_the_callers_error(session):
    session.run("def f(x): return x")
    with pytest.raises(NotPlain):
        session.call("f", [object()], {})
    assert session.call("f", [1], {}).value == 1


ROUND = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)


@settings(max_examples=40)
@given(value=ROUND)
def test_plain_values_go_there_and_back(echo, value):
    assert repr(echo.call("f", [value], {}).value) == repr(value)


@pytest.fixture(scope="module")
def echo(engine):
    opened = engine.session(Limits(seconds=60, memory_mb=128))
    opened.run("def f(x): return x")
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("raise SystemExit", "it called exit"),
        ("import sys\nsys.exit(0)", "it called exit"),
        ("import os\nos._exit(0)", "its process ended itself"),
        ("import ctypes\nctypes.string_at(1)", "its process was ended by SIGSEGV"),
        ("while True: print('x' * 1000)", "it printed more than 20000 bytes"),
    ],
)
def test_a_session_that_the_code_ends_has_stopped_and_stays_so(session, source, message):
    session.run("def f(): return 1")
    assert ended(session.run(source)) == ("stopped", None, message)
    assert ended(session.call("f", [], {})) == ("stopped", None, message)


@pytest.mark.parametrize("source", ["while True: pass", "import time\nwhile True: time.sleep(10)"])
def test_code_that_takes_longer_than_its_limit_is_stopped(engine, source):
    opened = engine.session(Limits(seconds=0.2, memory_mb=128))
    assert ended(opened.run(source)) == ("stopped", None, "it took more than 0.2 seconds")
    opened.close()


def test_the_time_of_a_session_is_one_sum_and_leaves_out_what_the_grader_does(engine):
    opened = engine.session(Limits(seconds=0.5, memory_mb=128))
    opened.run("import time\ndef f(): time.sleep(0.2); return 1")
    assert [opened.call("f", [], {}).how for _ in range(3)] == ["done", "done", "stopped"]
    assert opened.used > 0.3
    opened.close()


SPIN = """
import time
def spin(seconds):
    until = time.process_time() + seconds
    while time.process_time() < until: pass
    return "done"
"""


def test_time_in_which_code_waits_for_a_busy_machine_does_not_count(engine):
    """Several sessions share one processor, and each needs more than half of its time limit."""
    keeping = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(keeping)})  # inherited by the process that forks the sessions
    try:
        _code_fork_server.end_processes()
        patient = [engine.session(Limits(0.3, 128, longest=30)) for _ in range(3)]
        for session in patient:
            session.run(SPIN)
        with ThreadPoolExecutor(3) as threads:
            answers = list(threads.map(lambda one: one.call("spin", [0.2], {}).value, patient))
        assert answers == ["done"] * 3
        assert all(session.used < 0.3 for session in patient)
    finally:
        os.sched_setaffinity(0, keeping)
        for session in patient:
            session.close()
        _code_fork_server.end_processes()


def test_a_machine_that_is_too_busy_fails_the_sample_and_is_no_verdict(engine):
    keeping = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(keeping)})
    try:
        _code_fork_server.end_processes()
        busy = [engine.session(Limits(20, 128)) for _ in range(3)]
        hasty = engine.session(Limits(0.3, 128, longest=0.32))
        for session in (*busy, hasty):
            session.run(SPIN)
        with ThreadPoolExecutor(3) as threads:
            spinning = [threads.submit(session.call, "spin", [0.25], {}) for session in busy]
            until(lambda: all(session.used > 0.02 for session in busy))
            with pytest.raises(SessionStarved, match="too busy to give the code its 0.3 seconds"):
                hasty.call("spin", [5], {})
        assert [one.result().how for one in spinning] == ["done"] * 3
    finally:
        os.sched_setaffinity(0, keeping)
        for session in (*busy, hasty):
            session.close()
        _code_fork_server.end_processes()


def test_a_closed_session_says_so(engine):
    opened = engine.session(SMALL)
    opened.close()
    opened.close()
    assert ended(opened.run("1")) == ("stopped", None, "the session is closed")


def test_the_engine_says_what_protects_it(engine):
    assert engine.name == "cpython"
    assert {"seccomp", "limits"} <= set(engine.protection)
