"""What a run's record says of a fan-out: where its parts are, and what grades them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.data.sources import SourceFacts

__all__ = ["FanOutFacts", "resumed_with"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FanOutFacts:
    """How a run is graded by workers in AWS."""

    prefix: str
    """`s3://BUCKET/FOLDER`, below which the run's own folder is."""
    machine: str
    """ARN of the state machine."""
    workers: int
    """How many grade at once."""
    calls: int
    """How many calls of the grader each keeps under way."""
    records: SourceFacts | None = None
    """The training records in S3, where they were named."""
    attempt: int = 0
    """How many executions this run has begun."""
    execution: str | None = None
    """ARN of the last of them; None before the first."""

    def __post_init__(self) -> None:
        """Refuse what no fan-out has."""
        if min(self.workers, self.calls) < 1 or self.attempt < 0:
            raise ValueError("counts workers, calls or attempts below what is possible")


def resumed_with(was: FanOutFacts | None, asked: FanOutFacts | None) -> FanOutFacts | None:
    """A run's fan-out as a later command asks for it: what it began is kept."""
    if was is None or asked is None:
        return was
    return replace(asked, attempt=was.attempt, execution=was.execution)
