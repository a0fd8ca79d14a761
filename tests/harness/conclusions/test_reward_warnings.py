from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.conclusions.folds import FoldedFigures, PolicyChange
from harness.conclusions.length_pay import FOLLOWS, SETS, LengthPay
from harness.conclusions.made import MadeGradings, MadePay
from harness.conclusions.reward_warnings import APART, RULES, WarningFigures, reward_warnings, unchecked
from harness.conclusions.verdict import RIGHT_FALL, SMALL, WRONG_PAID
from harness.findings import Severity
from harness.signal.intervals import Interval, Pair
from support.rehearsed_worlds import RehearsedCase, rehearsed_worlds

PARTS = st.integers(0, 100).map(lambda part: part / 100)
SIGNED = st.integers(-100, 100).map(lambda part: part / 100)
ENOUGH = LengthPay(0.0, SETS, "wrong completions (is_right)")
WITNESS = {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "1 or 2"}]}


def moved(before: float, after: float, reach: float | None = 0.01) -> PolicyChange:
    mean = after - before
    low, high = (None, None) if reach is None else (mean - reach, mean + reach)
    return PolicyChange(before, after, Pair(Interval(mean, low, high, 200), 0, 0, 200))


def folds(
    reward: PolicyChange | None = None,
    right: PolicyChange | None = None,
    earn: float | None = 1.0,
    wrong: float | None = 0.0,
) -> FoldedFigures:
    return FoldedFigures(5, reward or moved(0.4, 0.4), "is_right", right or moved(0.4, 0.4), earn, wrong, {})


def made(reward: float, policy: float, source: float | None = None, reach: float | None = 0.01) -> MadePay:
    mean = reward - policy
    low, high = (None, None) if reach is None else (mean - reach, mean + reach)
    more = Interval(mean, low, high, 1 if reach is None else 50)
    return MadePay("joined", reward, source, policy, more, "r7", WITNESS)


def figures(
    found: FoldedFigures | None = None,
    *,
    goal: str | None = "is_right",
    scale: float = 1.0,
    length: LengthPay | None = ENOUGH,
    pays: tuple[MadePay, ...] = (),
    lost: int = 0,
    failed: dict[str, str] | None = None,
) -> WarningFigures:
    return WarningFigures(
        goal=goal,
        folds=found,
        scale=scale,
        length=length,
        made=MadeGradings(list(pays or (made(0.0, 0.5),)), lost, failed or {}),
    )


def named(some: WarningFigures) -> set[str]:
    return {finding.id for finding in reward_warnings(some)}


@given(PARTS, SIGNED)
def test_right_answers_that_fall_are_named_whatever_the_reward_does(before: float, change: float) -> None:
    after = before + change
    expected = {"B001"} if after - before <= -RIGHT_FALL else set()
    assert named(figures(folds(right=moved(before, after)))) == expected


@given(SIGNED, PARTS)
def test_right_answers_that_fall_are_not_named_where_no_wrong_one_is_paid(change: float, paid: float) -> None:
    found = replace(folds(right=moved(0.5, 0.5 + change)), wrong_paid=paid)
    expected = {"B001"} if change <= -RIGHT_FALL and paid >= WRONG_PAID else set()
    assert named(figures(found)) == expected


@pytest.mark.parametrize("reach", [0.2, None])
def test_a_change_that_may_be_chance_is_not_named(reach: float | None) -> None:
    assert named(figures(folds(right=moved(0.4, 0.3, reach)))) == set()
    assert named(figures(folds(moved(0.4, 0.5, reach), None, 0.5, 0.5))) == set()
    assert named(figures(folds(moved(0.4, 0.5), moved(0.4, 0.3), 0.5, 0.5))) == {"B001", "B002"}


@given(PARTS, PARTS, PARTS, PARTS, st.sampled_from([0.5, 1.0, 2.0, 64.0]))
def test_a_rise_that_right_answers_hardly_earn_is_named_in_parts_of_the_range(
    before: float, after: float, earn: float, wrong: float, scale: float
) -> None:
    rise = after - before
    found = folds(moved(before * scale, after * scale), None, earn * scale, wrong * scale)
    expected = {"B002"} if rise >= SMALL and (earn - wrong) * scale < APART * scale else set()
    assert named(figures(found, scale=scale)) == expected


@pytest.mark.parametrize(
    ("pay", "is_named"),
    [
        (made(0.9, 0.5), True),
        (made(0.55, 0.5), False),
        (made(0.7, 0.5, reach=0.3), False),
        (made(0.9, 0.5, reach=None), False),
        (made(0.9, 0.5, source=0.9), False),
        (made(0.9, 0.5, source=0.4), True),
    ],
    ids=[
        "far above the policy",
        "less than the threshold",
        "perhaps by chance",
        "one record",
        "no more than what it was made of",
        "more than that",
    ],
)
def test_a_made_completion_is_named_where_it_earns_more_than_policy_and_source(
    pay: MadePay, is_named: bool
) -> None:
    assert named(figures(folds(), pays=(pay,))) == ({"B003"} if is_named else set())
    assert named(figures(goal=None, length=None, pays=(pay,))) == ({"B003"} if is_named else set())


def test_a_made_completion_comes_with_its_record_and_a_witness() -> None:
    [finding] = reward_warnings(figures(pays=(made(0.9, 0.5),)))
    assert "not recorded, but paid" in finding.message
    assert "(reward 0.900 on 50 records, learned policy 0.500)" in finding.message
    assert finding.place is not None
    assert finding.place.sample == "r7"
    assert finding.witness == WITNESS


@given(SIGNED, st.integers(0, 40))
def test_a_reward_that_follows_length_is_named_from_a_number_of_sets_on(value: float, sets: int) -> None:
    some = figures(folds(), length=LengthPay(value, sets, "wrong completions (is_right)"))
    assert named(some) == ({"B004"} if sets >= SETS and abs(value) >= FOLLOWS else set())
    for finding in reward_warnings(some):
        assert ("longer" if value > 0 else "shorter") in finding.message
    assert any("B004 was not checked" in reason for reason in unchecked(some)) is (sets < SETS)


def test_b001_and_b003_name_recorded_cases_that_lost_right_answers_and_one_that_pays_length() -> None:
    cases = rehearsed_worlds()
    assert (len(cases), sum(case.lost for case in cases)) == (55, 15)
    found: dict[str, list[RehearsedCase]] = {"B001": [], "B003": []}
    for case in cases:
        right = moved(case.right_before, case.right_after)
        pays = (made(0.5 + case.made_more, 0.5),)
        for name in named(figures(folds(right=right), pays=pays)):
            found[name].append(case)
    assert (len(found["B001"]), all(case.lost for case in found["B001"])) == (6, True)
    assert [case.grader for case in found["B003"] if not case.lost] == ["length"]
    assert sum(case.lost for case in found["B003"]) == 6


def test_a_constant_reward_of_no_range_is_not_warned_of() -> None:
    flat = (made(0.5, 0.5, reach=0.0),)
    assert named(figures(folds(moved(0.5, 0.5), None, 0.5, 0.5), scale=0.0, pays=flat)) == set()


def test_where_all_was_looked_for_nothing_is_unchecked() -> None:
    assert unchecked(figures(folds())) == []


@pytest.mark.parametrize(
    ("some", "said"),
    [
        (figures(folds(), goal=None, length=None), "no field says which completions are right"),
        (
            figures(folds(), goal=None, length=None),
            "B004 was not checked: length cannot be separated",
        ),
        (figures(None), "B001 and B002 were not checked: all records share one prompt"),
        (figures(FoldedFigures(5, None, "g", None, None, None, {}), goal="g"), "too few completions have g"),
        (figures(folds(earn=None)), "B002 was not checked: no right completion"),
        (figures(folds(wrong=None)), "B002 was not checked: no wrong completion"),
        (figures(folds(), length=None), "no record has three equally right completions"),
        (
            figures(folds(), failed={"empty": "no"}),
            "for this: an empty answer. The grader failed: no",
        ),
        (figures(folds(), lost=7), "B003 was checked without 7 generated completions"),
    ],
)
def test_what_was_not_looked_for_is_said_with_the_reason(some: WarningFigures, said: str) -> None:
    assert any(said in reason for reason in unchecked(some)), unchecked(some)


def test_no_warning_is_an_error_and_each_says_what_to_do() -> None:
    assert set(RULES) == {"B001", "B002", "B003", "B004"}
    assert all(rule.severity == Severity.WARNING and rule.fix for rule in RULES.values())
