from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.signal.correlation import within_groups
from harness.signal.statistic import GROUPS, ROLLOUTS, over_groups, share, wilson


def assert_holds_its_value(found):
    """Check that the interval contains the value, or that a missing value has a reason."""
    if found.value is None:
        assert found.why
    else:
        assert found.low <= found.value <= found.high


NUMBERS = st.floats(-1e6, 1e6).map(lambda value: round(value, 3))


@given(st.integers(1, 10_000), st.data())
def test_the_interval_of_a_share_contains_it_and_stays_within_0_and_1(n, data):
    hits = data.draw(st.integers(0, n))
    low, high = wilson(hits, n)
    assert 0 <= low <= hits / n <= high <= 1
    assert high > low


def test_the_interval_is_wilson_s():
    assert wilson(10, 100) == pytest.approx((0.0552, 0.1744), abs=1e-4)
    assert wilson(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)


@given(st.integers(0, ROLLOUTS + 5), st.sampled_from(["groups", "rollouts"]))
def test_too_few_units_are_refused_with_the_reason(n, of):
    found = share(0, n, of)
    fewest = GROUPS if of == "groups" else ROLLOUTS
    assert (found.value is None) == (n < fewest) == (found.why is not None)


@given(st.lists(NUMBERS, min_size=0, max_size=40))
def test_the_interval_of_a_mean_over_groups_contains_it(values):
    found = over_groups(values)
    assert (found.value is None) == (len(values) < GROUPS)
    assert_holds_its_value(found)


GROUP = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 4)), min_size=2, max_size=6)


@given(st.lists(GROUP, min_size=10, max_size=14), st.randoms())
def test_a_correlation_within_groups_ignores_order_and_group_means(groups, random):
    def correlated(these):
        return within_groups([([one for one, _ in group], [other for _, other in group]) for group in these])

    found = correlated(groups)
    shuffled = [random.sample(group, len(group)) for group in random.sample(groups, len(groups))]
    again = correlated(
        [[(one + 1000 * at, other) for one, other in group] for at, group in enumerate(shuffled)]
    )
    assert again.value == pytest.approx(found.value, abs=1e-6)
    assert_holds_its_value(found)


def test_differences_between_records_alone_do_not_correlate():
    # Records with longer completions earn more, but within a record the longer completion earns less.
    groups = [((base, base + 1.0), (base + 0.5, base)) for base in map(float, range(20))]
    assert within_groups(groups).value == pytest.approx(-1.0)
