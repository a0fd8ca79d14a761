"""On kernels without Landlock or seccomp, the remaining protection is reported, or code is refused."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from support.lesser_kernel import lacking

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="puts a command under a filter of its own")

HERE = Path(__file__)
ROOT = HERE.parents[3]
TRIED = """
import json, sys
from graders.checks._code_child import CPython
from graders.checks._code_session import Limits
from graders.checks.code import code_function
from graders import grader
from graders.testing import make_sample

engine = CPython()
session = engine.session(Limits(5, 128))
session.run(sys.argv[1])
read = session.call("f", [sys.argv[2]], {}).how
session.call("g", [], {})
session.close()
tests = [{"args": [2], "expected": 4}, {"args": [1], "expected": 2}]
sample = make_sample("def f(n): return 2 * n", tests=tests)
ends = []
for protection in ("full", "limits"):
    check = grader(timeout_s=None)(code_function(entry="f", engine="cpython", protection=protection))
    try:
        ends.append(check.grade(sample).value)
    except Exception as error:
        ends.append(f"{type(error).__name__}: {error}")
print(json.dumps([engine.protection, read, *ends]))
"""
CODE = """
import os
def f(path): return open(path).read(1)
def g():
    if os.fork() == 0:
        while True: pass
"""


def tried(*lacks):
    done = lacking([sys.executable, "-c", TRIED, CODE, str(HERE)], {"PYTHONPATH": str(ROOT)}, *lacks)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_seccomp_alone_is_enough():
    assert tried("landlock") == [["seccomp", "limits"], "raised", 1.0, 1.0]


@pytest.mark.parametrize(
    ("lacks", "left", "read"),
    [(["seccomp"], ["landlock", "limits"], "raised"), (["landlock", "seccomp"], ["limits"], "done")],
)
def test_without_seccomp_code_is_refused_unless_its_author_is_trusted(lacks, left, read):
    protection, reading, full, limits = tried(*lacks)
    assert (protection, reading, limits) == (left, read, 1.0)
    assert full.startswith("ConfigurationError: this system has no seccomp")


@pytest.mark.slow
def test_no_attack_needs_landlock_to_be_kept_in():
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow"]
    files = [str(HERE.with_name(f"test_code_{name}.py")) for name in ("attacks", "child", "lifecycle")]
    done = lacking([*command, *files], {"PYTHONPATH": str(ROOT), "CI": "1"}, "landlock")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
