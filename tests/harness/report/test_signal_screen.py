from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import InputError
from harness.report.console import SafeConsole
from harness.report.signal import print_signal
from harness.runs.rows import Row
from harness.signal.learning import signal_from
from harness.signal.tally import gather
from support.run_records import facts_of, row_of

NUMBERS = st.sampled_from([0.0, 1.0, 0.3, -1e99, 1e16, 1e16 + 2, 1e-300, 5e-324]) | st.floats(-9e99, 9e99)
METRICS = st.dictionaries(
    st.sampled_from(["a", "b", "unread", "x.unread", "\x1b[31m" * 9]),
    st.floats(allow_nan=False, allow_infinity=False),
    max_size=3,
)
LENGTHS = st.none() | st.integers(0, 10**9)
FINISHES = st.sampled_from([None, "stop", "length", "\x1b"])
ROWS = st.lists(st.tuples(st.integers(0, 14), st.none() | NUMBERS, METRICS, LENGTHS, FINISHES), max_size=90)


def rows_of(given_rows: list[Any], repeats: int) -> list[Row]:
    found = []
    for at, (group, reward, metrics, length, finish) in enumerate(given_rows):
        more: dict[str, Any] = {} if length is None else {"length": length}
        if finish is not None:
            more["finish"] = finish
        for repeat in range(repeats):
            found.append(row_of(at, reward, at=at, group=f"p{group}", repeat=repeat, metrics=metrics, **more))
    return found


@given(ROWS, st.integers(1, 3), st.sampled_from([None, (0.0, 1.0), (-9e299, 9e299)]))
@settings(max_examples=60)
def test_whatever_a_run_holds_80_columns_hold_it(
    rows: list[Any], repeats: int, bounds: tuple[float, float] | None
) -> None:
    found = signal_from(gather(rows_of(rows, repeats), repeats), facts_of(repeats=repeats), bounds)
    json.dumps(found.to_json(), allow_nan=False)
    file = io.StringIO()
    print_signal(found, None, None, SafeConsole(file=file))
    assert max(map(len, file.getvalue().splitlines())) <= 80
    assert "\x1b" not in file.getvalue()


@pytest.mark.parametrize("reward", [1e101, -1e299])
def test_rewards_whose_squares_overflow_are_refused(reward: float) -> None:
    with pytest.raises(InputError, match="sample a: a reward of .* is too large to compute with"):
        gather([row_of(reward=reward)])
