"""Runs checks that are composed of other checks, some of which may be asynchronous."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any


def run_steps(steps: Generator[Any, Any, Any]) -> Any:
    """Run a generator and return its result, or an awaitable if one of the answers must be awaited.

    Args:
        steps: Yields each check's answer and gets it back once it has been awaited.
    """
    answer: Any = None
    try:
        while not hasattr(answer, "__await__"):
            answer = steps.send(answer)
    except StopIteration as end:
        return end.value
    return _awaited(steps, answer)


async def _awaited(steps: Generator[Any, Any, Any], answer: Any) -> Any:
    try:
        while True:
            try:
                given = await answer if hasattr(answer, "__await__") else answer
            except Exception as error:  # the generator handles it like an error of a synchronous check
                answer = steps.throw(error)
            else:
                answer = steps.send(given)
    except StopIteration as end:
        return end.value
