"""Exceptions from the child process become exceptions that a test may expect, and never `StopIteration`."""

from __future__ import annotations

import builtins

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders import Failure, grader
from graders.checks._code_errors import error_arguments, error_name, error_of
from graders.checks.code import code_asserts
from graders.testing import make_sample

BUILT_IN = [
    one
    for one in vars(builtins).values()
    if isinstance(one, type) and issubclass(one, BaseException) and not issubclass(one, BaseExceptionGroup)
]
ARGUMENTS = st.lists(st.none() | st.integers() | st.text(max_size=20), max_size=3)


class Own(ValueError):
    def __init__(self, limit):
        self.limit = limit

    def __str__(self):
        return f"at most\n {self.limit}"


class Mute(KeyError):
    def __str__(self):
        raise SystemExit


def crossed(error):
    return error_of(error_name(error), error_arguments(error))


@given(kind=st.sampled_from([ValueError, TypeError, RuntimeError, ZeroDivisionError]), arguments=ARGUMENTS)
def test_class_arguments_and_text_of_an_error_cross(kind, arguments):
    read = crossed(kind(*arguments))
    assert (type(read), read.args, str(read)) == (kind, tuple(arguments), str(kind(*arguments)))


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (KeyError("k"), KeyError, "'k'"),
        (Own(3), ValueError, "at most\n 3"),
        (Mute(), KeyError, ""),
        (ValueError(object), ValueError, "<class 'object'>"),
        (ValueError("x" * 20_000), ValueError, "x" * 300),
        (OSError(2, "no", "file"), FileNotFoundError, "[Errno 2] no: 'file'"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), UnicodeDecodeError, None),
        (SyntaxError("bad", ("f", 1, 2, "x", 1, 3)), SyntaxError, None),
        (type("Wide", (Exception,), {})("w"), Exception, "w"),
    ],
)
def test_an_error_that_cannot_be_copied_keeps_its_nearest_class_and_message(error, kind, text):
    read = crossed(error)
    assert (type(read), str(read)) == (kind, str(error) if text is None else text)


@pytest.mark.parametrize("kind", BUILT_IN, ids=lambda kind: kind.__name__)
def test_no_error_becomes_one_that_python_uses_for_control_flow(kind):
    for raised in (kind.__new__(kind), kind.__new__(type("Own", (kind,), {}))):
        read = crossed(raised)
        assert isinstance(read, Exception)
        assert not isinstance(read, (StopIteration, StopAsyncIteration))
        assert isinstance(read, kind) or type(read) is RuntimeError


NAMES = st.sampled_from(["print", "StopIteration", "SystemExit", "OSError", "SyntaxError"]) | st.text()


@given(name=st.none() | NAMES, arguments=ARGUMENTS | st.integers())
def test_whatever_the_code_writes_makes_an_exception(name, arguments):
    assert isinstance(error_of(name, arguments), Exception)


ENDS = """
numbers = [1, 2, 3]
for got, wanted in zip(map(f, numbers), [2, 4, 6]):
    assert got == wanted
assert all(map(f, numbers)) and sum(map(f, [9])) == 0 or f(1) == 2
"""
READS = """
try:
    f(-1)
except ValueError as error:
    assert str(error) == "must be  positive" and error.args == ("must be  positive",)
else:
    assert False
assert f(4) == 8
"""
QUOTES = """
try:
    f("a")
except KeyError as error:
    assert str(error) == "'a'"
else:
    assert False
assert f("b") == 5
"""


@pytest.mark.parametrize("engine", ["auto", "cpython"])
@pytest.mark.parametrize(
    ("test", "code", "value"),
    [
        (ENDS, "def f(n):\n    raise StopIteration", 0.0),
        (ENDS, "def f(n): return 2 * n", 1.0),
        (READS, "def f(n):\n    if n < 0: raise ValueError('must be  positive')\n    return 2 * n", 1.0),
        (READS, "def f(n):\n    if n < 0: raise ValueError('negative')\n    return 2 * n", 0.0),
        (QUOTES, "def f(n):\n    return {'b': 5}[n]", 1.0),
        (QUOTES.replace("'a'", "a"), "def f(n):\n    return {'b': 5}[n]", 0.0),
    ],
)
def test_a_test_sees_the_errors_of_the_code_as_its_author_wrote_them(engine, test, code, value):
    check = grader(timeout_s=None)(code_asserts(entry="f", engine=engine))
    assert check.grade(make_sample(code, test=test)).value == value


@pytest.mark.parametrize("caught", ["except ValueError", "except (KeyError, Exception)", "except"])
def test_a_record_that_an_error_passes_is_the_records_fault(caught):
    check = grader(timeout_s=None)(code_asserts(entry="f"))
    test = f"raised = False\ntry:\n    f(1)\n{caught}:\n    raised = True\nassert raised"
    outcome = check.grade_all([make_sample("def f(n): return n", test=test)])[0]
    assert isinstance(outcome, Failure)
    assert outcome.kind == "record"
    assert "a function that does nothing but `raise " in outcome.message
