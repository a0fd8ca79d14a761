"""How many calls an account leaves free, so that a fan-out throttles neither itself nor a running job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.api.function_arn import read_arn
from harness.aws import AwsError, client, explained
from harness.errors import InputError

__all__ = ["FreeCalls", "check_workers", "free_calls"]


@dataclass(frozen=True, slots=True)
class FreeCalls:
    """What limits calls at once. None is unknown, or no limit of the function's own."""

    account: int | None = None
    """Calls at once that the account leaves to functions without a reservation."""
    reserved: int | None = None
    """Calls at once that are reserved for the grader; it gets no more."""

    def most_workers(self, calls: int) -> int | None:
        """How many workers fit, each with so many calls of the grader; None where nothing is known.

        A worker is a call of its own function, beside those that it makes.
        """
        if self.reserved is not None:
            by_grader = self.reserved // calls
            return by_grader if self.account is None else min(by_grader, self.account)
        return None if self.account is None else self.account // (calls + 1)

    def line(self, workers: int, calls: int) -> str:
        """What is known, as a sentence's end."""
        used = f"{workers:,} workers with {calls:,} call{'' if calls == 1 else 's'} each"
        if self.account is None and self.reserved is None:
            return f"{used}; what the account leaves free is unknown (lambda:GetAccountSettings)"
        limits = []
        if self.reserved is not None:
            limits.append(f"{self.reserved:,} calls are reserved for the grader")
        if self.account is not None:
            limits.append(
                f"the account leaves {self.account:,} calls at once to functions without a reservation"
            )
        return f"{used}; {', and '.join(limits)}"


def free_calls(grader: str, functions: Any = None) -> FreeCalls:
    """Ask AWS what limits calls of a grader; what these credentials may not ask is unknown.

    Args:
        grader: ARN of its version.
        functions: A client of Lambda; made from the environment when None.
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
    """Refuse more calls at once than AWS would let through.

    Raises:
        InputError: They are more; the message says how many workers fit.
    """
    most = free.most_workers(calls)
    if most is not None and workers > most:
        fix = (
            f"Write --workers {most} or fewer; a running job needs calls, too."
            if most
            else f"Lower --concurrency ({calls} calls a worker), or ask AWS for a higher limit."
        )
        raise InputError(f"these are too many calls at once: {free.line(workers, calls)}", fix=fix)
