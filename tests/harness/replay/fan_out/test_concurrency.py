from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InputError
from harness.replay.fan_out.concurrency import FreeCalls, check_workers, free_calls

ARN = "arn:aws:lambda:us-west-2:123456789012:function:grader:7"
_LIMITS = st.one_of(st.none(), st.integers(0, 3_000))


@given(_LIMITS, _LIMITS, st.integers(1, 500), st.integers(1, 20))
def test_accepted_worker_counts_fit_the_limits(
    account: int | None, reserved: int | None, workers: int, calls: int
) -> None:
    free = FreeCalls(account, reserved)
    fits = (account is None or workers * (calls + 1) <= account) if reserved is None else True
    if reserved is not None:
        fits = workers * calls <= reserved and (account is None or workers <= account)
    if fits:
        check_workers(free, workers, calls)
        return
    with pytest.raises(InputError, match="too many concurrent calls"):
        check_workers(free, workers, calls)
    most = free.most_workers(calls)
    assert most is not None
    assert most < workers


def test_the_error_says_how_many_workers_fit() -> None:
    with pytest.raises(InputError, match=r"leaves 10 concurrent calls.*Use --workers 2 or fewer"):
        check_workers(FreeCalls(10), 50, 4)
    with pytest.raises(InputError, match=r"Lower --concurrency"):
        check_workers(FreeCalls(10, 2), 1, 4)


class Answering:
    """A Lambda client that returns these limits, or refuses one operation."""

    def __init__(self, account: int | None, reserved: int | None, refused: str = "") -> None:
        self.account, self.reserved, self.refused = account, reserved, refused

    def get_account_settings(self) -> Any:
        self._refuse("GetAccountSettings")
        return {"AccountLimit": {"UnreservedConcurrentExecutions": self.account}}

    def get_function_concurrency(self, **given: str) -> Any:
        self._refuse("GetFunctionConcurrency")
        assert given == {"FunctionName": ARN.removesuffix(":7")}
        return {} if self.reserved is None else {"ReservedConcurrentExecutions": self.reserved}

    def _refuse(self, operation: str) -> None:
        if self.refused == operation:
            answer: Any = {"Error": {"Code": "AccessDeniedException", "Message": "no"}}
            raise ClientError(answer, operation)


def test_free_calls_come_from_aws_and_are_unknown_otherwise() -> None:
    assert free_calls(ARN, Answering(900, 40)) == FreeCalls(900, 40)
    assert free_calls(ARN, Answering(900, None)) == FreeCalls(900)
    assert free_calls(ARN, Answering(900, 40, "GetAccountSettings")) == FreeCalls(None, 40)
    assert free_calls(ARN, Answering(900, 40, "GetFunctionConcurrency")) == FreeCalls(900)
    assert "unknown" in FreeCalls().line(50, 4)
    assert FreeCalls(900, 40).line(5, 4) == (
        "5 workers with 4 calls each; 40 calls are reserved for the grader, and the account leaves 900"
        " concurrent calls to functions without a reservation"
    )
