"""Confined third-party functions: their permissions, return values and failures."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graders import DecorationError, Failure, SampleError, grader
from graders._runtime.scoring import score
from graders._runtime.timing import deadline_of
from graders.adapters import ConfinedFunction, _confined, confined
from graders.adapters._placed import placed
from graders.checks._code_clock import SessionStarved
from graders.testing import Context, make_sample

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems shut nothing in")


def test_a_function_is_called_with_plain_values(rewards, called):
    double = rewards("def f(x, *, more=0):\n    return x * 2 + more\n")
    assert called(double, 4) == 8
    assert called(double, "ab", more="c") == "ababc"


@pytest.mark.parametrize(
    "text",
    [
        "async def f(x):\n    return x + 1\n",
        "import asyncio\nasync def f(x):\n    await asyncio.sleep(0)\n    return x + 1\n",
        "import asyncio\nasync def g(x): return x\nasync def f(x): return await asyncio.shield(g(x + 1))",
        "async def g(x): return x + 1\ndef f(x):\n    return g(x)\n",
        "f = lambda x: x + 1\n",
        "import functools\nf = functools.partial(int.__add__, 1)\n",
        "class Scorer:\n    def __call__(self, x): return x + 1\nf = Scorer()\n",
        "try:\n    import nowhere\nexcept ImportError:\n    nowhere = None\ndef f(x): return x + 1\n",
        "def f(x):\n    print('x' * 5_000_000)\n    return x + 1\n",
        "import sys\ndef f(x):\n    for _ in range(3000): sys.stdout.write('x' * 1000)\n    return x + 1\n",
        "import logging\ndef f(x):\n    logging.warning('x' * 2_000_000)\n    return x + 1\n",
        "count = 0\ndef f(x):\n    global count\n    count += 1\n    return x + count\n",
        "if True:\n    def f(x): return x + 1\n",
        "# -*- coding: latin-1 -*-\ndef f(x): return x + len('\xe9') - 1\n",
        "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\ndef f(x): return P(x + 1).x\n",
        "from concurrent import futures\nimport xml.sax\nfrom html import *\ndef f(x): return x + 1\n",
    ],
)
def test_functions_of_many_kinds_run_unchanged(rewards, called, text, tmp_path):
    function = rewards(text)
    assert [called(function, 4), called(function, 4)] == [5, 5]


@pytest.mark.parametrize(
    ("returned", "plain"),
    [
        ("True", True),
        ("float('inf')", float("inf")),
        ("decimal.Decimal('0.5')", 0.5),
        ("fractions.Fraction(1, 4)", 0.25),
        ("collections.Counter('aab')", {"a": 2, "b": 1}),
        ("enum.IntEnum('E', 'A B').B", 2),
        ("('a', [None, {1: b'x'}], {2})", ("a", [None, {1: b"x"}], {2})),
        ("10 ** 400", 10**400),
        ("'\\udc80\\x00'", "\udc80\0"),
        ("'x' * 1_000_000", "x" * 1_000_000),
    ],
)
def test_its_result_is_returned_as_plain_values(rewards, called, returned, plain):
    text = f"import collections, decimal, enum, fractions\ndef f():\n    return {returned}\n"
    found = called(rewards(text))
    assert (found, type(found)) == (plain, type(plain))


@pytest.mark.parametrize(
    ("returned", "named"),
    [
        ("object()", "it contains a value of type object"),
        ("[P()]", "it contains a value of type P"),
        ("(one for one in 'ab')", "it contains a value of type generator"),
        ("f", "it contains a value of type function"),
        ("enum.Enum('E', 'A').A", "it contains a value of type E"),
        ("'x' * 5_000_000", "it takes more than 4000000 bytes"),
        ("nest(200)", "it is nested more than 100 levels deep"),
    ],
)
def test_a_result_that_is_not_a_plain_value_is_a_failure_that_says_so(
    rewards, called, failing, returned, named
):
    nest = "def nest(n): return [nest(n - 1)] if n else 0"
    text = f"import enum\nclass P: pass\n{nest}\ndef f():\n    return {returned}"
    problem = failing(rewards(text))
    assert (problem.kind, problem.origin) == ("value", "value at rewards.py:4")
    assert problem.message == f"f's result cannot be copied: {named}. Return numbers, texts, lists or dicts"


def test_an_argument_that_is_not_a_plain_value_is_a_failure(rewards, failing):
    problem = failing(rewards("def f(x): pass"), object())
    said = "an argument of f cannot be copied: it contains a value of type object"
    assert problem.message == f"{said}. Pass numbers, texts, lists or dicts"


@pytest.mark.parametrize(
    ("text", "origin", "message"),
    [
        (
            "import json\ndef f():\n    json.loads('{')",
            "JSONDecodeError at rewards.py:3",
            "JSONDecodeError: Exp",
        ),
        (
            "def f():\n    raise ValueError(object)",
            "ValueError at rewards.py:2",
            "ValueError: <class 'object'>",
        ),
        ("def f(): raise SystemExit(3)", "exception at rewards.py:1", "f did not return: it called exit"),
        ("def f(): f()", "RecursionError at rewards.py:1", "RecursionError: maximum recursion depth"),
        ("def f(): return 'x' * 10**10", "MemoryError at rewards.py:1", "MemoryError (set memory_mb= to"),
        ("1 / 0\ndef f(): pass", "ZeroDivisionError at rewards.py:1", "ZeroDivisionError: division by zero"),
        ("def f(): raise KeyboardInterrupt", "KeyboardInterrupt at rewards.py:1", "KeyboardInterrupt"),
        (
            "def f():\n    import os\n    os._exit(0)",
            "exception at rewards.py:1",
            "f did not return: its process",
        ),
        (
            "def f():\n    open('table.json')",
            "PermissionError at rewards.py:2",
            "PermissionError: [Errno 1] Operation not permitted: 'table.json' (a confined function can open",
        ),
        (
            "import urllib.request as u\ndef f():\n    u.urlopen('http://localhost')",
            "URLError at rewards.py:3",
            "URLError: <urlopen error",
        ),
        ("def f():\n    eval('1 +')", "SyntaxError at rewards.py:2", "SyntaxError: invalid syntax"),
        ("def f():\n    import nowhere", "", "rewards.py:2 imports nowhere, which is neither next to it nor"),
        (
            "class Own(Exception):\n    def __str__(self): raise ValueError\ndef f(): raise Own",
            "Own at rewards.py:3",
            "Own",
        ),
        (
            "class Own(ExceptionGroup): pass\nasync def f(): raise Own('both', [ValueError(1)])",
            "Own at rewards.py:2",
            "Own: both (1 sub-exception)",
        ),
    ],
)
def test_an_error_has_the_line_of_the_users_file(rewards, failing, text, origin, message):
    problem = failing(rewards(text))
    assert str(getattr(problem, "message", problem)).startswith(message)
    assert getattr(problem, "origin", "") == origin


def test_a_timeout_is_distinguished_from_an_error(rewards, failing):
    problem = failing(rewards("\n\ndef f():\n    while True: pass\n", seconds=0.2))
    assert (problem.kind, problem.origin) == ("timeout", "timeout at rewards.py:3")
    assert problem.message == "f took more than 0.2 seconds"


def test_a_call_has_no_more_time_than_its_sample(rewards):
    function = rewards("def f(text):\n    while True: pass\n", seconds=60)

    @grader(range=(0, 1), timeout_s=0.4)
    async def reward(sample):
        return await function(sample.completion)

    with pytest.raises(SampleError, match=r"^timeout: "):
        reward.grade(make_sample("ab"))


SLOW = "import time\ndef f(text):\n    if text == 'slow': time.sleep(60)\n    return 1.0\n"


@pytest.fixture
def one_by_one(monkeypatch):
    """Limit memory so that only one call runs at a time."""
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
    monkeypatch.setattr(_confined, "_turns", {})
    monkeypatch.setattr(_confined, "_memories", set())


def graded(function, texts: list[str], milliseconds: int, limit: float | None = 60) -> list[Any]:
    """Return the outcome for each completion, where samples take turns within a time limit."""

    @grader(range=(0, 1), timeout_s=limit, max_error_rate=1)
    async def reward(sample):
        return await function(sample.completion)

    reward.grade(make_sample(""))
    return score(reward.declared, [make_sample(text) for text in texts], deadline_of(Context(milliseconds)))[
        0
    ]


@pytest.mark.slow
@pytest.mark.parametrize("limit", [60, None])
def test_samples_that_take_long_leave_time_for_those_after_them(rewards, one_by_one, limit):
    function = rewards(SLOW, seconds=20)
    *slow, right, last = graded(function, ["slow"] * 2 + ["right"] * 2, 10_000, limit)
    assert [(one.kind, one.place) for one in slow] == [("timeout", "rewards.py:2")] * 2
    assert all(one.message.endswith(" seconds, all the time that its sample had") for one in slow)
    assert (right.value, last.value) == (1.0, 1.0)


def test_a_sample_whose_call_ends_before_its_turn_says_so(rewards, one_by_one):
    *slow, last = graded(rewards(SLOW, seconds=60), ["slow"] * 10, 800)
    assert {one.kind for one in slow} == {"timeout"}
    assert last == Failure("timeout", "the call's time was up before this sample's turn")


def test_a_function_that_got_no_time_on_a_busy_machine_has_timed_out(rewards, called, failing):
    class Busy:
        def function(self, *_):
            raise SessionStarved("the machine was too busy")

        def close(self):
            pass

    function = rewards("def f(): pass")
    function.check()
    function._engine.session = lambda limits: Busy()
    problem = failing(function)
    assert (problem.kind, problem.message) == ("timeout", "the machine was too busy")


def test_a_grader_of_a_confined_function_fails_its_sample_with_the_location(rewards):
    function = rewards("def f(text):\n    return 1 / len(text)\n")

    @grader(range=(0, 1), timeout_s=10)
    async def reward(sample):
        return await function(sample.completion)

    assert reward.grade(make_sample("ab")).value == 0.5
    with pytest.raises(SampleError, match=r"^exception: ZeroDivisionError: .* \(rewards.py:2\)$"):
        reward.grade(make_sample(""))


def test_a_text_without_a_file_is_named_by_its_place(called, failing):
    text = "def grade(sample, item):\n    return item['x']\n"
    function = ConfinedFunction.of_text(text, "grade", place="/graders/a/source")
    assert called(function, {}, {"x": 0.5}) == 0.5
    assert failing(function, {}, {}).origin == "KeyError at /graders/a/source:2"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def f(:", "rewards.py:1 is not valid Python: invalid syntax"),
        ("x = 1\0", "rewards.py.* is not valid Python: source code string cannot contain null bytes"),
        ("def g(): pass\ndef h(): pass", "rewards.py defines no function 'f'; it defines g, h"),
        ("", "rewards.py defines no function 'f'$"),
        ("def g(f): return f\nx = g(lambda f: f)", "rewards.py defines no function 'f'; it defines g"),
        ("def g():\n    def f(): pass", "rewards.py defines no function 'f'"),
        ("return 1\ndef f(): pass", "rewards.py:1 is not valid Python: 'return' outside function"),
        ("(" * 500 + ")" * 500 + "\ndef f(): pass", "rewards.py.* is not valid Python: "),
    ],
)
def test_an_invalid_text_is_refused_immediately(rewards, text, message):
    with pytest.raises(DecorationError, match=f"^{message}"):
        rewards(text)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seconds": 0}, "seconds=0: write a number from 0.1 to 600"),
        ({"memory_mb": 1.5}, "memory_mb=1.5: write a whole number"),
        ({"protection": "none"}, "protection='none'"),
        ({"packages": 3}, "packages=3: write names as in import statements"),
        ({"packages": ["scikit-learn"]}, "packages=.*: write names as in import statements"),
    ],
)
def test_invalid_options_are_refused_immediately(rewards, options, message):
    with pytest.raises(DecorationError, match=f"^{message}"):
        rewards("def f(): pass", **options)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DecorationError, match=r"rewards.py cannot be read: No such file or directory$"):
        confined(tmp_path / "rewards.py", "f")
    with pytest.raises(DecorationError, match="confined takes the path of a Python file and the name"):
        confined(3, "f")  # type: ignore[arg-type]


INSIDE = """
import sys, types

PROVIDES = ("platform_of_others",)

def prepare():
    module = types.ModuleType("platform_of_others")
    module.reward_function = lambda function: function
    sys.modules["platform_of_others"] = module

def call(function, texts, scale):
    if scale < 0:
        raise ValueError("the scale is below zero")
    return [scale * one for one in function(texts)]
"""
OTHERS = (
    "from platform_of_others import reward_function\n@reward_function\ndef f(texts): return map(len, texts)\n"
)


def test_our_own_module_calls_it_inside_the_process(rewards, called, failing, tmp_path):
    inside = tmp_path / "_between_inside.py"
    inside.write_text(INSIDE)
    through = placed(rewards(OTHERS), inside)
    assert called(through, ["a", "bc"], 10) == [10, 20]
    assert placed(lambda texts: map(len, texts), inside)(["a", "bc"], 10) == [10, 20]
    problem = failing(through, ["a"], -1)
    assert (problem.message, problem.origin) == (
        "ValueError: the scale is below zero",
        "ValueError at rewards.py:3",
    )
    assert str(failing(rewards(OTHERS), ["a"])).startswith(
        "rewards.py:1 imports platform_of_others, which is neither"
    )


def test_an_object_that_is_not_a_function_is_not_placed():
    with pytest.raises(DecorationError, match="3 is not a function: pass one, or confined"):
        placed(3, "math")  # type: ignore[arg-type]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=30)
@given(value=JSON)
def test_any_json_is_returned_unchanged(called, value):
    same = ConfinedFunction.of_text("def f(x): return x", "f", place="same")
    assert repr(called(same, value)) == repr(value)


def test_calls_that_are_given_up_delay_no_others(rewards):
    function = rewards("def f(x):\n    while x:\n        pass\n    return x\n", seconds=600)

    async def called() -> object:
        for _ in range(8):  # more than can run concurrently
            task = asyncio.ensure_future(function(True))
            await asyncio.wait({task}, timeout=0.05)
            task.cancel()
        return await function(False)

    assert asyncio.run(called()) is False


PYTHON = st.lists(
    st.sampled_from(
        ["def f", "(", ")", ":", "\n", "    ", "import ", "from . ", "x", "=", "lambda", "'", "\ud800", "\0"]
    )
    | st.text(max_size=3),
    max_size=12,
)


@settings(max_examples=60)
@given(parts=PYTHON)
def test_any_text_is_accepted_or_refused(parts):
    with suppress(DecorationError):
        ConfinedFunction.of_text("".join(parts), "f", place="spec")
