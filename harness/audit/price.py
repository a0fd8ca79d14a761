"""Estimates the cost of an audit's function calls before the audit starts."""

from __future__ import annotations

from collections.abc import Iterator

from harness.api.cost import lambda_price
from harness.api.function_arn import read_arn
from harness.errors import HarnessError
from harness.targets.deployed_code import look_up

__all__ = ["price_lines"]


def price_lines(arn: str, calls: int) -> Iterator[str]:
    """Yield sentences about what an audit of a deployed function may cost.

    Args:
        arn: ARN or name of the function.
        calls: Maximum number of calls in the audit.
    """
    yield f"The audit calls the function at most {calls:,} times (--budget)."
    if not arn.startswith("arn:"):
        yield "Name the function by its ARN to see what the calls cost."
        return
    try:
        found, region = look_up(arn), read_arn(arn).region
    except HarnessError as error:
        yield f"The cost is unknown: {error.message}."
        return
    price = lambda_price(region, found.architecture or "")
    if price is None or found.memory_mb is None:
        yield f"The cost is unknown: we have no price for {found.architecture} in {region}."
        return
    usd = calls * (price.usd_per_request + found.memory_mb / 1024 * price.usd_per_gb_second)
    yield (
        f"Lambda charges about ${usd:.4f} if each call takes one second ({found.memory_mb} MB,"
        f" {price.architecture}, list price of {price.read}); services that the grader calls,"
        " such as a judge, are charged separately."
    )
