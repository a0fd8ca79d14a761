from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.emulator.api_errors import ApiError
from harness.emulator.python_turns import PythonTurns, python_graders
from harness.processes import cores


def test_as_many_run_at_once_as_this_process_has_processors() -> None:
    async def story() -> None:
        turns = PythonTurns(patience=0.01)
        async with turns.taken(cores()):
            with pytest.raises(ApiError, match=f"{cores()} Python grader"):
                async with turns.taken(1):
                    raise AssertionError("it had no turn")

    asyncio.run(story())


@given(counts=st.lists(st.integers(0, 5), max_size=20), at_once=st.integers(1, 4))
def test_all_are_served_in_order_and_never_more_than_can_run_at_once(counts: list[int], at_once: int) -> None:
    begun: list[int] = []
    running = most = 0

    async def grade(turns: PythonTurns, number: int, count: int) -> None:
        nonlocal running, most
        taken = min(count, at_once)
        async with turns.taken(count):
            begun.append(number)
            running += taken
            most = max(most, running)
            for _ in range(number % 3):
                await asyncio.sleep(0)
            running -= taken

    async def all_of_them() -> None:
        turns = PythonTurns(at_once, 60)
        await asyncio.gather(*(grade(turns, number, count) for number, count in enumerate(counts)))

    asyncio.run(all_of_them())
    waiting = [number for number in begun if counts[number]]
    assert waiting == sorted(waiting)
    assert sorted(begun) == list(range(len(counts)))
    assert most <= at_once


def test_those_that_wait_behind_graders_that_do_not_end_are_refused_and_later_ones_served() -> None:
    async def refused(turns: PythonTurns, count: int) -> ApiError:
        with pytest.raises(ApiError) as refusal:
            async with turns.taken(count):
                raise AssertionError("it had no turn")
        return refusal.value

    async def story() -> None:
        turns = PythonTurns(2, 0.02)
        async with turns.taken(1), turns.taken(1):
            errors = await asyncio.gather(refused(turns, 1), refused(turns, 2), refused(turns, 1))
            async with turns.taken(0):
                pass
        assert {(error.status, error.code) for error in errors} == {(503, "graders_busy")}
        assert "2 Python graders are running" in errors[0].message
        assert "--grader-seconds" in errors[0].message
        async with turns.taken(2):
            pass

    asyncio.run(story())


def test_one_that_waits_and_is_given_up_holds_no_place() -> None:
    async def story() -> None:
        turns = PythonTurns(1, 60)

        async def grade() -> None:
            async with turns.taken(1):
                pass

        async with turns.taken(1):
            first, second = asyncio.ensure_future(grade()), asyncio.ensure_future(grade())
            await asyncio.sleep(0)
            first.cancel()
            await asyncio.sleep(0)
        await second

    asyncio.run(story())


PYTHON = {"type": "python", "source": "def grade(sample, item): return 1.0"}
ENDPOINT = {"type": "endpoint", "url": "https://grader.example/"}


def multi(**graders: object) -> dict[str, object]:
    return {"type": "multi", "graders": graders, "calculate_output": "a + b"}


@pytest.mark.parametrize(
    ("grader", "count"),
    [
        (PYTHON, 1),
        (ENDPOINT, 0),
        (multi(a=PYTHON, b=ENDPOINT), 1),
        (multi(a=PYTHON, b=PYTHON), 2),
        ({"type": "reinforcement", "grader": multi(a=PYTHON, b=PYTHON)}, 2),
        ({"type": "custom", "method": {"type": "reinforcement", "reinforcement": {"grader": PYTHON}}}, 1),
        (multi(a=PYTHON), 0),  # has no valid formula, so its Python grader never runs
        ({"type": "multi", "graders": [PYTHON]}, 0),
        ({"type": "multi", "graders": {"a": "python", "b": None}}, 0),
        ({"type": "python"}, 0),
        ({}, 0),
    ],
)
def test_the_python_graders_in_a_grader_are_counted_whatever_is_sent(
    grader: dict[str, Any], count: int
) -> None:
    assert python_graders(grader) == count
