"""The event loop of a process: kept between calls, shared by threads, never by forks, and never nested."""

from __future__ import annotations

import asyncio
import os
import threading

import pytest

from graders import ConfigurationError, Reward, grader
from graders.testing import make_sample


def test_one_event_loop_is_kept_for_the_life_of_the_process():
    @grader
    async def graded(sample):
        loops.append(asyncio.get_running_loop())
        return 1.0

    loops: list = []
    graded.grade_all([make_sample("x")] * 2)
    graded.grade(make_sample("c"))
    assert len(loops) == 3
    assert len(set(map(id, loops))) == 1
    assert not loops[0].is_closed()


def test_threads_take_turns_on_the_loop():
    @grader(timeout_s=None)
    async def graded(sample):
        await asyncio.sleep(0.02)
        return 1.0

    found: list = []
    threads = [
        threading.Thread(target=lambda: found.append(graded.grade(make_sample("x")))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [Reward(1.0)] * 4


def test_a_forked_child_has_its_own_loop():
    @grader
    async def graded(sample):
        loops.append(asyncio.get_running_loop())
        await asyncio.to_thread(os.getpid)
        return 1.0

    loops: list = []
    assert graded.grade(make_sample("x")) == Reward(1.0)
    child = os.fork()
    if not child:
        fine = graded.grade_all([make_sample("x")] * 2) == [Reward(1.0)] * 2
        os._exit(0 if fine and loops[0] is not loops[1] and loops[1] is loops[2] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert graded.grade(make_sample("x")) == Reward(1.0)
    assert loops[0] is loops[1]


@grader
async def half(sample):
    await asyncio.sleep(0.001)
    return 0.5


@grader
def sync_half(sample):
    return 0.5


def test_a_call_works_inside_a_running_loop():
    async def main():
        return [await half(make_sample("x")), sync_half(make_sample("x"))]

    assert asyncio.run(main()) == [Reward(0.5), Reward(0.5)]


@pytest.mark.parametrize(
    "call",
    [lambda: half.grade(make_sample("x")), lambda: half([{"messages": make_sample("x").messages}], None)],
    ids=["grade", "handler"],
)
def test_a_running_loop_is_a_configuration_error_that_says_what_to_write(call):
    async def main():
        call()

    with pytest.raises(ConfigurationError, match=r"await grader\(sample\)"):
        asyncio.run(main())


def test_an_interrupted_call_leaves_nothing_on_the_loop():
    @grader
    async def graded(_sample):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        graded.grade_all([make_sample("x")] * 2)

    @grader
    async def counts(_sample):
        return len(asyncio.all_tasks()) / 100

    assert counts.grade(make_sample("x")) == Reward(0.01)  # the call's own task
