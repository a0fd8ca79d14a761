"""Return values of a scoring function: valid rewards and failures."""

from __future__ import annotations

import copy
import inspect
import math
from decimal import Decimal
from fractions import Fraction

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders import Abstain, Failure, Reward
from graders.reward import KINDS, RESERVED, drop, number, settle

HUGE = 10**5000


class Hostile:
    """A return value whose methods raise errors other than ValueError."""

    def __float__(self):
        raise RuntimeError("no")

    def __str__(self):
        raise RuntimeError("no")

    __repr__ = __str__

    @property
    def ndim(self):
        raise KeyError("no")


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        (0.5, 0.5),
        (1, 1.0),
        (0, 0.0),
        (True, 1.0),
        (False, 0.0),
        (Decimal("0.25"), 0.25),
        (Fraction(1, 4), 0.25),
        (numpy.float64(0.5), 0.5),
        (numpy.float32(0.5), 0.5),
        (numpy.float16(0.5), 0.5),
        (numpy.int64(1), 1.0),
        (numpy.bool_(True), 1.0),
        (numpy.array(0.5), 0.5),
    ],
    ids=repr,
)
def test_every_kind_of_number_becomes_a_float(given_, expected):
    outcome = settle(given_, 0, 1)
    assert isinstance(outcome, Reward)
    assert outcome.value == expected
    assert type(outcome.value) is float


BAD = [
    math.nan,
    math.inf,
    -math.inf,
    None,
    "1",
    "",
    b"1",
    1j,
    [1.0],
    (1.0,),
    {"reward": 1.0},
    {1.0},
    object(),
    numpy.array([1.0]),
    numpy.array([0.1, 0.2]),
    numpy.array([[1.0]]),
    numpy.float64("nan"),
    Decimal("NaN"),
    Decimal("sNaN"),
    Decimal("Infinity"),
    Failure("abstain", "returned by hand"),
    HUGE,
    -HUGE,
    1.0000001,
    -0.0000001,
    2,
    Hostile(),
    Reward(Hostile()),
    Reward(math.nan),
    Reward("1"),  # type: ignore[arg-type]
    Reward(1.5),
    Reward(1.0, metrics={"a": math.nan}),
    Reward(1.0, metrics={"a": "1"}),  # type: ignore[dict-item]
    Reward(1.0, metrics={"": 1.0}),
    Reward(1.0, metrics={1: 1.0}),  # type: ignore[dict-item]
    Reward(1.0, metrics={"grader_error": 0.0}),
    Reward(1.0, metrics={"grader_error_timeout": 0.0}),
    Reward(1.0, components={"a": math.inf}),
    Reward(1.0, metrics=[("a", 1.0)]),  # type: ignore[arg-type]
    Reward(1.0, metrics={"a": 1.0}, components={"a": 1.0}),
    Reward(1.0, metrics={"a": 1}, components={"a": 1}),
    Reward(1.0, metrics={"a": Hostile()}),
]


@pytest.mark.parametrize("answer", BAD, ids=range(len(BAD)))
def test_anything_but_a_number_in_range_is_a_failure_and_never_a_reward(answer):
    outcome = settle(answer, 0.0, 1.0)
    assert isinstance(outcome, Failure)
    assert outcome.kind == "value"
    assert outcome.origin == "value"


@pytest.mark.parametrize("answer", [2.0, -1.0, Reward(2.0), 1 + 1e-9])
def test_out_of_range_is_an_error_and_not_clipped(answer):
    outcome = settle(answer, 0.0, 1.0)
    assert isinstance(outcome, Failure)
    assert "range" in outcome.message


def test_messages_say_what_to_write_instead():
    assert "return a float, a bool, a Reward or an Abstain" in settle("1", 0, 1).message  # type: ignore[union-attr]
    assert "Abstain(reason)" in settle(math.nan, 0, 1).message  # type: ignore[union-attr]
    assert "@grader(range=...)" in settle(7, 0, 1).message  # type: ignore[union-attr]


def test_an_abstention_keeps_its_reason():
    outcome = settle(Abstain("the judge refused"), 0, 1)
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.message) == ("abstain", "the judge refused")


def test_an_abstention_whose_reason_cannot_be_read_is_still_no_reward():
    assert isinstance(settle(Abstain(Hostile()), 0, 1), Failure)  # type: ignore[arg-type]


@given(st.floats(), st.floats(-100, 100), st.floats(0.001, 100))
def test_a_settled_float_is_finite_and_in_range_or_no_reward(value, low, width):
    outcome = settle(value, low, low + width)
    if math.isfinite(value) and low <= value <= low + width:
        assert outcome == Reward(value)
    else:
        assert isinstance(outcome, Failure)


@given(st.dictionaries(st.text(), st.one_of(st.floats(), st.integers(), st.booleans(), st.none())))
def test_metrics_become_finite_floats_or_fail_the_sample(metrics):
    outcome = settle(Reward(0.5, metrics=metrics), 0, 1)
    fine = all(
        name and not name.startswith("grader_error") and value is not None and _fits(value)
        for name, value in metrics.items()
    )
    assert isinstance(outcome, Reward) is fine
    if isinstance(outcome, Reward):
        assert outcome.metrics == {name: float(value) for name, value in metrics.items()}
        assert all(type(value) is float for value in outcome.metrics.values())


def _fits(value: float) -> bool:
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def test_a_settled_reward_has_its_own_dictionaries():
    shared = {"a": 0.5}
    outcome = settle(Reward(1.0, metrics=shared, components={"b": 1}, reason="why"), 0, 1)
    shared["a"] = 0.9
    assert outcome == Reward(1.0, metrics={"a": 0.5}, components={"b": 1.0})
    assert outcome.reason == "why"  # type: ignore[union-attr]


def test_rewards_compare_by_their_numbers_and_show_their_call():
    assert Reward(1.0, reason="a") == Reward(1, reason="b")
    assert Reward(1.0) != Reward(1.0, metrics={"a": 1.0})
    assert Reward(1.0) != 1.0
    assert float(Reward(0.25)) == 0.25
    assert [bool(Reward(value)) for value in (0, 0.0, False, 0.25, -1)] == [False, False, False, True, True]
    assert repr(Reward(1.0)) == "Reward(1.0)"
    assert repr(Reward(0.5, metrics={"a": 1}, reason="r")) == "Reward(0.5, metrics={'a': 1}, reason='r')"
    assert repr(Abstain("why")) == "Abstain('why')"
    assert repr(Failure("value", "m")) == "Failure('value', 'm')"


OUTCOMES = st.one_of(
    st.builds(Abstain, st.sampled_from("ab")),
    st.builds(Failure, st.sampled_from(KINDS), st.sampled_from("ab"), st.sampled_from(["", "x.py:1"])),
    st.builds(
        Reward,
        st.sampled_from([0, 0.0, 1.0, True]),
        metrics=st.dictionaries(st.sampled_from("ab"), st.sampled_from([0, 1.0]), max_size=2),
        reason=st.sampled_from([None, "r"]),
    ),
)


@given(OUTCOMES, OUTCOMES)
def test_equal_values_have_the_same_hash_and_type(one, other):
    assert one == copy.copy(one)
    assert (one == other) is (other == one)
    if one == other:
        assert hash(one) == hash(other)
        assert type(one) is type(other)
    assert one != repr(one)


def test_a_failure_compares_by_kind_and_message_but_not_by_origin():
    assert Failure("value", "m", "x.py:1") == Failure("value", "m")
    assert Failure("value", "m") != Failure("record", "m")
    assert Failure("value", "m") != Failure("value", "n")
    assert Abstain("why") == Abstain("why") != Abstain("not")


@given(st.dictionaries(st.text(min_size=1), st.floats(-1, 1)), st.floats(0, 1))
def test_a_settled_reward_shares_nothing_with_the_answer(metrics, value):
    metrics = {name: number for name, number in metrics.items() if not name.startswith(RESERVED)}
    components = {f"c {name}": number for name, number in metrics.items()}
    components = {name: number for name, number in components.items() if name not in metrics}
    before = Reward(value, metrics=dict(metrics), components=dict(components))
    settled = settle(Reward(value, metrics=metrics, components=components), 0, 1)
    assert settled == before
    metrics["filled again"] = components["filled again"] = 1.0
    assert settled == before


@pytest.mark.parametrize("made", [Reward(1.0), Abstain("why"), Failure("value", "m")], ids=repr)
def test_outcomes_accept_no_other_attributes(made):
    with pytest.raises(AttributeError):
        made.score = 1.0


def test_number_names_the_type_and_quotes_nothing():
    with pytest.raises(ValueError, match="^a str is not a number") as caught:
        number("the secret completion")
    assert "secret" not in str(caught.value)


async def waits(held: object) -> object:
    """Keep an awaitable, and await it only when this coroutine runs."""
    return held


@pytest.mark.parametrize(
    "wrapped", [lambda one: one, lambda one: {"a": one, "b": 1.0}, lambda one: [one], tuple]
)
def test_a_coroutine_that_never_runs_is_dropped_with_those_in_its_arguments(wrapped):
    inner = waits(None)
    middle = waits(wrapped([inner] if wrapped is tuple else inner))
    outer = waits(middle)
    drop(outer)
    assert {*map(inspect.getcoroutinestate, (outer, middle, inner))} == {inspect.CORO_CLOSED}


def test_a_coroutine_that_has_started_is_not_dropped_with_the_one_that_holds_it():
    begun = waits_on(Pending())
    assert begun.send(None) == "waiting"
    drop(waits(begun))
    assert inspect.getcoroutinestate(begun) == inspect.CORO_SUSPENDED
    begun.close()


async def waits_on(one: Pending) -> None:
    await one


class Pending:
    """An awaitable that needs no event loop."""

    def __await__(self):
        yield "waiting"
