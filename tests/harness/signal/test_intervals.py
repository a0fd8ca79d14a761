from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.signal.intervals import Interval, Pair, compare, interval

rewards = st.floats(0, 1)
by_record = st.dictionaries(st.integers(0, 30).map(str), rewards, max_size=20)


@pytest.mark.parametrize(
    ("count", "t"), [(2, 12.706), (3, 4.303), (4, 3.182), (5, 2.776), (10, 2.262), (61, 2.000)]
)
def test_the_interval_is_students(count: int, t: float) -> None:
    values = [float(number) for number in range(count)]
    found = interval(values)
    assert found is not None
    assert found.high is not None
    reach = t * statistics.stdev(values) / count**0.5
    assert found.high - found.mean == pytest.approx(reach, rel=0.005)


def test_one_record_has_no_interval_and_none_has_no_mean() -> None:
    found = interval([0.5])
    assert found is not None
    assert (found.mean, found.low, found.high) == (0.5, None, None)
    assert interval([]) is None


@given(by_record, by_record)
def test_a_pair_counts_common_records_once_and_is_antisymmetric(
    first: dict[str, float], other: dict[str, float]
) -> None:
    pair, reverse = compare(first, other), compare(other, first)
    common = first.keys() & other.keys()
    if pair is None or reverse is None:
        assert not common
        return
    assert pair.wins + pair.losses + pair.ties == pair.difference.records == len(common)
    assert (pair.wins, pair.losses) == (reverse.losses, reverse.wins)
    assert pair.difference.mean == pytest.approx(-reverse.difference.mean, abs=1e-12)


def test_pairing_reveals_differences_hidden_by_the_spread_of_records() -> None:
    first = {str(number): number / 10 for number in range(10)}
    pair = compare(first, {name: mean + 0.05 + 0.001 * int(name) for name, mean in first.items()})
    assert pair is not None
    assert pair.is_clear
    assert pair.wins == 10
    nothing = compare(
        first, {name: mean + (0.05 if int(name) % 2 else -0.05) for name, mean in first.items()}
    )
    assert nothing is not None
    assert not nothing.is_clear


@pytest.mark.parametrize(
    ("low", "high", "clear"), [(0.1, 0.2, True), (-0.2, -0.1, True), (0.0, 0.2, False), (-0.2, 0.0, False)]
)
def test_an_interval_that_ends_at_zero_does_not_exclude_it(low: float, high: float, clear: bool) -> None:
    assert Pair(Interval((low + high) / 2, low, high, 5), 1, 1, 3).is_clear is clear


def test_equal_rewards_show_no_clear_difference() -> None:
    pair = compare({"a": 1.0, "b": 0.5}, {"a": 1.0, "b": 0.5})
    assert pair is not None
    assert (pair.ties, pair.is_clear) == (2, False)
