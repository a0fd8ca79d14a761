"""Computes the cost of a fine-tuning job before it starts and while it runs.

The numbers of steps, completions and grader calls follow from the job's settings, and Lambda's cost from a
measured duration. The user supplies the price of the training itself, because AWS does not seem to publish
one.

The number of completions per record and the number per grader call are not documented by AWS. Both are
parameters, and their defaults are *unverified*.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

__all__ = [
    "COMPLETIONS_A_CALL",
    "GROUP_SIZE",
    "GraderUse",
    "JobCost",
    "LambdaPrice",
    "Workload",
    "cost_of",
    "lambda_price",
    "workload",
    "workload_of_steps",
]

GROUP_SIZE: Final = 8
"""Number of completions per record. *Unverified*: AWS only shows an example event, which fits 8."""

COMPLETIONS_A_CALL: Final = 1
"""Number of completions per grader call. *Unverified*: AWS does not document it, and 1 gives the most calls.
"""


@dataclass(frozen=True, slots=True)
class LambdaPrice:
    """Lambda's list price for one architecture in US dollars, not counting the free tier."""

    architecture: str
    usd_per_gb_second: float
    usd_per_request: float
    regions: tuple[str, ...]
    read: str
    """Date when the price was looked up, in ISO 8601 format."""
    source: str


_REGIONS = ("us-east-1", "us-east-2", "us-west-2")
_READ = "2026-11-26"
# AWS's own page loads its figures with JavaScript; the price list is
# pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AWSLambda/current/REGION/index.json.
# The whitepaper, docs.aws.amazon.com/whitepapers/latest/how-aws-pricing-works/lambda.html, rounds to
# 0.00001667.
_WHITEPAPER = "AWS whitepaper How AWS Pricing Works"
_PUBLISHED = "third parties: cloudchipr.com, artillery 2.0.28"
_PRICES = (
    LambdaPrice("x86_64", 0.0000166667, 0.20 / 1_000_000, _REGIONS, _READ, _WHITEPAPER),
    LambdaPrice("arm64", 0.0000133334, 0.20 / 1_000_000, _REGIONS, _READ, _PUBLISHED),
)


def lambda_price(region: str | None, architecture: str) -> LambdaPrice | None:
    """Look up Lambda's list price.

    Args:
        region: The function's AWS Region.
        architecture: `x86_64` or `arm64`.

    Returns:
        The price, or None if the table has no entry for the Region and architecture.
    """
    return next((one for one in _PRICES if one.architecture == architecture and region in one.regions), None)


@dataclass(frozen=True, slots=True)
class Workload:
    """The amount of grading in a job or part of a job."""

    steps: int
    completions: int
    """Number of completions graded."""
    calls: int
    """Number of function calls."""


def workload(
    records: int,
    *,
    batch_size: int,
    n_epochs: int,
    group_size: int = GROUP_SIZE,
    completions_a_call: int = COMPLETIONS_A_CALL,
) -> Workload:
    """Compute the amount of grading in a whole job. The service may stop the job early or skip long prompts.

    Args:
        records: Number of records in the training file.
        batch_size: Number of records per step.
        n_epochs: Number of passes over the records.
        group_size: Number of completions per record.
        completions_a_call: Number of completions per grader call.
    """
    epochs = max(0, n_epochs)
    steps = math.ceil(records / max(1, batch_size)) * epochs
    return _graded(steps, records * epochs * group_size, completions_a_call)


def workload_of_steps(
    steps: int,
    *,
    batch_size: int,
    group_size: int = GROUP_SIZE,
    completions_a_call: int = COMPLETIONS_A_CALL,
) -> Workload:
    """Compute the amount of grading in a job's first steps, assuming full batches.

    Args:
        steps: Number of completed steps.
        batch_size: Number of records per step.
        group_size: Number of completions per record.
        completions_a_call: Number of completions per grader call.
    """
    return _graded(steps, steps * max(1, batch_size) * group_size, completions_a_call)


def _graded(steps: int, completions: int, completions_a_call: int) -> Workload:
    return Workload(steps, completions, math.ceil(completions / max(1, completions_a_call)))


@dataclass(frozen=True, slots=True)
class GraderUse:
    """Lambda resources used to grade one completion. None means unknown."""

    region: str | None = None
    seconds: float | None = None
    """Measured time to grade one completion."""
    memory_mb: int | None = None
    architecture: str | None = None


@dataclass(frozen=True, slots=True)
class JobCost:
    """The cost of a workload in US dollars. Unknown costs are None."""

    gb_seconds: float | None
    price: LambdaPrice | None
    """The Lambda price that `lambda_usd` is based on."""
    lambda_usd: float | None
    training_usd: float | None
    """The training cost: hours times the price per hour."""

    @property
    def total_usd(self) -> float | None:
        """The total cost, or None unless both parts are known."""
        if self.lambda_usd is None or self.training_usd is None:
            return None
        return self.lambda_usd + self.training_usd

    @property
    def known_usd(self) -> float:
        """The sum of the known parts, which is a lower bound on the cost."""
        return (self.lambda_usd or 0.0) + (self.training_usd or 0.0)


def cost_of(
    work: Workload, grader: GraderUse, *, hours: float | None = None, usd_per_hour: float | None = None
) -> JobCost:
    """Compute the cost of a workload.

    Args:
        work: The amount of grading.
        grader: Lambda resources used per completion.
        hours: Duration of the job, or the time elapsed so far.
        usd_per_hour: The service's price per hour, supplied by the user.
    """
    gb_seconds = None
    if grader.seconds is not None and grader.memory_mb is not None:
        gb_seconds = work.completions * grader.seconds * grader.memory_mb / 1024
    price = None if grader.architecture is None else lambda_price(grader.region, grader.architecture)
    spent = None
    if gb_seconds is not None and price is not None:
        spent = gb_seconds * price.usd_per_gb_second + work.calls * price.usd_per_request
    training = None if hours is None or usd_per_hour is None else hours * usd_per_hour
    return JobCost(gb_seconds, price, spent, training)
