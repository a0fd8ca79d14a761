from __future__ import annotations

from collections import Counter

import pytest

from harness.simulator.failure import WINDOW, by_kind, failing_grader


@pytest.mark.parametrize(
    ("latest", "fails"),
    [
        (["exception"] * 19, False),
        (["exception"] * 20, True),
        (["timeout"] * 11 + [None] * 9, True),
        (["timeout"] * 10 + [None] * 10, False),
        (["abstain"] * WINDOW, False),
        (["record"] * WINDOW, False),
        (["value"] * 33 + ["abstain"] * 31, True),
        ([], False),
    ],
)
def test_more_than_half_of_the_latest_draws_is_too_much(latest: list[str | None], fails: bool) -> None:
    failure = failing_grader(latest)
    assert (failure is not None) is fails
    if failure is not None:
        assert failure.code == "grader_error_rate"
        assert f"of the last {len(latest)} samples got no reward" in failure.message


def test_failures_are_listed_by_kind() -> None:
    assert by_kind(Counter({"timeout": 1, "exception": 3})) == "exception 3, timeout 1"
