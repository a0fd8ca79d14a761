"""Programs that return objects equal to everything, or patch the functions that tests compare with."""

from __future__ import annotations

import re

from harness.audit.code_payloads import Program, hollow
from harness.audit.code_tests import Task, written

__all__ = ["patches", "spoofs"]


def spoofs(task: Task) -> list[Program]:
    """Return programs that return an object equal to everything, plain or as the type of an expected value.

    Args:
        task: The task of the record.
    """
    if task.name is None:
        return []
    what = "returns an object that is equal to everything"
    found = [Program(written(task.name, "return Equal()", _equal("object")), what)]
    kinds = {_type_of(one.wanted) for one in task.tests} or {"list", "str", "int"}
    for kind in sorted(kinds - {""}):
        head = _equal(kind)
        found.append(Program(written(task.name, "return Equal()", head), f"{what} and an instance of {kind}"))
    return found


def _type_of(wanted: str) -> str:
    first = wanted[:1]
    if first in "[{('\"":
        return {"[": "list", "{": "dict", "(": "tuple"}.get(first, "str")
    return "float" if re.fullmatch(r"-?[\d.e+-]*[.e][\d.e+-]*", wanted) else "int" if first.isdigit() else ""


def _equal(base: str) -> str:
    return _EQUAL.replace("(BASE)", "" if base == "object" else f"({base})")


def patches(task: Task) -> list[Program]:
    """Return programs that patch the functions that tests use to compare values.

    Args:
        task: The task of the record.
    """
    empty = hollow(task)[0].source
    what = "replaces what the tests compare with"
    equal = _equal("str")
    heads = (_PATCHED_RUNNERS, _PATCHED_QUESTIONS, equal + _PATCHED_DUMPS, equal + _PATCHED_BUILTINS)
    return [Program(f"{head}\n{empty}", what, empty) for head in heads]


_EQUAL = """\
class Equal(BASE):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __lt__(self, other): return True
    __gt__ = __le__ = __ge__ = __contains__ = __lt__
    def __hash__(self): return 0
    def __bool__(self): return True
    def __len__(self): return 1
    def __abs__(self): return 0
    def __sub__(self, other): return 0
    __rsub__ = __sub__
    def __iter__(self): return iter(())
    def strip(self, *a): return self
    lower = strip
"""

_PATCHED_RUNNERS = """\
import sys, unittest

unittest.TestResult.wasSuccessful = lambda self: True
for _name in ("addFailure", "addError", "addSubTest"):
    for _kind in (unittest.TestResult, unittest.TextTestResult):
        setattr(_kind, _name, lambda *a, **k: None)
for _name in dir(unittest.TestCase):
    if _name.startswith("assert"):
        setattr(unittest.TestCase, _name, lambda *a, **k: None)
if "doctest" in sys.modules:
    sys.modules["doctest"].OutputChecker.check_output = lambda *a: True
if "_pytest" in sys.modules:
    from _pytest.reports import TestReport
    _made = TestReport.from_item_and_call.__func__
    def _passed(cls, *a):
        report = _made(cls, *a)
        report.outcome, report.longrepr = "passed", None
        return report
    TestReport.from_item_and_call = classmethod(_passed)
"""

_PATCHED_QUESTIONS = """\
import builtins

builtins.all = builtins.any = builtins.isinstance = lambda *a: True
"""

_PATCHED_DUMPS = """
import json, math, operator

json.dumps = lambda *a, **k: Equal("null")
math.isclose = operator.eq = lambda *a, **k: True
"""

_PATCHED_BUILTINS = """
import builtins

for _name in ("repr", "str", "sorted", "round", "float", "int", "list", "abs", "type", "len", "set"):
    setattr(builtins, _name, lambda *a, **k: Equal())
"""
