"""The checks do what the tables in `docs/code.md` say."""

from __future__ import annotations

import json

import pytest

from graders import Reward, grader
from graders.checks._code_child import CPython
from graders.checks._code_dialect import is_shared
from graders.checks._code_monty import MontyEngine
from graders.checks._code_session import Limits
from graders.checks.code import code_function
from graders.testing import make_sample
from support.doc_tables import page, rows, spans

PAGE = page("code.md")
CALLS = [{"args": [n], "expected": 2 * n} for n in (2, 5)]
CHECK = grader(timeout_s=None)(code_function(entry="f"))


@pytest.mark.parametrize(("completions", "paid"), rows(PAGE, "How the code is found in a completion", 2))
def test_the_code_of_a_completion_is_found(completions, paid):
    for completion in spans(completions):
        found = CHECK.grade_all([make_sample(completion, tests=CALLS)])[0]
        assert isinstance(found, Reward), (completion, found)
        said = "yes" if found.value else "unread" if found.metrics["unread"] else "no"
        assert said == paid.partition(":")[0], (completion, found.reason)


@pytest.mark.parametrize(("expected", "values", "paid"), rows(PAGE, "How values are compared", 3))
def test_values_are_the_same(expected, values, paid):
    wanted = json.loads(spans(expected)[0])
    tests = [{"args": [1], "expected": wanted}, {"args": [2], "expected": "another"}]
    for value in spans(values):
        code = f"def f(n): return ({value}) if n == 1 else 'another'"
        reward = CHECK.grade(make_sample(code, tests=tests))
        assert ("yes" if reward.value else "no") == paid.partition(":")[0], value


def answer(engine, body):
    session = engine.session(Limits(5, 128))
    try:
        assert session.run(f"def f():\n    {body}\n").how == "done"
        ran = session.call("f", [], {})
    finally:
        session.close()
    if ran.how == "done":
        return f"`{ran.value}`"
    return "nothing to compare" if ran.how == "refused" else ran.message.partition(":")[0]


@pytest.mark.parametrize(("body", "cpython", "monty"), rows(PAGE, "Engines: Monty and CPython", 3))
def test_the_engines_differ_and_monty_s_word_does_not_count(body, cpython, monty):
    [code] = spans(body)
    assert answer(CPython(), code) == cpython
    assert answer(MontyEngine(), code) == monty
    assert not is_shared(f"def f():\n    {code}\n")
