from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.signal import repeatability
from harness.signal.noise import noise_of
from harness.signal.repeatability import Regraded
from harness.signal.statistic import Statistic, refused
from harness.signal.tally import Repeats
from support.synthetic_judges import NumberJudge, YesNoJudge

SEEDS = range(20)
# Drawing bytes is far cheaper than drawing lists of lists.
REWARDS = st.binary(min_size=120, max_size=180).map(
    lambda drawn: [[float(one % 5) for one in three] for three in zip(*[iter(drawn)] * 3, strict=False)]
)


def flips_of(*arguments):
    """Untyped, like the next two: a figure that was not measured is None, so comparing it fails the test."""
    return repeatability.flips_of(*arguments)


def noise_of_total(*arguments):
    return repeatability.noise_of_total(*arguments)


def needed_repeats(*arguments):
    return repeatability.needed_repeats(*arguments)


def regraded(rewards, rollouts=4):
    return [Regraded(f"p{at // rollouts}", one) for at, one in enumerate(rewards)]


def figures(one):
    return (one.value, one.low, one.high)


@given(REWARDS, st.integers(-8, 8), st.sampled_from([0.5, 1.0, 4.0]))
def test_no_offset_and_no_scale_changes_flips_or_noise(rewards, offset, scale):
    moved = [[reward * scale + offset for reward in one] for one in rewards]
    for measure in (flips_of, noise_of_total):
        found, again = measure(regraded(rewards), 3), measure(regraded(moved), 3)
        assert found.why == again.why
        if None not in figures(found):
            assert figures(again) == pytest.approx(figures(found), abs=1e-9)


@given(REWARDS)
def test_both_are_between_0_and_1_and_within_their_interval(rewards):
    for found in (flips_of(regraded(rewards), 3), noise_of_total(regraded(rewards), 3)):
        if found.value is not None:
            low = found.value if found.low is None else found.low
            high = found.value if found.high is None else found.high
            assert 0 <= low <= found.value <= high <= 1


def test_steady_gradings_never_flip_and_have_no_noise():
    rewards = regraded([[float(at % 2)] * 3 for at in range(40)])
    flips = flips_of(rewards, 3)
    assert flips.value == flips.low == 0.0
    assert flips.high > 0.0
    assert noise_of_total(rewards, 3).value == 0.0


def test_gradings_without_a_pattern_are_all_noise():
    rewards = regraded([[0.0, 1.0, float(at % 2)] for at in range(60)])
    assert noise_of_total(rewards, 3).value == 1.0
    assert flips_of(rewards, 3).value == pytest.approx(2 / 3)


def test_flips_across_the_middle_are_fewer_than_flips():
    rewards = regraded([[0.1, 0.2, 0.9]] * 40)
    assert flips_of(rewards, 3).value == pytest.approx(1.0)
    assert flips_of(rewards, 3, 0.5).value == pytest.approx(2 / 3)


@pytest.mark.parametrize("measure", [flips_of, noise_of_total])
def test_one_grading_each_shows_nothing_about_noise(measure):
    assert measure(regraded([[1.0]] * 60), 1).why == "graded once each; replay with --repeats 3"
    # If only one grading of each rollout has a reward, there is nothing to compare either.
    assert "0 rollouts with two or more rewards" in measure(regraded([[1.0]] * 60), 3).why


def test_rewards_that_never_differ_have_no_share_of_noise():
    assert noise_of_total(regraded([[1.0] * 3] * 60), 3).why == "the rewards never differ"


def noise_within(drawn, repeats):
    again = Repeats()
    for one in drawn:
        again.add(one.record, one.rewards)
    return noise_of(again, repeats)


@pytest.mark.parametrize("judge", [YesNoJudge(), NumberJudge()], ids=["yes or no", "numbers"])
def test_known_flips_and_noise_are_within_their_intervals(judge):
    held = dict.fromkeys(("noise_of_total", "noise_within", "flips"), 0)
    for seed in SEEDS:
        drawn = judge.draw(seed, 40, 4, 3)
        again = [Regraded(one.record, one.rewards) for one in drawn]
        for name, found in (
            ("noise_of_total", noise_of_total(again, 3)),
            ("noise_within", noise_within(drawn, 3)),
            ("flips", flips_of(again, 3)),
        ):
            truth = getattr(judge, name, 1.0)  # continuous rewards always differ
            held[name] += found.low <= truth <= found.high
    assert min(held.values()) >= 17, held


@given(st.floats(0.01, 0.99), st.floats(0.05, 0.9))
def test_the_repeats_needed_are_the_fewest_that_are_enough(noise, share):
    found = needed_repeats(Statistic(noise, noise / 2, (1 + noise) / 2), "within records", share)
    left = [noise / (noise + repeats * (1 - noise)) for repeats in (found.repeats, found.repeats - 1)]
    assert left[0] <= share + 1e-6
    assert found.repeats == 1 or left[1] > share - 1e-6
    assert 1 <= found.low <= found.repeats <= (found.high or math.inf)


def test_no_number_of_repeats_helps_against_pure_noise():
    found = needed_repeats(Statistic(1.0), "within records", 0.2)
    assert found.repeats is None
    assert "no number of repeats helps" in found.why
    assert needed_repeats(Statistic(0.6, 0.3, 1.0), "within records", 0.2).high is None
    assert needed_repeats(refused("why"), "within records", 0.2).why == "why"
