import io
import sys
from contextlib import redirect_stdout

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.audit.code_tests import entry_of, expected_of, lookup, written


@given(st.integers(), st.text(max_size=5), st.booleans())
def test_expected_values_are_looked_up_by_arguments(number, text, flag):
    record = {
        "reference_answer": f"assert f({number}, {text!r}) == {flag}",
        "cases": [{"args": [text], "expected": [number]}],
    }
    space: dict = {}
    exec(lookup("f", expected_of(record, "f")), space)
    assert space["f"](number, text) is flag
    assert space["f"](text) == [number]
    assert space["f"]("", "", "") is None


@pytest.mark.parametrize(
    ("fields", "right", "name"),
    [
        ({"entry_point": "g"}, "def f(): pass", "g"),
        ({"tests": {"fn_name": "Solution.add"}}, None, "Solution.add"),
        ({"reference_answer": '{"entry_point": "deep"}'}, None, "deep"),
        ({"tests": ["assert h(1) == 2"]}, "def h(n): pass\ndef other(): pass", "h"),
        ({}, "def a(): pass\ndef b(): pass", "b"),
        ({"tests": [{"input": "1 2", "output": "3"}]}, "def solve(): pass\nsolve()", None),
    ],
)
def test_the_function_name_comes_from_a_field_a_test_or_the_right_program(fields, right, name):
    assert entry_of({"messages": [{"role": "user", "content": "Write `x(1)`."}], **fields}, right) == name


def test_methods_and_programs_without_a_function_are_written_too():
    space: dict = {}
    exec(written("Solution.add", "return a[0] + 1"), space)
    assert space["Solution"]().add(2) == 3
    tests = expected_of({"tests": {"inputs": ["1 2\n", "3 4\n"], "outputs": ["3\n", "7\n"]}}, None)
    assert [one.wanted for one in tests] == ["'3'", "'7'"]
    out, before = io.StringIO(), sys.stdin
    try:
        sys.stdin = io.StringIO("3 4\n")
        with redirect_stdout(out):
            exec(lookup(None, tests), {"__name__": "__main__"})
    finally:
        sys.stdin = before
    assert out.getvalue() == "7\n"


def test_a_test_is_shown_where_the_prompt_holds_its_arguments_and_its_value():
    record = {
        "messages": [{"role": "user", "content": "Write f. For example `f([1, 'a']) == 17`."}],
        "tests": ["assert f([1, 'a']) == 17", "self.assertEqual(f([2]), 99)"],
    }
    assert [one.shown for one in expected_of(record, "f")] == [True, False]
