from __future__ import annotations

import math
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.simulator.features import DIMENSIONS, features, length_in_tokens
from harness.simulator.policy import (
    Draws,
    Option,
    Policy,
    advantages,
    draw,
    entropy,
    expected,
    generator,
    initial,
    learn,
    probabilities,
)

rewards = st.floats(-1, 1)
texts = st.text("ab #*\n1", max_size=40)
groups = st.lists(texts, min_size=2, max_size=6)


def options_of(found: list[str], name: str = "") -> list[Option]:
    return [Option(f"{name}{at}", features(text), length_in_tokens(text)) for at, text in enumerate(found)]


def moved(found: list[str], seed: int = 0) -> Policy:
    """Return a policy after three steps of training."""
    options = options_of(found)
    policy = initial()
    for step in range(3):
        picks = draw(policy, options, 8, generator(seed, step))
        policy = learn(policy, [Draws(options, picks, [float(pick % 2) for pick in picks])], 0.6).policy
    return policy


def same(left: Policy, right: Policy) -> bool:
    """Return True if the policies are equal bit for bit."""
    return left.theta.tobytes() == right.theta.tobytes() and dict(left.own) == dict(right.own)


@given(groups, st.floats(0.05, 2))
def test_probabilities_are_a_distribution(found: list[str], temperature: float) -> None:
    weights = probabilities(moved(found), options_of(found), temperature=temperature)
    assert math.isclose(math.fsum(weights), 1.0)
    assert all(weight >= 0 for weight in weights)
    assert -1e-9 <= entropy(weights) <= math.log(len(found)) + 1e-9


@given(groups)
def test_the_base_model_finds_all_completions_equally_likely(found: list[str]) -> None:
    assert probabilities(initial(), options_of(found)) == pytest.approx([1 / len(found)] * len(found))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8).filter(lambda found: sum(found) > 0))
def test_entropy_counts_every_completion_that_can_be_drawn(found: list[float]) -> None:
    weights = [each / sum(found) for each in found]
    assert entropy(weights) == pytest.approx(
        sum(-each * math.log(each) for each in weights if each), abs=1e-9
    )


@given(st.lists(st.one_of(st.none(), rewards), min_size=1, max_size=16))
def test_advantages_add_up_to_zero_and_missing_rewards_get_none(found: list[float | None]) -> None:
    gains = advantages(found)
    assert math.fsum(gains) == pytest.approx(0.0, abs=1e-6)
    assert all(gain == 0.0 for gain, reward in zip(gains, found, strict=True) if reward is None)
    if any(gains):
        known = [gain for gain, reward in zip(gains, found, strict=True) if reward is not None]
        assert math.fsum(gain * gain for gain in known) / len(known) == pytest.approx(1.0, rel=1e-6)


def test_a_missing_reward_is_not_a_low_one() -> None:
    assert advantages([1.0, 1.0, None]) == [0.0, 0.0, 0.0]
    assert advantages([1.0, 0.0, None])[:2] == advantages([1.0, 0.0])


@given(rewards, st.integers(1, 16))
def test_equal_rewards_give_no_advantage(reward: float, count: int) -> None:
    assert advantages([reward] * count) == [0.0] * count


@given(groups, rewards, st.integers(0, 100))
def test_a_constant_grader_leaves_the_policy_bit_for_bit_unchanged(
    found: list[str], reward: float, seed: int
) -> None:
    policy = moved(found)
    before = Policy(array("d", policy.theta), dict(policy.own))
    options = options_of(found)
    picks = draw(policy, options, 8, generator(seed))
    after = learn(policy, [Draws(options, picks, [reward] * 8)] * 3, 0.6)
    assert same(after.policy, before)
    assert after.own_changed == {}
    assert after.figures.grad_norm == 0.0
    assert after.figures.loss == 0.0


@given(groups, st.integers(0, 100))
def test_a_step_raises_the_better_and_lowers_the_worse(found: list[str], seed: int) -> None:
    options = options_of([*found, "one right answer", "#### a wrong one"])
    good, bad = len(options) - 2, len(options) - 1
    after = learn(initial(), [Draws(options, [good, bad], [1.0, 0.0])], 0.1).policy
    weights = probabilities(after, options)
    assert weights[good] > 1 / len(options) > weights[bad]


@given(groups, st.lists(rewards, min_size=6, max_size=6), st.integers(0, 20))
def test_the_step_is_the_gradient_of_the_loss(found: list[str], values: list[float], seed: int) -> None:
    """The loss must fall by the squared norm of the gradient times the size of a small step."""
    policy, options = moved(found), options_of(found)
    picks = draw(policy, options, 6, generator(seed))
    batch = [Draws(options, picks, values)]
    small = 1e-6
    before, after = learn(policy, batch, small), None
    after = learn(before.policy, batch, small)
    fall = before.figures.loss - after.figures.loss
    assert fall == pytest.approx(small * before.figures.grad_norm**2, rel=1e-2, abs=1e-12)


def test_a_record_that_is_drawn_twice_counts_twice_and_a_batch_is_a_mean() -> None:
    options = options_of(["a", "b"])
    group = Draws(options, [0, 1, 1], [1.0, 0.0, 0.0])
    once, twice = learn(initial(), [group], 0.6), learn(initial(), [group, group], 0.6)
    assert twice.policy.own == pytest.approx(once.policy.own)
    assert twice.policy.theta.tolist() == pytest.approx(once.policy.theta.tolist())
    beside = learn(initial(), [group, Draws(options_of(["c"], "other"), [0], [1.0])], 0.6)
    assert beside.policy.own == pytest.approx({key: own / 2 for key, own in once.policy.own.items()})


def test_learning_from_other_records_is_kept() -> None:
    first = learn(initial(), [Draws(options_of(["a", "b"]), [0, 1], [1.0, 0.0])], 0.6).policy
    second = learn(first, [Draws(options_of(["a", "b"], "other"), [0, 1], [0.0, 1.0])], 0.6).policy
    assert {key: second.own[key] for key in first.own} == dict(first.own)
    assert len(second.own) == 4


def test_learning_never_changes_its_input() -> None:
    policy = moved(["a", "#### b"])
    copy = Policy(array("d", policy.theta), dict(policy.own))
    options = options_of(["a", "#### b"])
    learn(policy, [Draws(options, [0, 1], [1.0, 0.0])], 0.6)
    assert same(policy, copy)


def test_learning_on_one_record_affects_others_only_through_theta() -> None:
    shown, unseen = (
        options_of(["step by step", "a guess"], "x"),
        options_of(["step by step 7", "a guess 8"], "y"),
    )
    policy = learn(initial(), [Draws(shown, [0, 1], [1.0, 0.0])], 0.6).policy
    assert probabilities(policy, unseen)[0] > 0.5
    assert probabilities(policy, unseen, own=False) == probabilities(policy, unseen)
    assert probabilities(policy, shown)[0] > probabilities(policy, shown, own=False)[0] > 0.5


def test_figures_of_a_step_match_their_definitions() -> None:
    options = [Option("a", (), 10.0), Option("b", (), 30.0)]
    figures = learn(initial(), [Draws(options, [0, 1, 1, 0], [1.0, 0.0, 0.0, None])], 0.6).figures
    assert figures.reward_mean == pytest.approx(1 / 3)
    assert figures.entropy == pytest.approx(math.log(2))
    assert figures.length_mean == 20.0
    assert figures.advantages_mean == pytest.approx((math.sqrt(2) * 10 - math.sqrt(0.5) * 60) / 80)
    assert figures.loss == pytest.approx(0.0)


def test_a_step_without_any_reward_has_no_reward_mean() -> None:
    learned = learn(initial(), [Draws(options_of(["a", "b"]), [0, 1], [None, None])], 0.6)
    assert learned.figures.reward_mean is None
    assert same(learned.policy, initial())


@given(st.lists(st.one_of(st.none(), rewards), min_size=3, max_size=3))
def test_expectations_ignore_missing_rewards(found: list[float | None]) -> None:
    value = expected([0.5, 0.25, 0.25], found)
    known = [reward for reward in found if reward is not None]
    assert (value is None) == (not known)
    if value is not None:
        assert min(known) - 1e-9 <= value <= max(known) + 1e-9


def test_draws_follow_the_probabilities() -> None:
    policy = Policy(array("d", bytes(8 * DIMENSIONS)), {"1": math.log(3)})
    picks = draw(policy, options_of(["a", "b"]), 4000, generator("draws"))
    assert sum(picks) / 4000 == pytest.approx(0.75, abs=0.03)


def test_generators_depend_on_nothing_but_their_parts() -> None:
    assert generator("a", 1).random() == generator("a", 1).random() != generator("a", 2).random()
    assert generator("a", 1).random() == pytest.approx(generator("a", "1").random())
