from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict

from hypothesis import given
from hypothesis import strategies as st

from harness.runs.facts import Bounds
from harness.runs.rows import Row
from harness.signal.groups import GroupCounts, count_groups, group_rewards
from support.run_records import row_of

ROWS = st.lists(
    st.builds(
        row_of,
        group=st.none() | st.sampled_from("abcdef"),
        repeat=st.integers(0, 1),
        reward=st.none() | st.sampled_from([-1.0, 0.0, 0.5, 1.0]),
    ),
    max_size=30,
)


def row(group: str | None, reward: float | None, repeat: int = 0) -> Row:
    return row_of(reward=reward, group=group, repeat=repeat)


def count(rows: list[Row], bounds: Bounds | None = (0.0, 1.0)) -> GroupCounts:
    return count_groups(group_rewards(rows).values(), bounds)


def test_each_sort_of_group() -> None:
    rows = [row("wrong", 0.0), row("wrong", 0.0), row("right", 1.0), row("right", 1.0), row("right", None)]
    rows += [row("half", 0.5), row("half", 0.5), row("mixed", 0.0), row("mixed", 1.0)]
    rows += [row("failed", None), row("alone", 1.0), row(None, None)]
    assert asdict(count(rows)) == {
        "groups": 5,
        "zero_std": 4,
        "all_lowest": 1,
        "all_highest": 2,
        "single": 1,
        "unrewarded": 1,
    }
    assert group_rewards(rows)["right"].missing == 1
    unknown = count(rows, None)
    assert (unknown.all_lowest, unknown.all_highest) == (None, None), "unknown without a range"
    assert (unknown.groups, unknown.zero_std) == (5, 4)


def test_grading_the_same_rollout_again_makes_no_group() -> None:
    rows = [row("a", 1.0), row("a", 1.0, repeat=1), row("a", 1.0, repeat=2)]
    assert count(rows).single == 1
    assert group_rewards(rows)["a"].count == 1


def test_equal_means_equal_for_floats() -> None:
    assert count([row("a", 0.1 + 0.2), row("a", 0.3)]).zero_std == 1
    assert count([row("a", 0.3), row("a", 0.3001)]).zero_std == 0


@given(ROWS)
def test_the_counts_are_those_of_a_naive_count(rows: list[Row]) -> None:
    by_name = defaultdict(list)
    for one in rows:
        if one["group"] is not None and one["repeat"] == 0:
            by_name[one["group"]].append(one["reward"])
    groups = [[reward for reward in rewards if reward is not None] for rewards in by_name.values()]
    kept = [rewards for rewards in groups if rewards]
    assert count(rows, (-1.0, 1.0)) == GroupCounts(
        groups=len(kept),
        zero_std=sum(len(set(rewards)) == 1 for rewards in kept),
        all_lowest=sum(set(rewards) == {-1.0} for rewards in kept),
        all_highest=sum(set(rewards) == {1.0} for rewards in kept),
        single=sum(len(rewards) == 1 for rewards in kept),
        unrewarded=len(groups) - len(kept),
    )
