from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InputError
from harness.signal.row_filter import read_condition

SIGNS = ("=", "!=", "<", "<=", ">", ">=")
numbers = st.floats(allow_nan=False, allow_infinity=False, width=32)


def row(**more: Any) -> Any:
    return {
        "at": 0,
        "repeat": 0,
        "id": "a",
        "group": "g",
        "reward": 0.5,
        "metrics": {},
        "error": None,
        **more,
    }


@given(st.sampled_from(SIGNS), numbers, numbers)
def test_a_number_is_compared_as_python_compares_it(sign: str, value: float, limit: float) -> None:
    condition = read_condition(f"reward{sign}{limit!r}")
    expected = {
        "=": abs(value - limit) <= 1e-12,
        "!=": abs(value - limit) > 1e-12,
        "<": limit - value > 1e-12,
        "<=": value - limit <= 1e-12,
        ">": value - limit > 1e-12,
        ">=": limit - value <= 1e-12,
    }
    assert condition.holds(condition.value_in(row(reward=value))) is expected[sign]


@given(st.text(min_size=1).map(str.strip).filter(lambda name: name and name[-1] not in "!<>="), numbers)
def test_a_metric_of_any_name_is_found(name: str, value: float) -> None:
    condition = read_condition(f"metrics.{name}={value!r}")
    found = row(metrics={name: value, "other": value + 1})
    assert condition.holds(condition.value_in(found))


@given(st.text())
def test_any_text_is_a_condition_or_refused(text: str) -> None:
    with contextlib.suppress(InputError):
        condition = read_condition(text)
        assert condition.holds(condition.value_in(row())) in (True, False)


@pytest.mark.parametrize(
    ("text", "label", "holds"),
    [
        ("label=true", True, True),
        ("label=True", "true", True),
        ("label!=true", False, True),
        ("label=0", False, False),
        ("label=a=b", "a=b", True),
        ("label=1", 1, True),
        ("label>=0.5", 10**400, True),
        ("label<2", "one", False),
        ("label = yes", "yes", True),
        ("label=true", None, False),
    ],
)
def test_labels_are_compared_by_their_kind(text: str, label: Any, holds: bool) -> None:
    condition = read_condition(text)
    assert condition.holds(condition.value_in(row(label=label))) is holds


def test_missing_values_never_satisfy_a_condition() -> None:
    for text in ("brief=0", "brief!=0", "length>1", "finish!=stop", "error!=crash", "reward!=1"):
        condition = read_condition(text)
        assert not condition.holds(condition.value_in(row(reward=None))), text


@pytest.mark.parametrize(
    "text", ["", "reward", "reward=", "=1", "<", "reward=high", "brief>x", "finish<stop", "error<1"]
)
def test_invalid_conditions_are_refused(text: str) -> None:
    with pytest.raises(InputError):
        read_condition(text)
