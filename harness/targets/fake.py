"""A target for tests: answers with a function's results, and records its events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.targets.protocol import Answer


class FakeTarget:
    """A target whose answers come from a function.

    Args:
        answer: Called with each event.
        max_bytes: The largest event that it accepts, in bytes; None for no limit.
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
        """Every event that it received, in order."""

    def grade(self, event: Any) -> Answer:
        """Return the function's answer."""
        self.events.append(event)
        return self._answer(event)

    def close(self) -> None:
        """Do nothing."""
