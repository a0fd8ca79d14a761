"""Makes scoring functions that call third-party functions, which may be async."""

from __future__ import annotations

from ..checks._awaiting import run_steps
from ._answer_bounds import bounded
from ._placed import is_confined

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from typing import Any

    from ..sample import Sample

_COROUTINE = 0x80


def scoring_function(
    steps: Callable[[Sample[Any]], Generator[Any, Any, Any]], called: Sequence[Any]
) -> Callable[[Sample[Any]], Any]:
    """Make a scoring function. It is async if any of the called functions is declared async.

    Args:
        steps: A generator function that yields each call's result and is sent the awaited result.
        called: The functions that the scoring function calls.
    """
    confined = any(map(is_confined, called))

    def scored(sample: Sample[Any]) -> Any:
        return run_steps(steps(bounded(sample) if confined else sample))

    async def scored_async(sample: Sample[Any]) -> Any:
        answer = scored(sample)
        return await answer if hasattr(answer, "__await__") else answer

    return scored_async if any(map(_is_async, called)) else scored


def _is_async(function: Any) -> bool:
    code = getattr(function, "__code__", None)
    return is_confined(function) or bool(code and code.co_flags & _COROUTINE)
