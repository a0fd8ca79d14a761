from __future__ import annotations

import json
import math
import random
from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from harness.signal.zero_std import REACH, chance_others, forecast_zero_std

TWO = (1.0, 0.0)


def counted(groups, values=TWO):
    if values is None:
        return Counter(tuple(sorted(Counter(group).values())) for group in groups)
    return Counter((group.count(values[0]), len(group) - group.count(values[0])) for group in groups)


def of_size(size, groups, *, values=TWO):
    found = forecast_zero_std(counted(groups, values), two_valued=values is not None)
    return next(one for one in found if one.group_size == size)


PARTITION = st.tuples(st.integers(0, 6), st.integers(0, 6)).filter(lambda parts: sum(parts) > 1)
REWARDS = st.lists(st.sampled_from(TWO), min_size=2, max_size=6)


@given(st.lists(REWARDS, min_size=10, max_size=16))
def test_a_recorded_size_is_what_all_subsets_say(groups):
    large = [group for group in groups if len(group) >= 2]
    said = of_size(2, groups)
    share = [
        sum(one == other for one, other in combinations(group, 2)) / (len(group) * (len(group) - 1) / 2)
        for group in large
    ]
    assert said.method == "resampled"
    assert said.zero_std.value == pytest.approx(sum(share) / len(share))


@given(st.lists(REWARDS, min_size=10, max_size=16), st.booleans())
def test_a_larger_group_is_never_more_often_zero_std_and_intervals_hold_the_value(groups, known):
    found = forecast_zero_std(counted(groups, TWO if known else None), two_valued=known)
    values = [one.zero_std.value for one in found if one.zero_std.value is not None]
    assert values == sorted(values, reverse=True)
    for one in found:
        low, value, high = one.zero_std.low, one.zero_std.value, one.zero_std.high
        if low is None or value is None or high is None:
            assert one.zero_std.why
        else:
            assert 0 <= low <= value <= high <= 1


@given(st.lists(REWARDS, min_size=1, max_size=9))
def test_fewer_than_ten_groups_are_refused(groups):
    assert all(one.zero_std.value is None for one in forecast_zero_std(counted(groups), two_valued=True))


@given(st.integers(10, 50), st.integers(2, 9), st.sampled_from(TWO))
def test_equal_rewards_everywhere_teach_nothing_at_any_size(count, size, value):
    for one in forecast_zero_std(counted([[value] * size] * count), two_valued=True):
        if one.group_size > max(REACH * size, 2):
            assert "at most 100.0%" in (one.zero_std.why or "")
        else:
            assert one.zero_std.value == pytest.approx(1.0)
            assert (one.zero_std.low or 0.0) < 1.0, "no number of groups proves that all others are equal"


def test_many_values_are_not_extrapolated():
    groups = [[0.1, 0.2, 0.3, 0.3]] * 20
    assert of_size(4, groups, values=None).zero_std.value == 0.0
    beyond = of_size(8, groups, values=None)
    assert (beyond.method, beyond.zero_std.value) == ("not measured", None)


@pytest.mark.parametrize(("a", "b"), [(0.5, 0.5), (2.0, 1.0), (0.3, 3.0)])
def test_beyond_the_recorded_size_it_agrees_with_new_groups_of_the_same_records(a, b):
    hits = 0
    for seed in range(20):
        random_ = np.random.default_rng(seed)
        chances = random_.beta(a, b, 400)
        groups = [list((random_.random(4) < chance).astype(float)) for chance in chances]
        new = [(random_.random(16) < chance).astype(float) for chance in chances]
        share = sum(group.min() == group.max() for group in new) / len(new)
        said = of_size(16, groups)
        assert said.method == "beta-binomial"
        hits += said.zero_std.low <= share <= said.zero_std.high
    assert hits >= 17


@given(st.dictionaries(PARTITION, st.integers(1, 50), min_size=3, max_size=6), st.integers(2, 16))
def test_the_chance_that_a_record_changes_is_the_beta_binomial_s_posterior(groups, size):
    once = sum(many * hits / (hits + others) for (hits, others), many in groups.items())
    twice = sum(
        many * hits * (hits - 1) / (n * (n - 1))
        for (hits, others), many in groups.items()
        if (n := hits + others)
    )
    mean, square = once / sum(groups.values()), twice / sum(groups.values())
    assume(0 < mean < 1 and 1e-6 < square - mean**2 < mean * (1 - mean) - 1e-6)
    strength = (mean - square) / (square - mean**2)
    a, b = mean * strength, (1 - mean) * strength

    def log_beta(one, other):
        return math.lgamma(one) + math.lgamma(other) - math.lgamma(one + other)

    chances = chance_others(groups, size)
    assert chances.keys() == {hits for hits, others in groups if not others}
    for hits, chance in chances.items():
        same = log_beta(a + hits + size, b) - log_beta(a + hits, b)
        assert chance == pytest.approx(1 - math.exp(same), abs=1e-6)


def test_more_equal_rewards_make_another_one_less_likely():
    chances = chance_others({**{(hits, 0): 5 for hits in range(2, 40)}, (2, 2): 50, (0, 4): 50}, 8)
    assert list(chances.values()) == sorted(chances.values(), reverse=True)
    assert 0 < chances[39] < chances[2] < 1


def test_on_real_completions_two_of_each_group_forecast_the_other_two(shared_data):
    groups: dict[str, list[float]] = {}
    with open(shared_data / "gsm8k" / "labelled-rollouts.jsonl", encoding="utf-8") as file:
        for line in file:
            rollout = json.loads(line)
            groups.setdefault(rollout["record"], []).append(float(rollout["is_correct"]))
    assert len(groups) == 660
    hits = 0
    for seed in range(20):
        shuffled = [random.Random(f"{seed} {name}").sample(group, 4) for name, group in groups.items()]
        said = of_size(2, [group[:2] for group in shuffled]).zero_std
        hits += said.low <= sum(group[2] == group[3] for group in shuffled) / 660 <= said.high
    assert hits >= 17
