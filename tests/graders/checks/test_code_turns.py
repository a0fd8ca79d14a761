"""Samples take turns: as many at once as the machine or the function can hold."""

from __future__ import annotations

import os

import pytest

from graders import ConfigurationError, Failure, Reward, grader
from graders.checks._code_turns import at_once
from graders.checks.code import code_function
from graders.testing import Context, invoke, make_sample

TESTS = [{"args": [n], "expected": 2 * n} for n in (2, 5)]
RIGHT = make_sample("def f(n): return 2 * n", tests=TESTS)
LOOP = make_sample("def f(n):\n    while True: pass", tests=TESTS)


@pytest.mark.parametrize(("memory", "most"), [("512", 1), ("1769", 1), ("3008", 2), ("10240", 6)])
def test_a_function_runs_as_many_as_its_memory_and_its_processors_hold(monkeypatch, memory, most):
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", memory)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(6), raising=False)
    assert at_once(128) == most


def test_a_function_without_the_memory_for_one_is_refused(monkeypatch):
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
    with pytest.raises(
        ConfigurationError, match="has 256 MB of memory, and code that may take 128 MB needs 436"
    ):
        at_once(128)
    check = grader(code_function(entry="f"))
    with pytest.raises(ConfigurationError, match="raise MemorySize"):
        check.grade(RIGHT)


def test_code_that_the_call_leaves_no_time_for_gets_no_reward_rather_than_a_wrong_one(monkeypatch):
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
    check = code_function(entry="f", seconds=30)
    right, looping = invoke(grader(timeout_s=0.5, max_error_rate=1)(check), [RIGHT, LOOP], context=Context())
    assert isinstance(right, Reward)
    assert right.value == 1
    assert isinstance(looping, Failure)
    assert grader(timeout_s=60)(check).grade(RIGHT).value == 1  # once the loop was ended
