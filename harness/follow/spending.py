"""What a job has cost so far, as far as it is known, and the limit that ends it.

Steps give the grader's calls, and a replay's duration their price at Lambda. The hours since the job was
created count where the user gave a price an hour, the wait in the queue included: from when the service
counts is not documented. What is unknown counts as nothing, so it never ends a job.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.api.cost import GROUP_SIZE, GraderUse, JobCost, cost_of, workload_of_steps
from harness.errors import InputError

__all__ = ["SpendingLimit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendingLimit:
    """The most that a job may cost, and what its cost is computed from."""

    usd: float
    """End the job when the known cost so far is above this."""
    grader: GraderUse = GraderUse()
    """What one grading takes."""
    grader_assumed: bool = False
    """Whether the function's memory and architecture are assumed."""
    batch_size: int | None = None
    """Records a step; None where the job's is not known."""
    usd_per_hour: float | None = None
    """What the service charges an hour, as the user says."""

    def so_far(self, steps: int, hours: float | None) -> JobCost:
        """Compute what is known.

        Args:
            steps: Steps that the job has taken.
            hours: How long the job has run; None where that is not known.
        """
        grader = GraderUse() if self.batch_size is None else self.grader
        work = workload_of_steps(steps, batch_size=self.batch_size or 1)
        return cost_of(work, grader, hours=hours, usd_per_hour=self.usd_per_hour)

    def is_passed(self, cost: JobCost) -> bool:
        """Whether a known cost is above the limit; NaN is not."""
        return cost.known_usd > self.usd

    def sentences(self) -> list[str]:
        """What is counted and what is not, each without its stop.

        Raises:
            InputError: Nothing can be counted, so that the limit could never end the job.
        """
        priced = self.so_far(1, None)
        counted, unknown = [], []
        if priced.lambda_usd is not None and priced.price is not None:
            settings = f"{self.grader.memory_mb} MB, {self.grader.architecture}"
            counted.append(
                f"Lambda ({settings}{', assumed' if self.grader_assumed else ''}; {GROUP_SIZE} completions a"
                f" record, unverified; list price read {priced.price.read})"
            )
        else:
            unknown.append(f"Lambda ({self._unknown()})")
        if self.usd_per_hour is not None:
            counted.append(f"training ({self.usd_per_hour:g} USD an hour since the job was created)")
        else:
            unknown.append("training (AWS publishes no price that we found; --price-per-hour gives one)")
        if not counted:
            raise InputError(
                f"--stop-above could never end this job: unknown are {' and '.join(unknown)}",
                fix="Add --price-per-hour.",
            )
        said = [
            f"the job is canceled when it costs more than {self.usd:g} USD; counted: {' and '.join(counted)}"
        ]
        return said + [f"not counted: {what}" for what in unknown]

    def _unknown(self) -> str:
        if self.batch_size is None:
            return "the job was not submitted from here, so its batch size and its replay are not known"
        if self.grader.seconds is None:
            return "no replay measured the grader's duration; `rft submit --run` names one"
        return f"no price is known in {self.grader.region or 'its Region'}"
