"""Checks that run code apart from the grader and pay for each test that it passes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graders import Failure, Reward, grader
from graders.checks.code import code_asserts, code_function, code_program
from graders.errors import DecorationError, SampleError
from graders.testing import make_sample

CALLS = [{"args": [2], "expected": 4}, {"args": [5], "expected": 10}, {"kwargs": {"n": 0}, "expected": 0}]
ASSERTS = "def check(candidate):\n    assert candidate(2) == 4\n    assert candidate(5) == 10\n"
RUNS = [{"input": "2\n", "output": "4\n"}, {"input": "5\n", "output": "10\n"}]

FUNCTION = grader(timeout_s=None)(code_function(entry="double"))
ASSERTED = grader(timeout_s=None)(code_asserts(entry="double"))
PROGRAM = grader(timeout_s=None)(code_program())


def paid(completion: str, reference: str | None = None) -> list[float]:
    return [
        one.grade(make_sample(completion, reference, **fields)).value
        for one, fields in ((FUNCTION, {"tests": CALLS}), (ASSERTED, {"test": ASSERTS}))
    ]


@pytest.mark.parametrize(
    "completion",
    [
        "def double(n):\n    return n + n",
        "Here it is:\n\n```python\ndef double(n: int) -> int:\n    return 2 * n\n```\nIt doubles `n`.",
        "```python\ndef twice(n):\n    return n * 2\n\n\ndouble = lambda n: twice(n)\n```",
        "```py\nclass By:\n    def two(s, n):\n        return n * 2\ndef double(n): return By().two(n)\n```",
        "```python\ndef double(n):\n    return n + n\nif __name__ == '__main__':\n    input()\n```",
    ],
)
def test_a_right_function_is_paid_however_it_is_written(completion):
    assert paid(completion) == [1.0, 1.0]


def test_a_program_is_paid_for_what_it_prints():
    rewards = [
        PROGRAM.grade(make_sample(code, tests=RUNS)).value
        for code in ("print(int(input()) * 2)", "print(4)", "print(int(input()) * 2, 'PASSED')")
    ]
    assert rewards == [1.0, 0.0, 0.0]


def test_the_share_of_passed_tests_is_paid_where_it_is_asked_for():
    check = grader(timeout_s=None)(code_function(entry="double", partial=True))
    reward = check.grade(make_sample("def double(n): return 4 if n == 2 else 0", tests=CALLS))
    assert reward.value == pytest.approx(2 / 3)
    assert (reward.metrics["passed"], reward.metrics["tests"]) == (2.0, 3.0)


def test_no_code_is_unread():
    for completion in ("", " ", "It doubles the number.", "```sql\nSELECT 1\n```"):
        reward = FUNCTION.grade(make_sample(completion, tests=CALLS))
        assert (reward.value, reward.metrics["unread"]) == (0.0, 1.0)


@pytest.mark.parametrize(
    "tests",
    [
        None,
        [],
        "",
        "no tests",
        {},
        [3],
        [{"args": [1]}],
        [{"args": 1, "expected": 2}],
        CALLS[:1],
        CALLS[:1] * 5,
    ],
)
def test_tests_that_cannot_be_read_or_that_a_constant_passes_are_the_records_fault(tests):
    outcomes = FUNCTION.grade_all([make_sample("def double(n): return 2 * n", tests=tests)])
    assert isinstance(outcomes[0], Failure)
    assert outcomes[0].kind == "record"


def test_a_reference_that_fails_its_tests_is_the_records_fault():
    right, wrong = "def double(n): return 2 * n", "def double(n): return n"
    assert paid(right, right) == [1.0, 1.0]
    outcomes = FUNCTION.grade_all([make_sample(right, wrong, tests=CALLS)])
    assert isinstance(outcomes[0], Failure)
    assert "fails them" in outcomes[0].message


def test_invalid_options_are_refused():
    for options in (
        {"entry": "a b"},
        {"entry": "a.b.c"},
        {"seconds": 0},
        {"memory_mb": 1},
        {"engine": "pypy"},
    ):
        with pytest.raises(DecorationError):
            code_function(**options)


def test_a_reward_says_what_failed():
    reward = FUNCTION.grade(make_sample("def double(n): return n", tests=CALLS))
    assert isinstance(reward, Reward)
    assert reward.reason is not None
    assert reward.reason.startswith("test 1 of 3: double returns another value")


PIECES = [
    "def double(n):",
    "```python\n",
    "```",
    "\n",
    "    ",
    "return 2 * n",
    "return",
    "\ud800",
    "\x00",
    "n",
    "'",
    "(",
]


@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join) | st.text())
@settings(max_examples=40)
def test_no_completion_is_without_a_reward(completion):
    for check, fields in (
        (FUNCTION, {"tests": CALLS}),
        (ASSERTED, {"test": ASSERTS}),
        (PROGRAM, {"tests": RUNS}),
    ):
        outcome = check.grade_all([make_sample(completion, **fields)])[0]
        assert isinstance(outcome, Reward)
        assert outcome.value in (0, 1)


@pytest.mark.parametrize(
    ("tests", "options"),
    [
        ([{"args": [2], "expected": 1}, {"args": [5], "expected": 1.0}], {}),
        ([{"args": [2], "expected": 1.0}, {"args": [5], "expected": 1 + 1e-10}], {}),
        ([{"args": [2], "expected": 1}, {"args": [5], "expected": 3}], {"tolerance": 1}),
    ],
)
def test_expected_values_that_the_check_considers_equal_are_the_records_fault(tests, options):
    check = grader(timeout_s=None)(code_function(entry="double", **options))
    with pytest.raises(SampleError, match="expects the same value"):
        check.grade(make_sample("def double(n): return 1", tests=tests))


def test_asserts_that_compare_with_one_value_are_the_records_fault_where_they_do_it_twice():
    once, twice = "assert double(2) == 4", "assert double(2) == 4\nassert double(2.0) == 4"
    right = "def double(n): return 2 * n"
    assert ASSERTED.grade(make_sample(right, test=once)).value == 1
    with pytest.raises(SampleError, match="does nothing but `return 4`"):
        ASSERTED.grade(make_sample(right, test=twice))


@pytest.mark.parametrize(
    ("outputs", "options"),
    [
        (["Yes", "Yes "], {}),
        (["1 2", "1\n2"], {"output": "words"}),
        (["1", "3"], {"output": "words", "tolerance": 1}),
    ],
)
def test_an_output_that_passes_all_tests_of_a_program_is_the_records_fault(outputs, options):
    tests = [{"input": str(number), "output": output} for number, output in enumerate(outputs)]
    with pytest.raises(SampleError, match="expects the same output"):
        grader(timeout_s=None)(code_program(**options)).grade(make_sample("print(1)", tests=tests))


@pytest.mark.parametrize(
    ("test", "why"),
    [
        ("assert double(3) == 'Yes'; assert double(4) == 'Yes'", "return 'Yes'"),
        ("assert double(3) == []; assert len(double(4)) == 0", r"return \[\]"),
        (["assert double(3)", "assert len(double(4))"], r"return \[1\]"),
        ("try:\n    double(-1)\n    assert False\nexcept ValueError:\n    pass", "raise ValueError"),
        (
            "import numpy\nassert double(2) == 4; assert double(3) == 6",
            "before it calls double: ModuleNotFound",
        ),
        ("assert helper(double(2)) == 4", "before it calls double: NameError: name 'helper'"),
        ([ASSERTS, "assert twice(2) == 4"], "test 2 of 2: it ends before it calls double: NameError"),
        ("assert double(2) === 4", "not Python: invalid syntax"),
        ("assert double(2) == 4; assert double(lambda n: n) == 5", "passes a function, which"),
        ("s = double()\ns.push(3)\nassert s.pop() == 3", "uses .push"),
    ],
)
def test_a_test_that_says_nothing_of_code_is_the_records_fault(test, why):
    with pytest.raises(SampleError, match=why) as told:
        ASSERTED.grade(make_sample("def double(n): return 2 * n", test=test))
    assert told.value.kind == "record"


def test_code_cannot_make_a_test_the_records_fault():
    for code in ("raise ImportError", "def double(n): raise NameError('ends before it calls double')"):
        assert ASSERTED.grade(make_sample(f"{code}\ndef other(): return double", test=ASSERTS)).value == 0


def test_a_float_near_a_whole_number_is_another_value():
    tests = [{"args": [n], "expected": n} for n in (5 * 10**11, 123456789012)]
    check = grader(timeout_s=None)(code_function(entry="f"))
    assert check.grade(make_sample("def f(n): return n + 100.0", tests=tests)).value == 0
    assert check.grade(make_sample("def f(n): return float(n)", tests=tests)).value == 1
