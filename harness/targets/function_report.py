"""Measurements that the local Lambda runtime takes of a function and stores in the run's folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.localaws.limits import processor_share

__all__ = ["FILE", "LOG", "FunctionReport"]

FILE = "function.json"
LOG = "function.log"
"""Name of the function's log, which combines the output of all environments."""

_NEAR = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionReport:
    """Measurements of one function in the local runtime."""

    schema: int = 1
    protection: str
    """The mechanism that keeps the function from writing where Lambda would not allow it."""
    says: str
    """Readable explanation of the protection."""
    notes: tuple[str, ...] = ()
    """Differences from the deployed function, one sentence each."""
    calls: int
    memory_mb: int
    timeout_s: float
    longest_ms: float | None
    """Estimated duration of the longest call in Lambda, given the function's share of a processor."""
    peak_memory_mb: float
    cold_start_ms: float | None
    """Duration of the first cold start; None if no environment responded."""

    def lines(self) -> Iterator[str]:
        """Yield a short, readable report line by line."""
        yield from (f"note: {note}" for note in self.notes)
        yield f"protection: {self.protection} ({self.says})"
        if self.longest_ms is None:
            return
        share = processor_share(self.memory_mb)
        speed = f"{self.memory_mb} MB is {share:.2f} of a processor" if share < 1 else f"{self.memory_mb} MB"
        took = f"the longest call takes about {self.longest_ms / 1000:.2g} s there"
        yield f"estimate for Lambda: {took} ({speed}), the timeout is {self.timeout_s:g} s"
        if self.longest_ms > 1000 * _NEAR * self.timeout_s:
            yield (
                "warning: this is close to the timeout or above it; raise MemorySize or Timeout in the "
                "template"
            )
