"""Finds how many concurrent calls AWS allows, so that a fan-out throttles neither itself nor a job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.api.function_arn import read_arn
from harness.aws import AwsError, client, explained
from harness.errors import InputError

__all__ = ["FreeCalls", "check_workers", "free_calls"]


@dataclass(frozen=True, slots=True)
class FreeCalls:
    """Limits on concurrent calls. None means that a limit is unknown, or that the function has none."""

    account: int | None = None
    """Concurrent calls that the account leaves to functions without reserved concurrency."""
    reserved: int | None = None
    """Concurrent calls reserved for the grader, which cannot have more."""

    def most_workers(self, calls: int) -> int | None:
        """Return the number of workers that fit within the limits, or None if no limit is known.

        Each worker makes `calls` concurrent calls of the grader, and is itself a call of the worker function.
        """
        if self.reserved is not None:
            by_grader = self.reserved // calls
            return by_grader if self.account is None else min(by_grader, self.account)
        return None if self.account is None else self.account // (calls + 1)

    def line(self, workers: int, calls: int) -> str:
        """Describe the limits, for use in a sentence."""
        used = f"{workers:,} workers with {calls:,} call{'' if calls == 1 else 's'} each"
        if self.account is None and self.reserved is None:
            return f"{used}; the account's free calls are unknown (needs lambda:GetAccountSettings)"
        limits = []
        if self.reserved is not None:
            limits.append(f"{self.reserved:,} calls are reserved for the grader")
        if self.account is not None:
            limits.append(
                f"the account leaves {self.account:,} concurrent calls to functions without a reservation"
            )
        return f"{used}; {', and '.join(limits)}"


def free_calls(grader: str, functions: Any = None) -> FreeCalls:
    """Ask AWS for the limits on a grader's calls. Limits that the credentials may not read are None.

    Args:
        grader: ARN of the grader's version.
        functions: A Lambda client. None creates one from the environment.
    """
    arn = read_arn(grader)
    functions = functions or client("lambda", arn.region, retries={"total_max_attempts": 2})
    account = reserved = None
    try:
        with explained(None):
            account = functions.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
    except AwsError:
        pass
    try:
        with explained(None):
            found = functions.get_function_concurrency(FunctionName=arn.function)
            reserved = found.get("ReservedConcurrentExecutions")
    except AwsError:
        pass
    return FreeCalls(account, reserved)


def check_workers(free: FreeCalls, workers: int, calls: int) -> None:
    """Raise an error if AWS would not allow this many concurrent calls.

    Raises:
        InputError: There would be too many calls; the message gives the number of workers that fit.
    """
    most = free.most_workers(calls)
    if most is not None and workers > most:
        fix = (
            f"Use --workers {most} or fewer; a running job also needs calls."
            if most
            else f"Lower --concurrency ({calls} calls per worker), or ask AWS for a higher limit."
        )
        raise InputError(f"too many concurrent calls: {free.line(workers, calls)}", fix=fix)
