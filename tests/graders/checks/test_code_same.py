"""Comparison of returned values and printed output with a test's expected ones, including types."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.checks._code_same import same_output, same_value

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


def as_tuples(value):
    if isinstance(value, list):
        return tuple(map(as_tuples, value))
    return {key: as_tuples(each) for key, each in value.items()} if isinstance(value, dict) else value


@given(JSON)
def test_a_value_is_the_same_as_itself_and_lists_as_tuples(value):
    assert same_value(value, value, 0, 0)
    assert same_value(as_tuples(value), value, 0, 0)


@given(JSON, JSON)
def test_without_a_tolerance_only_values_with_the_same_json_are_equal(one, other):
    if json.dumps(one, sort_keys=True) != json.dumps(other, sort_keys=True) and same_value(one, other, 0, 0):
        assert one == other  # such as 1 and 1.0, or 0.0 and -0.0


@pytest.mark.parametrize(
    ("found", "expected", "tolerance", "relative", "same"),
    [
        (True, 1, 0, 0, False),
        (1, True, 0, 0, False),
        ("1", 1, 0, 0, False),
        (b"a", "a", 0, 0, False),
        ({1, 2}, [1, 2], 0, 0, False),
        ({1: 2}, {"1": 2}, 0, 0, False),
        (100, 101, 0, 0.1, False),
        (100.0, 101, 0, 0.1, False),
        (100, 101.0, 0, 0.1, True),
        (101.0, 101, 0, 0, True),
        (100, 101, 1, 0, True),
        (0.1 + 0.2, 0.3, 0, 1e-9, True),
        (float("nan"), float("nan"), 0, 0, True),
        (float("nan"), 1.0, 10, 0, False),
        (float("inf"), 1e308, 1e300, 0.5, False),
        (10**400, 10**400, 1, 0, True),
        (10**400, 1.0, 1, 0, False),
    ],
)
def test_values(found, expected, tolerance, relative, same):
    assert same_value(found, expected, tolerance, relative) is same


def test_a_value_that_unfolds_is_looked_at_as_far_as_it_is_expected():
    value: list = []
    for _ in range(1000):
        value = [value, value]
    assert not same_value(value, [[1], [1]], 0, 0)


@pytest.mark.parametrize(
    ("found", "expected", "how", "tolerance", "same"),
    [
        ("a \nb\n\n", "a\nb", "lines", 0, True),
        ("a\n\nb", "a\nb", "lines", 0, False),
        (" a", "a", "lines", 0, True),
        ("a  b\n", "a\nb", "words", 0, True),
        ("1.001 x", "1.0 x", "words", 0.01, True),
        ("1.1", "1.0", "words", 0.01, False),
        ("nan", "1", "words", 0.5, False),
        ("1 2", "1", "words", 5, False),
        ("a\n", "a", "exact", 0, False),
        ("A", "a", "words", 0, False),
    ],
)
def test_outputs(found, expected, how, tolerance, same):
    assert same_output(found, expected, how, tolerance) is same
