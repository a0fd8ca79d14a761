from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from graders.checks._judge_places import Places


@given(st.integers(1, 3), st.lists(st.sampled_from(["leaves", "is late", "is cancelled"]), max_size=12))
def test_all_places_are_free_in_the_end(most: int, comers: list[str]) -> None:
    places, inside, highest = Places(most), 0, 0

    async def comer(kind: str) -> None:
        nonlocal inside, highest
        if not await places.enter(0.0 if kind == "is late" else 60.0):
            return
        inside += 1
        highest = max(highest, inside)
        try:
            await asyncio.sleep(0)
        finally:
            inside -= 1
            places.leave()

    async def all_of_them() -> None:
        tasks = [asyncio.create_task(comer(kind)) for kind in comers]
        await asyncio.sleep(0)
        for task, kind in zip(tasks, comers, strict=True):
            if kind == "is cancelled":
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(all_of_them())
    assert (places.free, inside) == (most, 0)
    assert highest <= most


def test_who_waited_longest_comes_first() -> None:
    places, order = Places(1), list[int]()

    async def comer(number: int) -> None:
        assert await places.enter(60.0)
        order.append(number)
        await asyncio.sleep(0)
        places.leave()

    async def all_of_them() -> None:
        await asyncio.gather(*[comer(number) for number in range(5)])

    asyncio.run(all_of_them())
    assert order == [0, 1, 2, 3, 4]
