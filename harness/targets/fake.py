"""A target for tests that gets its results from a function and records its events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.targets.protocol import Answer


class FakeTarget:
    """A target whose results come from a function.

    Args:
        answer: Called with each event.
        max_bytes: Maximum event size, in bytes; None for no limit.
        concurrency: Maximum number of calls in flight.
    """

    name = "fake"

    def __init__(
        self, answer: Callable[[Any], Answer], *, max_bytes: int | None = None, concurrency: int = 1
    ) -> None:
        self._answer = answer
        self.max_bytes = max_bytes
        self.concurrency = concurrency
        self.events: list[Any] = []
        """Every event that the target received, in order."""

    def grade(self, event: Any) -> Answer:
        """Return the result that the function gives for the event."""
        self.events.append(event)
        return self._answer(event)

    def close(self) -> None:
        """Do nothing."""
