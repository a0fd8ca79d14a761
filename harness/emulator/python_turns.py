"""Limits the number of OpenAI Python graders that run at the same time."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from graders.adapters.openai import OpenAISpecError, openai_graders
from harness.emulator.api_errors import ApiError
from harness.processes import cores

__all__ = ["PythonTurns", "python_graders"]

_PATIENCE_S: Final = 5.0


class PythonTurns:
    """A first-in, first-out queue that Python graders wait in.

    A grader keeps waiting as long as other graders finish. If none finishes for `patience` seconds, waiting
    graders are rejected. All graders must use the queue on the same event loop.

    Args:
        at_once: Maximum number of graders that run at the same time; None for the number of processors that
            this process may use.
        patience: Maximum number of seconds in which no other grader finishes.
    """

    def __init__(self, at_once: int | None = None, patience: float = _PATIENCE_S) -> None:
        self._at_once = at_once or cores()
        self._patience = patience
        self._running = 0
        self._waiting: list[object] = []
        self._moved_at = -math.inf
        self._moved = asyncio.Event()

    @asynccontextmanager
    async def taken(self, count: int) -> AsyncIterator[None]:
        """Occupy `count` places while the `with` block runs. A grader without a Python part does not wait.

        Raises:
            ApiError: No Python grader has finished within `patience`.
        """
        count = min(count, self._at_once)
        if count:
            await self._wait(count)
        self._running += count
        try:
            yield
        finally:
            self._running -= count
            if count:
                self._moved_at = asyncio.get_running_loop().time()
                self._wake()

    async def _wait(self, count: int) -> None:
        loop, place = asyncio.get_running_loop(), object()
        came = loop.time()
        self._waiting.append(place)
        try:
            while self._waiting[0] is not place or self._running + count > self._at_once:
                left = max(came, self._moved_at) + self._patience - loop.time()
                if left <= 0:
                    raise self._refusal()
                try:
                    await asyncio.wait_for(self._moved.wait(), left)
                except TimeoutError:
                    continue
        finally:
            self._waiting.remove(place)
            self._wake()

    def _wake(self) -> None:
        """Wake all waiting graders so that each can check whether it is next."""
        self._moved.set()
        self._moved = asyncio.Event()

    def _refusal(self) -> ApiError:
        graders = "1 Python grader is" if self._running == 1 else f"{self._running} Python graders are"
        message = (
            f"{graders} running, the most that can run here, and none finished in the last "
            f"{self._patience:g} seconds. Try again later, or start `rft emulate` with a smaller "
            "--grader-seconds."
        )
        return ApiError(
            503, message, code="graders_busy", headers={"Retry-After": str(math.ceil(self._patience))}
        )


def python_graders(grader: Mapping[str, Any]) -> int:
    """Return the number of Python graders in a grader, including its parts, or 0 if it is malformed."""
    try:
        return sum(each.type == "python" for each in openai_graders(grader))
    except OpenAISpecError:
        return 0  # the run reports the error, and runs no code
