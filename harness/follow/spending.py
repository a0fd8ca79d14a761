"""Computes a job's known cost so far, and compares the cost with the user's limit.

The Lambda cost is computed from the number of steps and from the duration that a replay measured. If the user
gave a price per hour, all hours since the job was created are counted, including the time in the queue,
because AWS does not document when billing starts. Unknown costs count as zero, so they never cause a job to
be canceled.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.api.cost import GROUP_SIZE, GraderUse, JobCost, cost_of, workload_of_steps
from harness.errors import InputError

__all__ = ["SpendingLimit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendingLimit:
    """A job's cost limit, and the figures from which the cost is computed."""

    usd: float
    """Known cost above which the job is canceled."""
    grader: GraderUse = GraderUse()
    """The Lambda usage of one grading."""
    grader_assumed: bool = False
    """True if the function's memory and architecture are only assumed."""
    batch_size: int | None = None
    """Number of records per step; None if it is not known."""
    usd_per_hour: float | None = None
    """The service's price per hour, as given by the user."""

    def so_far(self, steps: int, hours: float | None) -> JobCost:
        """Compute the known cost so far.

        Args:
            steps: Number of steps so far.
            hours: Hours so far; None if unknown.
        """
        grader = GraderUse() if self.batch_size is None else self.grader
        work = workload_of_steps(steps, batch_size=self.batch_size or 1)
        return cost_of(work, grader, hours=hours, usd_per_hour=self.usd_per_hour)

    def is_passed(self, cost: JobCost) -> bool:
        """Return True if a known cost exceeds the limit, which NaN never does."""
        return cost.known_usd > self.usd

    def sentences(self) -> list[str]:
        """Return sentences, without periods, that list which costs are counted and which are not.

        Raises:
            InputError: No cost is known, so the limit could never take effect.
        """
        priced = self.so_far(1, None)
        counted, unknown = [], []
        if priced.lambda_usd is not None and priced.price is not None:
            settings = f"{self.grader.memory_mb} MB, {self.grader.architecture}"
            counted.append(
                f"Lambda ({settings}{', assumed' if self.grader_assumed else ''}; {GROUP_SIZE} completions"
                f" per record, unverified; list price read {priced.price.read})"
            )
        else:
            unknown.append(f"Lambda ({self._unknown()})")
        if self.usd_per_hour is not None:
            counted.append(f"training ({self.usd_per_hour:g} USD per hour since the job was created)")
        else:
            unknown.append("training (AWS publishes no price that we found; --price-per-hour gives one)")
        if not counted:
            raise InputError(
                f"--stop-above could never end this job: {' and '.join(unknown)} are unknown",
                fix="Add --price-per-hour.",
            )
        said = [
            f"the job is canceled when it costs more than {self.usd:g} USD; counted: {' and '.join(counted)}"
        ]
        return said + [f"not counted: {what}" for what in unknown]

    def _unknown(self) -> str:
        if self.batch_size is None:
            return "the job was not submitted from here, so its batch size and its replay are unknown"
        if self.grader.seconds is None:
            return "no replay measured the grader's duration; `rft submit --run` gives one"
        return f"no price is known in {self.grader.region or 'its Region'}"
