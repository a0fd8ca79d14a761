"""Combined rewards: arithmetic, visible components and errors."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders import Abstain, Failure, Reward, SampleError
from graders.combine import clipped, gated, minimum, penalized, weighted
from graders.errors import ConfigurationError
from graders.reward import settle

SHARES = st.floats(0, 1)
PARTS = st.dictionaries(st.sampled_from("abcdef"), SHARES, min_size=1)
FINITE = st.floats(-1e6, 1e6)


def test_weighted_is_the_weighted_mean():
    reward = weighted({"correct": True, "brief": 0.5}, {"correct": 0.8, "brief": 0.2})
    assert reward == Reward(0.9, components={"correct": 1.0, "brief": 0.5})
    assert weighted({"a": 1, "b": 0}, {"a": 3, "b": 1}).value == 0.75
    assert weighted({"a": 1, "b": 0.3}, {"a": 1, "b": 0}) == Reward(1.0, components={"a": 1.0, "b": 0.3})


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"a": 1}, "b: give each part exactly one weight"),
        ({"a": 1, "b": 1, "c": 1}, "c: give each part"),
        ({"a": 0, "b": 0}, "above 0"),
        ({"a": -1, "b": 3}, "'a' is -1"),
        ({"a": math.nan, "b": 1}, "'a' is nan"),
        ({"a": math.inf, "b": 1}, "'a' is inf"),
        ({"a": True, "b": 1}, "'a' is True"),
        ({"a": "1", "b": 1}, "'a' is '1'"),
        ({"a": 1e308, "b": 1e308}, "above 0"),
    ],
)
def test_invalid_weights_fail_the_call(weights, message):
    with pytest.raises(ConfigurationError, match=message):
        weighted({"a": 1, "b": 1}, weights)


def test_no_parts_are_a_mistake():
    for combine in (lambda: weighted({}, {}), lambda: minimum({}), lambda: gated(True, {})):
        with pytest.raises(ConfigurationError):
            combine()


def test_gated_pays_for_form_only_where_the_answer_is_right():
    assert gated(True, {"brief": 1, "neat": 0}, share=0.2) == Reward(
        0.9, components={"correct": 1.0, "brief": 1.0, "neat": 0.0}
    )
    assert gated(False, {"brief": 1, "neat": 1}).value == 0
    assert gated(True, {"brief": 0}).value == 0.8
    assert gated(True, {"brief": 1}).value == 1
    assert gated(0.5, {"brief": 1}).value == 0.5
    for share in (-0.1, 1.1, math.nan, True, "0.2"):
        with pytest.raises(ConfigurationError, match="share"):
            gated(True, {"brief": 1}, share=share)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="names the gate"):
        gated(True, {"correct": 1})
    with pytest.raises(ValueError, match="'brief' is 1.5, outside 0 to 1"):
        gated(True, {"brief": 1.5})


def test_minimum_clipped_and_penalized():
    assert minimum({"a": 1, "b": 0.25}) == Reward(0.25, components={"a": 1.0, "b": 0.25})
    assert clipped(1.5) == Reward(1.0, metrics={"unclipped": 1.5})
    assert clipped(-3, -1, 1) == Reward(-1, metrics={"unclipped": -3.0})
    assert penalized(1, {"long": 0.25, "loud": 0.5}) == Reward(
        0.25, components={"base": 1.0, "long": 0.25, "loud": 0.5}
    )
    assert penalized(0.2, {"long": 0.5}).value == 0
    assert penalized(0.2, {"long": 0.5}, floor=-1).value == pytest.approx(-0.3)
    assert penalized(-0.5, {"long": 0.5}).value == -0.5
    with pytest.raises(ValueError, match="penalty 'long' is -0.5"):
        penalized(1, {"long": -0.5})
    with pytest.raises(ConfigurationError, match="the name of the reward before"):
        penalized(1, {"base": 0.5})
    for low, high in ((1, 0), (math.nan, 1), (0, math.inf)):
        with pytest.raises(ConfigurationError):
            clipped(1, low, high)


def test_a_nested_reward_brings_its_parts_along_under_its_name():
    inner = Reward(0.5, components={"x": 1}, metrics={"words": 7}, reason="too long")
    outer = weighted(
        {"answer": gated(True, {"style": inner}), "other": clipped(2)}, {"answer": 1, "other": 1}
    )
    assert outer.components == {
        "answer": 0.9,
        "other": 1.0,
        "answer.correct": 1.0,
        "answer.style": 0.5,
        "answer.style.x": 1,
    }
    assert outer.metrics == {"answer.style.words": 7, "other.unclipped": 2.0}
    assert outer.reason == "answer: style: too long"
    settled = settle(outer, 0, 1)
    assert isinstance(settled, Reward)
    assert settled.metrics == {"answer.style.words": 7.0, "other.unclipped": 2.0}


def test_clipping_twice_keeps_the_first_value_and_every_part():
    reward = clipped(clipped(Reward(5, components={"a": 5}, reason="why"), 0, 3), 0, 2)
    assert reward == Reward(2, metrics={"unclipped": 5.0}, components={"a": 5})
    assert reward.reason == "why"


def test_names_that_collide_are_refused():
    with pytest.raises(ConfigurationError, match=r"both named 'a\.b'"):
        minimum({"a": Reward(1, components={"b": 1}), "a.b": 1})
    with pytest.raises(ConfigurationError, match=r"both named 'a\.b'"):
        minimum({"a": Reward(1, components={"b": 1}, metrics={"b": 1})})


@pytest.mark.parametrize("part", [Abstain("no judge"), Failure("timeout", "too slow", "x at y.py:1")])
def test_a_part_without_a_reward_leaves_none_for_the_same_reason(part):
    for combine in (
        lambda: weighted({"bad": part}, {"bad": 1}),
        lambda: gated(True, {"bad": part}),
        lambda: minimum({"good": 1, "bad": part}),
        lambda: clipped(part),
        lambda: penalized(part, {}),
    ):
        with pytest.raises(SampleError) as caught:
            combine()
        expected = Failure("abstain", "no judge") if isinstance(part, Abstain) else part
        assert Failure(caught.value.kind, caught.value.message, caught.value.origin or "abstain") == expected
        assert caught.value.origin == ("" if isinstance(part, Abstain) else "x at y.py:1")


@pytest.mark.parametrize("part", [math.nan, math.inf, -math.inf, None, "1", [], Reward(math.nan)])
def test_a_part_that_is_not_a_finite_number_fails_its_sample(part):
    combinations = (
        lambda: weighted({"bad": part, "good": 1}, {"bad": 0, "good": 1}),
        lambda: gated(part, {"a": 1}),
        lambda: gated(True, {"bad": part}),
        lambda: minimum({"bad": part, "good": 0}),
        lambda: clipped(part),
        lambda: penalized(part, {}),
        lambda: penalized(1, {"bad": part}),
    )
    for combine in combinations:
        with pytest.raises(ValueError, match="not a number|not finite|abstained"):
            combine()


def test_any_kind_of_number_is_a_part():
    np = pytest.importorskip("numpy")
    assert (
        weighted(
            {"a": Fraction(1, 2), "b": np.float32(0.5), "c": np.bool_(True)}, {"a": 1, "b": 1, "c": 2}
        ).value
        == 0.75
    )


def test_rounding_does_not_lift_a_mean_of_ones_out_of_range():
    weights = dict(zip("abcdefg", [0.1, 0.6, 0.7, 0.7, 0.9, 0.6], strict=False))
    assert weighted(dict.fromkeys(weights, 1), weights).value == 1


@given(PARTS, st.data())
def test_means_and_minima_lie_between_their_parts(parts, data):
    weights = {name: data.draw(st.floats(0.001, 1000)) for name in parts}
    for reward in (weighted(parts, weights), minimum(parts)):
        assert min(parts.values()) <= reward.value <= max(parts.values())
        assert reward.components == parts


@given(SHARES, PARTS, SHARES)
def test_gated_never_leaves_0_to_1_and_never_pays_more_than_correctness(correct, extras, share):
    value = float(gated(correct, extras, share=share))
    assert 0 <= value <= correct or math.isclose(value, correct)
    assert value <= 1
    assert gated(0, extras, share=share).value == 0


@given(FINITE, st.dictionaries(st.sampled_from("abc"), st.floats(0, 1e6)), FINITE)
def test_penalties_never_raise_a_reward(value, penalties, floor):
    assert min(floor, value) <= penalized(value, penalties, floor=floor).value <= value


@given(FINITE, FINITE, FINITE)
def test_clipped_lies_within_its_bounds(value, one, other):
    low, high = sorted((one, other))
    reward = clipped(value, low, high)
    assert low <= reward.value <= high
    assert reward.value == value or not low <= value <= high
