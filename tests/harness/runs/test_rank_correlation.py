from __future__ import annotations

from statistics import correlation
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.runs.labels import PLAIN, LabelRule
from harness.runs.rank_correlation import RankCorrelation, RankPairs, rank_correlation
from support.run_records import row_of

NUMBERS = st.integers(-4, 4) | st.floats(-5, 5)
PAIRS = st.lists(st.tuples(NUMBERS, NUMBERS), max_size=30)


def spearman(pairs: list[Any], rule: LabelRule = PLAIN) -> RankCorrelation:
    return rank_correlation((row_of(reward=reward, label=label) for reward, label in pairs), rule)


def ranks(values: tuple[float, ...]) -> list[float]:
    return [sum(v < one for v in values) + (sum(v == one for v in values) + 1) / 2 for one in values]


@given(PAIRS)
def test_it_is_pearsons_of_ranks_where_equal_values_share_one(pairs: list[Any]) -> None:
    found = spearman(pairs)
    assert (found.n, found.all) == (len(pairs), True)
    ones, others = (ranks(values) for values in zip(*pairs, strict=True)) if pairs else ([], [])
    if len(set(ones)) < 2 or len(set(others)) < 2:
        assert found.spearman is None
    else:
        assert found.spearman == pytest.approx(correlation(ones, others), abs=1e-9)


@given(PAIRS)
def test_only_the_order_counts(pairs: list[Any]) -> None:
    bent = [(reward, label**3) for reward, label in pairs if not 0 < abs(label) < 1e-9]
    plain = [(reward, label) for reward, label in pairs if not 0 < abs(label) < 1e-9]
    assert spearman(bent) == spearman(plain)


def test_what_is_no_number_or_has_no_reward_is_not_ranked() -> None:
    pairs = [(0.1, 1), (0.2, 2), (0.9, 3), (None, 4), (0.5, True), (0.5, "yes"), (0.5, None), (0.5, 1e200)]
    assert spearman(pairs) == RankCorrelation(1.0, 3)
    assert spearman(pairs, LabelRule(threshold=2)) == RankCorrelation(1.0, 3)
    assert spearman([]).lines() == []


def test_a_million_pairs_are_ranked_and_it_says_that_there_were_more() -> None:
    few = RankPairs(PLAIN, most=3)
    for at in range(4):
        few.add(row_of(reward=at / 4, label=-at))
    assert few.correlation() == RankCorrelation(-1.0, 3, all=False)
    assert few.correlation().lines() == ["Spearman correlation of ranks: -1.000  of the first 3"]
