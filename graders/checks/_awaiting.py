"""Runs checks that are made of other checks, which may be async: it waits where one has to be awaited."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any


def run_steps(steps: Generator[Any, Any, Any]) -> Any:
    """Return what a generator returns, or an awaitable of it where one of its answers has to be awaited.

    Args:
        steps: Yields the answer of each check, as the check gave it, and is sent it as it is once awaited.
    """
    answer: Any = None
    try:
        while not hasattr(answer, "__await__"):
            answer = steps.send(answer)
    except StopIteration as end:
        return end.value
    return _awaited(steps, answer)


async def _awaited(steps: Generator[Any, Any, Any], answer: Any) -> Any:
    """What the generator returns once its answers, from this one on, are awaited."""
    try:
        while True:
            try:
                given = await answer if hasattr(answer, "__await__") else answer
            except Exception as error:  # for the generator to handle, as it handles what a check raises
                answer = steps.throw(error)
            else:
                answer = steps.send(given)
    except StopIteration as end:
        return end.value
