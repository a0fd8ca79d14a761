"""The facts about a fan-out, as stored in a run's `run.json`."""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.data.sources import SourceFacts

__all__ = ["FanOutFacts", "resumed_with"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FanOutFacts:
    """Settings and progress of a run that workers in AWS grade."""

    prefix: str
    """`s3://BUCKET/FOLDER`, the parent of the run's folder in S3."""
    machine: str
    """ARN of the state machine."""
    workers: int
    """Number of workers that grade at the same time."""
    calls: int
    """Number of concurrent grader calls per worker."""
    records: SourceFacts | None = None
    """The training file in S3, or None if none was given."""
    attempt: int = 0
    """Number of executions started for this run."""
    execution: str | None = None
    """ARN of the last execution, or None before the first one."""

    def __post_init__(self) -> None:
        if min(self.workers, self.calls) < 1 or self.attempt < 0:
            raise ValueError("has an impossible number of workers, calls or attempts")


def resumed_with(was: FanOutFacts | None, asked: FanOutFacts | None) -> FanOutFacts | None:
    """Return the settings of the new command with the executions that the run already started."""
    if was is None or asked is None:
        return was
    return replace(asked, attempt=was.attempt, execution=was.execution)
