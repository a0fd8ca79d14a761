from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.runs.facts import GraderFacts, InProcessFacts, RunFacts
from harness.runs.labels import LabelCounts
from harness.runs.rows import Totals
from harness.signal.learning import signal_from
from harness.signal.reward_groups import RewardGroups
from harness.signal.tally import gather
from support.run_records import file_input

FACTS = RunFacts(
    grader=GraderFacts("g.py:g", None),
    input=file_input("rollouts.jsonl"),
    target=InProcessFacts("g.py:g"),
    wire="open-weight",
)


def row(at, group, reward, *, repeat=0, metrics=(), length=10, finish="stop", kind="exception"):
    error = {"kind": kind, "message": "m"} if reward is None else None
    return {
        **{"at": at, "repeat": repeat, "id": at, "group": group, "reward": reward, "ms": 1.0},
        **{"metrics": dict(metrics), "error": error, "length": length, "finish": finish},
    }


def rows_of(groups, **more):
    """Return rows of groups with these rewards, at offsets 100 bytes apart."""
    places = iter(range(0, 10**9, 100))
    return [
        row(next(places), f"p{at}", reward, **more) for at, group in enumerate(groups) for reward in group
    ]


def signal(rows, bounds=(0.0, 1.0), repeats=1):
    return signal_from(gather(rows, repeats), replace(FACTS, repeats=repeats), bounds)


REWARD = st.one_of(st.none(), st.sampled_from([0.0, 0.25, 1.0]))
GROUPS = st.lists(st.lists(REWARD, min_size=1, max_size=5), min_size=0, max_size=20)
MIXED = [[1.0, 0.0, 1.0, 0.0]] * 20


@given(GROUPS, st.randoms())
def test_no_order_of_rows_changes_anything_and_counts_add_up(groups, random):
    rows = rows_of(groups)
    found = signal(rows)
    again = signal(random.sample(rows, len(rows)))
    assert again.verdict == found.verdict
    assert (again.zero_std, again.forecast, again.droppable) == (
        found.zero_std,
        found.forecast,
        found.droppable,
    )
    assert found.rewarded + sum(found.errors.values()) == found.rollouts == len(rows)
    zero = (found.all_lowest.value, found.all_highest.value, found.all_between.value)
    if found.zero_std.value is None:
        assert found.zero_std.why
        assert zero == (None, None, None)
    else:
        assert sum(value or 0.0 for value in zero) == pytest.approx(found.zero_std.value)
        assert found.several >= 10


@pytest.mark.parametrize(
    ("rows", "action", "why"),
    [
        (rows_of(MIXED), "train", "100%"),
        (rows_of(MIXED[:9]), "not measured", "9 groups"),
        (rows_of([[1.0, 0.0]] * 14), "not measured", "28 rewards"),
        (rows_of([[1.0] * 4] * 20), "fix the data", "zero-std"),
        (rows_of([[0.0] * 4] * 20), "fine-tune first", "zero-std"),
        (rows_of([[0.5] * 4] * 20), "fix the grader", "zero-std"),
        (rows_of([[0.0, 0.0, 0.1, 0.0]] * 20), "fine-tune first", "sparse"),
        (rows_of([[1.0, 0.99, 1.0, 1.0]] * 20), "fix the data", "harder"),
        (rows_of([[None, None, 1.0, 0.0]] * 20), "fix the grader", "40 of 80"),
        (rows_of([[None] * 4] * 20, kind="record"), "fix the data", "80 of 80"),
        (rows_of(MIXED, metrics={"unread": 1.0}.items()), "fix the grader", "could not be read"),
        (rows_of(MIXED, finish="length"), "fix the data", "cut off"),
    ],
)
def test_the_first_reason_decides(rows, action, why):
    found = signal(rows)
    assert found.verdict.action == action
    assert why in found.verdict.sentence


@pytest.mark.parametrize(
    ("lengths", "said"), [(range(4), "longer"), (range(4, 0, -1), "shorter"), ([5] * 4, None)]
)
def test_a_correlation_of_reward_and_length_is_added_to_the_advice(lengths, said):
    rows = [row(n, f"p{n // 4}", n % 4 / 4, length=lengths[n % 4]) for n in range(80)]
    verdict = signal(rows).verdict
    assert verdict.action == "train"
    assert [more.split()[0] for more in verdict.also] == ([said] if said else [])


def test_repeats_tell_noise_from_spread():
    noisy = [
        row(at, f"p{at // 4}", float((at + repeat) % 2), repeat=repeat)
        for at in range(80)
        for repeat in range(2)
    ]
    found = signal(noisy, repeats=2)
    assert found.noise.value == 1.0
    assert found.verdict.action == "fix the grader"
    steady = [row(at, f"p{at // 4}", float(at % 2), repeat=repeat) for at in range(80) for repeat in range(2)]
    assert signal(steady, repeats=2).noise.value == 0.0
    assert signal(steady[::2]).noise.value is None
    assert signal(noisy, repeats=2).rollouts == 80


def test_the_share_of_noise_lies_within_its_interval():
    held = 0
    for seed in range(20):
        draw = np.random.default_rng(seed)
        means, noise = draw.normal(size=(30, 4)), draw.normal(size=(2, 30, 4))
        rows = [
            row(at, f"p{at // 4}", means[at // 4, at % 4] + noise[repeat, at // 4, at % 4], repeat=repeat)
            for at in range(120)
            for repeat in range(2)
        ]
        found = signal(rows, bounds=None, repeats=2).noise
        held += found.low <= 0.5 <= found.high
        assert found.low <= found.value <= found.high
    assert held >= 17


def test_no_record_is_dropped_if_few_records_teach():
    draw = np.random.default_rng(1)
    for groups in ([[0.0] * 8] * 50, [list((draw.random(8) < 0.02).astype(float)) for _ in range(300)]):
        assert signal(rows_of(groups)).droppable.value == 0.0


@given(st.integers(0, 40), st.integers(0, 40))
def test_a_grader_that_contradicts_the_labels_is_to_be_fixed(right, wrong):
    totals = Totals(
        gradings=80,
        rewards=80,
        lowest=0.0,
        highest=1.0,
        labels=LabelCounts(true_above=right, true_below=wrong),
    )
    facts = replace(FACTS, label="is_right", totals=totals)
    found = signal_from(gather(rows_of(MIXED)), facts, (0.0, 1.0))
    assert (found.agreement.value is None) == (right + wrong < 30)
    bad = found.agreement.value is not None and found.agreement.value < 0.9
    assert found.verdict.action == ("fix the grader" if bad else "train")


def test_groups_that_differ_only_by_chance_are_distinguished():
    def reward(at, repeat):
        noise = 0.1 * (repeat == at % 3)  # each rollout of the first ten groups has it at most once
        return noise if at < 40 else float(at % 2)

    rows = [
        row(at, f"p{at // 4}", reward(at, repeat), repeat=repeat) for at in range(80) for repeat in range(2)
    ]
    assert signal(rows, repeats=2).noisy.value == 0.5
    assert "graded once" in signal(rows[::2]).noisy.why


@given(
    st.lists(st.lists(st.sampled_from([0.0, 0.25, 1.0]), min_size=2, max_size=6), min_size=15, max_size=20)
)
def test_rollouts_that_teach_by_weight_are_at_most_those_that_teach(groups):
    found = signal(rows_of(groups))
    advantages = np.concatenate([(np.array(one) - np.mean(one)) / (np.std(one) or 1.0) for one in groups])
    squares = (advantages**2).sum()
    kish = np.abs(advantages).sum() ** 2 / squares / len(advantages) if squares else 0.0
    teaching = sum(len(one) for one in groups if len(set(one)) > 1) / len(advantages)
    assert found.effective.value == pytest.approx(teaching)
    assert found.effective_by_weight.value == pytest.approx(kish)
    assert kish <= teaching + 1e-9
    for one in (found.effective, found.effective_by_weight, found.at_floor, found.at_top):
        assert 0 <= one.low <= one.value <= one.high <= 1
        assert one.low < one.high


@pytest.mark.parametrize("middle", [0.0, 0.3])
def test_records_are_dropped_where_enough_equal_rewards_speak_for_it(middle):
    draw = np.random.default_rng(1)
    usual = [list(np.where(draw.random(8) < chance, 1.0, middle)) for chance in draw.beta(0.5, 0.5, 100)]
    groups = [[1.0] * 60, [0.0] * 60, [1.0] * 4, [0.3] * 60, *usual]
    rows = rows_of(groups)
    dropped = RewardGroups(groups, (0.0, 1.0)).droppable_kinds()
    assert {(1.0,) * 60, (0.0,) * 60} <= dropped
    assert (1.0,) * 4 not in dropped, "four rewards are too few"
    assert (0.3,) * 60 not in dropped, "equal rewards in the middle are neither lowest nor highest"
    share = sum(tuple(sorted(group)) in dropped for group in groups) / len(groups)
    assert signal(rows).droppable.value == pytest.approx(share)
    assert "range is not known" in signal(rows, bounds=None).droppable.why


def test_rewards_that_differ_by_rounding_alone_are_equal():
    found = signal(rows_of([[0.1 + 0.2, 0.3, 0.3, 0.3]] * 10 + [[0.3, 1.0, 1.0, 1.0]] * 10))
    assert found.zero_std.value == 0.5
    assert [one.method for one in found.forecast[:3]] == ["resampled", "resampled", "beta-binomial"]
    assert found.forecast[1].zero_std.value == pytest.approx(0.5)


def test_unknown_values_are_not_measured():
    found = signal([{**one, "metrics": {}} for one in rows_of(MIXED)], bounds=None)
    assert found.at_floor.value is found.all_lowest.value is None
    old = rows_of(MIXED)
    for one in old:
        del one["length"], one["finish"]
    found = signal(old)
    assert found.length.value is found.truncated.value is None
    assert "replay again" in str(found.length.why)


def test_the_component_that_moves_with_the_reward_stands_first():
    rows = rows_of(MIXED)
    for number, one in enumerate(rows):
        one["metrics"] = {"still": 1.0, "right": one["reward"] * 2, "other": float(number % 4 < 2)}
    found = signal(rows)
    assert [one.name for one in found.components] == ["right", "other", "still"]
    assert [one.n for one in found.components] == [80] * 3
    assert [one.correlation for one in found.components] == [pytest.approx(1.0), pytest.approx(0.0), None]


def test_a_metric_that_some_rollouts_lack_has_its_own_count():
    rows = rows_of(MIXED)
    for number, one in enumerate(rows):
        one["metrics"] = {"right": one["reward"]} if number % 4 else {}
    assert [(one.name, one.n) for one in signal(rows).components] == [("right", 60)]


def test_ignored_metrics_are_counted():
    rows = rows_of(MIXED)
    for one in rows:
        one["metrics"] = {**{f"m{number:02}": 1.0 for number in range(50)}, "one more": 1.0, "huge": 1e101}
    found = signal(rows)
    assert [one.name for one in found.components] == [f"m{number:02}" for number in range(50)]
    assert found.passed_over == 2 * len(rows)


def test_wire_formats_fields_and_an_unknown_range_are_mentioned():
    facts = replace(FACTS, totals=Totals(gradings=80, rewards=80, lowest=0.0, highest=1.0, wires=3))
    found = signal_from(gather(rows_of(MIXED)), facts, (0.0, 1.0))
    assert found.verdict.action == "fix the grader"
    assert "3 rewards depend on the wire format" in found.verdict.sentence
    facts = replace(
        FACTS, totals=Totals(gradings=80, rewards=80, lowest=0.0, highest=1.0, fields={"grade": 5})
    )
    found = signal_from(gather(rows_of(MIXED)), facts, None)
    assert found.verdict.action == "train"
    assert any("grade" in more for more in found.verdict.also)
    assert any("range is not known" in more for more in found.verdict.also)
