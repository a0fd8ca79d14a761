"""Samples take turns when more run at once than the machine or the function can handle."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders import ConfigurationError, Failure, Reward, grader
from graders._runtime.timing import Tick
from graders.checks import _code_turns
from graders.checks._code_turns import LEAST, TurnTime, at_once
from graders.checks.code import code_function, code_program
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
    assert grader(timeout_s=60)(check).grade(RIGHT).value == 1  # the loop has ended


def test_code_that_ends_its_own_process_is_wrong_under_the_usual_limits():
    check = grader(max_error_rate=0)(code_program())
    runs = [{"input": "2", "output": "4"}, {"input": "5", "output": "10"}]
    codes = ["import os\nos._exit(1)", "import os\nos.abort()", "import os\nwhile 1: print('x' * 10000)"]
    outcomes = invoke(check, [make_sample(code, tests=runs) for code in codes])
    assert rewards(outcomes) == [(0.0, 1.0)] * 3


def rewards(outcomes: list[Reward | Failure]) -> list[tuple[float, float] | Failure]:
    return [one if isinstance(one, Failure) else (one.value, one.metrics["stopped"]) for one in outcomes]


def test_seconds_are_lowered_to_what_the_limit_holds():
    check = code_function(entry="f", seconds=1.2)
    grader(timeout_s=None)(check).grade(RIGHT)  # starts the engines
    reward = grader(timeout_s=1)(check).grade(LOOP)
    assert (reward.value, reward.metrics["stopped"]) == (0.0, 1.0)


def test_a_limit_begins_with_the_turn_so_that_loops_cost_their_neighbors_nothing(monkeypatch):
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
    check = code_function(entry="f", seconds=0.1)
    grader(timeout_s=None)(check).grade(LOOP)
    outcomes = invoke(
        grader(timeout_s=0.7, max_error_rate=0)(check), [LOOP] * 6 + [RIGHT] * 4, context=Context()
    )
    assert rewards(outcomes) == [(0.0, 1.0)] * 6 + [(1.0, 0.0)] * 4


def test_a_sample_may_take_twice_its_equal_share_of_the_calls_time(monkeypatch):
    monkeypatch.setattr(_code_turns, "perf_counter", lambda: 1000.0)
    tick = Tick(None, 1060.0, ())
    tick.unanswered = 30
    assert TurnTime(tick, 1).share == pytest.approx(4, rel=1e-9)
    tick.unanswered = 1
    assert TurnTime(tick, 4).share == pytest.approx(60, rel=1e-9)
    tick.limit = 5
    assert TurnTime(tick, 1).share == 5
    assert TurnTime(None, 1).share == float("inf")


@given(
    samples=st.integers(1, 64),
    at_once=st.integers(1, 6),
    call=st.floats(1, 900),
    limit=st.none() | st.floats(0.1, 60),
    seconds=st.floats(0.1, 600),
    least=st.sampled_from([0, LEAST]),
    slow=st.data(),
)
def test_samples_that_take_all_they_may_leave_time_for_those_after_them(
    samples, at_once, call, limit, seconds, least, slow
):
    seconds = min(seconds, call / samples / least / 2) if least else seconds
    now = [1000.0]
    deadline = now[0] + call
    tick = Tick(limit, deadline, ())
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(_code_turns, "perf_counter", lambda: now[0])
        for left in range(samples, 0, -1):
            tick.unanswered = left
            time = TurnTime(tick, at_once)
            portion = time.portion(seconds, time.share, least=least)
            assert 0 < portion.seconds <= portion.longest
            assert portion.seconds <= min(seconds, limit or seconds)
            assert portion.least <= max(portion.seconds, seconds * least)
            if slow.draw(st.booleans()):
                now[0] += portion.seconds / at_once
            assert now[0] < deadline


def test_a_sample_has_all_of_its_seconds_where_the_call_has_time(monkeypatch):
    monkeypatch.setattr(_code_turns, "perf_counter", lambda: 1000.0)
    time = TurnTime(None, 1)
    portion = time.portion(2, time.share)
    assert (portion.seconds, portion.longest, portion.least) == (2, 40, 2)
