"""What the local Lambda runtime measured of a function during a run, kept in the run's folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.localaws.limits import processor_share

__all__ = ["FILE", "LOG", "FunctionReport"]

FILE = "function.json"
LOG = "function.log"
"""The function's own log, all environments in one file."""

_NEAR = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionReport:
    """Measurements of one function under the local runtime."""

    schema: int = 1
    protection: str
    """What kept the function from writing where it cannot in Lambda."""
    says: str
    """What that protection means, in words."""
    notes: tuple[str, ...] = ()
    """How this differs from the deployed function, a sentence each."""
    calls: int
    memory_mb: int
    timeout_s: float
    longest_ms: float | None
    """The longest call as it would be in Lambda, with the function's share of a processor: an estimate."""
    peak_memory_mb: float
    cold_start_ms: float | None
    """The first one; None where no environment got to answer."""

    def lines(self) -> Iterator[str]:
        """The report in a few lines for people."""
        yield from (f"note: {note}" for note in self.notes)
        yield f"protection: {self.protection} ({self.says})"
        if self.longest_ms is None:
            return
        share = processor_share(self.memory_mb)
        speed = f"{self.memory_mb} MB is {share:.2f} of a processor" if share < 1 else f"{self.memory_mb} MB"
        took = f"the longest call takes about {self.longest_ms / 1000:.2g} s there"
        yield f"estimate for Lambda: {took} ({speed}), the timeout is {self.timeout_s:g} s"
        if self.longest_ms > 1000 * _NEAR * self.timeout_s:
            yield "warning: that is near the timeout or over it; raise MemorySize or Timeout in the template"
