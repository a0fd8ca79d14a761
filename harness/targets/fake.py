"""A target for tests: answers whatever a function says, and remembers what it was sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.targets.protocol import Answer


class FakeTarget:
    """A target whose answers are made by a function.

    Args:
        answer: Called with each event.
        max_bytes: The largest event that it takes, in bytes; None for no limit.
        concurrency: How many calls may be under way at once.
    """

    name = "fake"

    def __init__(
        self, answer: Callable[[Any], Answer], *, max_bytes: int | None = None, concurrency: int = 1
    ) -> None:
        self._answer = answer
        self.max_bytes = max_bytes
        self.concurrency = concurrency
        self.events: list[Any] = []
        """Every event that it was sent, in order."""

    def grade(self, event: Any) -> Answer:
        """Answer as the function says."""
        self.events.append(event)
        return self._answer(event)

    def close(self) -> None:
        """Nothing is held."""
