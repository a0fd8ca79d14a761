from __future__ import annotations

import os
import subprocess
import sys

import psutil
import pytest

from graders import ConfigurationError
from graders.checks._code_monty import MontyEngine
from graders.checks._code_monty_pool import end_processes
from graders.checks._code_session import Limits
from graders.checks.code import code_function

SMALL = Limits(seconds=0.5, memory_mb=32, output_bytes=20_000)


@pytest.fixture
def session():
    opened = MontyEngine().session(SMALL)
    yield opened
    opened.close()


def test_a_function_of_the_module_answers_with_a_plain_value(session):
    assert session.run("def f(x, *, more=0): return [x * 2 + more, (None, {'a': b'b'}), {1.5}]").how == "done"
    assert session.call("f", [4], {}).value == [8, (None, {"a": b"b"}), {1.5}]
    assert session.call("f", [4], {"more": 1}).value[0] == 9
    assert session.run("x = 1").how == "stopped"  # the session waits for the next call


def test_an_error_of_the_code_is_named_and_leaves_the_session_open(session):
    session.run("def f(x):\n    if x: raise KeyError(x)\n    return 0")
    ran = session.call("f", ["key"], {})
    assert (ran.how, ran.error) == ("raised", "KeyError")
    assert session.call("f", [0], {}).value == 0


@pytest.mark.parametrize(
    ("source", "how"),
    [
        ("def f(:", "raised"),
        ("raise NotImplementedError", "raised"),
        ("undefined", "raised"),
        ("try: undefined()\nexcept NameError: raise ValueError", "raised"),
        ("import heapq", "unsupported"),
        ("def f(): yield 1", "unsupported"),
        ("class A(list): pass", "unsupported"),
        ("input()", "unsupported"),
        ("import sys\nsys.exit(0)", "unsupported"),
        ("import time\ntime.sleep(0.01)", "stopped"),
        ("while True: pass", "stopped"),
        ("[0] * 10**9", "stopped"),
        ("while True: print('x' * 1000)", "stopped"),
    ],
)
def test_how_a_run_ends(session, source, how):
    assert session.run(source).how == how


@pytest.mark.parametrize(
    "value",
    [
        "iter([1])", "range(3)", "{}.items()", "print", "f", "ValueError()", "'\\ud800'",
        "'x' * 30_000", "list(range(5_000))",
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_copied_exactly_is_unsupported(session, value):
    session.run(f"def f(): return {value}")
    assert session.call("f", [], {}).how == "unsupported"


def test_a_program_reads_lines_and_prints(session):
    ran = session.program("print(input() + input(), __name__)", "a\nb\n")
    assert (ran.how, ran.output) == ("done", "ab __main__\n")
    assert session.program("print(input('?'))", "a\n").how == "unsupported"
    assert session.program("input()\ninput()", "a\n").how == "raised"


def test_nothing_of_a_session_is_left_for_the_next(session):
    session.run("import json\njson.dumps = 3\nleft = 1")
    other = MontyEngine().session(SMALL)
    assert other.run("left").how == "raised"
    assert other.run("import json\nassert json.dumps(1) == '1'").how == "done"
    other.close()


def test_random_numbers_are_the_same_in_every_session():
    values = []
    for _ in range(2):
        session = MontyEngine().session(SMALL)
        session.run("import random\ndef f(): return random.random()")
        values.append(session.call("f", [], {}).value)
        session.close()
    assert values[0] == values[1]


def test_a_worker_that_is_killed_costs_its_session_alone(session):
    end_processes()
    victim = MontyEngine().session(SMALL)
    victim.run("x = 1")
    for child in psutil.Process().children():
        if "monty" in child.name():
            child.kill()
    assert victim.run("x").how == "stopped"
    victim.close()
    other = MontyEngine().session(SMALL)
    assert other.run("x = 1").how == "done"
    other.close()


def test_without_the_package_another_engine_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pydantic_monty", None)
    with pytest.raises(ConfigurationError, match=r"rft-graders\[code\].* or use engine='cpython'"):
        code_function()
    assert callable(code_function(engine="cpython"))


FORKED = """
import os, sys
from graders import grader
from graders.checks.code import code_function
from graders.testing import make_sample
check = grader(timeout_s=None)(code_function(entry="f"))
tests = [{"args": [n], "expected": 2 * n} for n in (2, 5)]
sample = make_sample("def f(n): return 2 * n", tests=tests)
first = check.grade(sample)
child = os.fork()
if not child:
    inner = check.grade(sample)
    sys.exit(0 if (inner.value, inner.metrics["engine_fallback"]) == (1, 1) else 1)
assert os.waitpid(child, 0)[1] == 0
again = check.grade(sample)
assert [one.metrics["engine_fallback"] for one in (first, again)] == [0, 0]
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_process_grades_on_cpython_and_leaves_its_parent_s_workers_alone():
    done = subprocess.run(
        [sys.executable, "-c", FORKED], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_session_whose_worker_ran_out_of_memory_stays_stopped(session):
    session.run("def f(n): return ','.join(['a' * 10**6] * n)")
    for _ in range(2):
        assert session.call("f", [10**5], {}).how == "stopped"
