"""Runs checks composed of other checks; the result is awaitable only if an answer has to be awaited."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any


def run_steps(steps: Generator[Any, Any, Any]) -> Any:
    """Return a generator's result, or an awaitable for the result if an answer has to be awaited.

    Args:
        steps: A generator that yields the answer of each check and receives the answer back, awaited if
            necessary.
    """
    answer: Any = None
    try:
        while not hasattr(answer, "__await__"):
            answer = steps.send(answer)
    except StopIteration as end:
        return end.value
    return _awaited(steps, answer)


async def _awaited(steps: Generator[Any, Any, Any], answer: Any) -> Any:
    """Return the generator's result after awaiting this answer and all later ones."""
    try:
        while True:
            try:
                given = await answer if hasattr(answer, "__await__") else answer
            except Exception as error:  # the generator handles it like an exception that a check raises
                answer = steps.throw(error)
            else:
                answer = steps.send(given)
    except StopIteration as end:
        return end.value
