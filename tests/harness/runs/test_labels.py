from __future__ import annotations

import math
from statistics import correlation
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.typed_json import as_json, typed
from harness.errors import InputError
from harness.runs.labels import PLAIN, LabelCounts, LabelRule, label_rule

REWARDS = st.none() | st.floats(-5, 5)
LABELS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.lists(st.integers())
)
RULES = st.builds(
    LabelRule, tolerance=st.floats(0, 2), true=st.lists(st.text(max_size=2)).map(tuple)
) | st.builds(LabelRule, threshold=st.floats(-3, 3))


@pytest.mark.parametrize(
    ("reward", "label", "verdict"),
    [
        (1.0, True, True),
        (0.5, True, False),
        (0.5, False, True),
        (0.0, True, False),
        (0.7, 0.7, True),
        (0.7 + 1e-12, 0.7, True),
        (0.7 + 1e-8, 0.7, False),
        (1.0, 1, True),
        (1.0, 0, False),
        (1.0, 10**400, False),
        (1.0, None, None),
        (1.0, "yes", None),
        (1.0, math.nan, None),
        (1.0, math.inf, None),
        (None, True, None),
        (None, 1.0, None),
    ],
)
def test_a_reward_agrees_with_a_label_or_says_nothing(
    reward: float | None, label: Any, verdict: bool | None
) -> None:
    assert PLAIN.agreement(reward, label, 0.5) is verdict


@given(REWARDS, LABELS)
def test_no_label_whatever_raises(reward: float | None, label: Any) -> None:
    assert PLAIN.agreement(reward, label, 0.5) in (True, False, None)


@pytest.mark.parametrize("label", [True, False, 1.0, 0.5, None])
def test_only_a_number_can_be_held_to_a_reward_of_unknown_range(label: Any) -> None:
    assert PLAIN.agreement(1.0, label, None) is (None if isinstance(label, bool | None) else label == 1.0)


@pytest.mark.parametrize(
    ("rule", "label", "said"),
    [
        (PLAIN, "True", True),
        (PLAIN, " false ", False),
        (PLAIN, "correct", None),
        (LabelRule(true=("correct", "ok")), "ok", True),
        (LabelRule(true=("correct",)), "Correct", False),
        (LabelRule(true=("correct",)), "true", False),
        (LabelRule(true=("correct",)), True, True),
        (LabelRule(threshold=3.0), 3, True),
        (LabelRule(threshold=3.0), 2.9, False),
        (LabelRule(threshold=3.0), 10**400, True),
        (LabelRule(threshold=3.0), -(10**400), False),
        (LabelRule(threshold=3.0), False, False),
        (LabelRule(threshold=3.0), math.nan, None),
    ],
)
def test_what_a_label_says(rule: LabelRule, label: Any, said: bool | None) -> None:
    assert rule.says(label) is said


@given(st.floats(-5, 5), LABELS, RULES)
def test_agreement_is_what_the_label_says_of_the_reward(reward: float, label: Any, rule: LabelRule) -> None:
    said, verdict = rule.says(label), rule.agreement(reward, label, 0.5)
    if isinstance(said, bool):
        assert verdict is ((reward > 0.5) is said)
        assert rule.agreement(reward, label, None) is None
    else:
        assert verdict is (None if said is None else abs(reward - said) <= rule.tolerance)


@given(st.lists(st.tuples(st.floats(-5, 5), LABELS), max_size=9), RULES, st.integers(0, 9))
def test_the_table_holds_every_yes_and_no_once(given: list[Any], rule: LabelRule, cut: int) -> None:
    whole, parts = LabelCounts(), [LabelCounts(), LabelCounts()]
    for at, (reward, label) in enumerate(given):
        whole.add(reward, label, rule, 0.5)
        parts[at >= cut].add(reward, label, rule, 0.5)
    verdicts = [
        rule.agreement(reward, label, 0.5) for reward, label in given if type(rule.says(label)) is bool
    ]
    assert whole.true_above + whole.false_below == verdicts.count(True)
    assert whole.true_below + whole.false_above == verdicts.count(False)
    parts[0].merge(parts[1])
    assert (parts[0].told, parts[0].numbers) == (whole.told, whole.numbers)
    assert whole.possible
    assert typed(LabelCounts, as_json(whole)) == whole
    assert all(len(line) <= 78 for line in whole.lines())


@given(
    st.lists(st.tuples(st.integers(-5, 5), st.integers(-5, 5)), min_size=2, max_size=20), st.integers(0, 20)
)
def test_the_correlation_is_pearsons_however_the_rows_are_cut(pairs: list[Any], cut: int) -> None:
    counts = [LabelCounts(), LabelCounts()]
    for at, (reward, label) in enumerate(pairs):
        counts[at >= cut].add(float(reward), label, PLAIN, None)
    counts[0].merge(counts[1])
    assert counts[0].numbers == len(pairs)
    rewards, labels = zip(*pairs, strict=True)
    if len(set(rewards)) > 1 and len(set(labels)) > 1:
        assert counts[0].pearson == pytest.approx(correlation(rewards, labels), abs=1e-9)


def test_a_correlation_with_what_never_changes_is_unknown() -> None:
    counts = LabelCounts()
    for reward in (0.1, 0.9):
        counts.add(reward, 0.3, PLAIN, 0.5)
    assert counts.pearson is None
    assert counts.lines() == [
        "Pearson correlation with the label: unknown: one of the two never changes  n 2"
    ]


@pytest.mark.parametrize(
    "asked",
    [
        (None, 0.5, None, ()),
        (None, None, 0.1, ()),
        (None, None, None, ("yes",)),
        ("ok", math.nan, None, ()),
        ("ok", None, -1.0, ()),
        ("ok", None, math.inf, ()),
        ("ok", 0.5, 0.1, ()),
    ],
)
def test_a_rule_that_contradicts_itself_is_refused(asked: Any) -> None:
    with pytest.raises(InputError):
        label_rule(*asked)
