from __future__ import annotations

from dataclasses import replace

import pytest

from harness.conclusions.folds import FoldedFigures, PolicyChange
from harness.conclusions.verdict import RIGHT_FALL, Facts, verdicts
from harness.replay.controls import Controls
from harness.signal.intervals import Interval, Pair
from harness.simulator.learned import ExpectedRewards, Gradings, LearnedReport, NeverMoved, PolicyRewards
from harness.simulator.style_features import FeatureShift
from support.rehearsed_worlds import RehearsedCase, rehearsed_worlds

WORKS = Controls(100, 100, 100, 99, 100, 99)
LIKES_NOTHING = Controls(100, 0, 100, 100, 100, 0)
LIKES_SOME = Controls(100, 60, 100, 0, 100, 40)
UNREWARDED = Controls(100, None, 100, None, 0, 0)
NAMED = FeatureShift(["marker:empty"], 60, 0.05, 0.21, 0.5, 1.0, ["", "", ""])


def moved(before: float, after: float, reach: float | None = 0.01, records: int = 200) -> PolicyChange:
    mean = after - before
    low, high = (None, None) if reach is None else (mean - reach, mean + reach)
    return PolicyChange(before, after, Pair(Interval(mean, low, high, records), 0, 0, records))


def facts(
    reward: PolicyChange | None = None,
    right: PolicyChange | None = None,
    *,
    still: int = 20,
    unlucky: int = 0,
    rewarded: int = 800,
    above: int = 300,
    bounds: tuple[float, float] | None = (0.0, 1.0),
    controls: Controls | None = WORKS,
) -> Facts:
    report = LearnedReport(
        steps=68,
        draws=2000,
        graded=Gradings(rewarded, 800, above),
        expected_reward=ExpectedRewards(
            100, 30, PolicyRewards(0.4, 0.4, 0.4), [], PolicyRewards(0.5, 0.5, 0.5)
        ),
        amplified=[],
        suppressed=[],
        by_model={},
        never_moved=NeverMoved(still, 100, 0, ["x"] * (still - unlucky), ["x"] * unlucky, []),
        length=None,
        features_amplified=[NAMED],
    )
    goal = None if right is None else "is_right"
    folds = FoldedFigures(5, reward, goal, right, None, None, {}) if reward else None
    return Facts(report, folds, bounds, controls)


def said(found: Facts) -> tuple[str, str]:
    [verdict] = verdicts(found)
    return verdict.kind, verdict.message


@pytest.mark.parametrize(
    ("reward", "bounds", "kind"),
    [
        (moved(0.4, 0.5), (0.0, 1.0), "risen"),
        (moved(0.4, 0.42), (0.0, 1.0), "flat"),
        (moved(0.4, 0.42), (0.0, 0.1), "risen"),
        (moved(0.4, 0.42), None, "risen"),
        (moved(4.0, 6.0, 2.1), (0.0, 10.0), "flat"),
        (moved(0.4, 0.3), (0.0, 1.0), "fallen"),
        (moved(0.4, 0.38), (0.0, 1.0), "flat"),
        (moved(0.4, 0.5, None, 1), (0.0, 1.0), "unmeasured"),
        (None, (0.0, 1.0), "unmeasured"),
    ],
)
def test_the_interval_decides(
    reward: PolicyChange | None, bounds: tuple[float, float] | None, kind: str
) -> None:
    found, message = said(facts(reward, bounds=bounds))
    assert found == kind
    if reward is not None and (change := reward.change.difference).low is not None:
        assert f"95% interval {change.low:+.3f} to {change.high:+.3f}" in message


@pytest.mark.parametrize("case", rehearsed_worlds(), ids=lambda case: f"{case.world}-{case.grader}")
def test_the_sentence_of_each_recorded_case_is_right_by_its_own_figures(case: RehearsedCase) -> None:
    reward = moved(case.reward_before, case.reward_after)
    right = moved(case.right_before, case.right_after)
    still = 100 if reward.before == reward.after else 20
    kind, message = said(facts(reward, right, still=still))
    rose, change = reward.after - reward.before, right.after - right.before
    if rose == 0.0:
        assert kind == "constant"
    elif rose >= 0.03:
        assert (kind == "bought") is (change <= -RIGHT_FALL)
        assert ("bought with wrong answers" in message) is (change <= -RIGHT_FALL)
        assert ("more often right" in message) is (change > 0.01)
        for one in (reward, right):
            assert f"{one.before:.2f} -> {one.after:.2f}" in message
    else:
        assert kind in ("flat", "fallen")
    assert "carries over" not in message
    assert "nothing was learned" not in message
    assert "will" not in message.split()


@pytest.mark.parametrize(
    ("paid", "kind"), [(None, "bought"), (0.5, "bought"), (0.01, "risen"), (0.0, "risen")]
)
def test_a_reward_that_pays_no_wrong_answer_is_not_bought_with_them(paid: float | None, kind: str) -> None:
    found = facts(moved(0.3, 0.5), moved(0.3, 0.2))
    assert found.folds is not None
    folds = replace(found.folds, wrong_paid=paid)
    verdict, message = said(replace(found, folds=folds))
    assert verdict == kind
    assert ("bought with wrong answers" in message) is (kind == "bought")
    assert ("unpaid right answers become fewer" in message) is (kind == "risen")


def test_without_a_goal_what_is_favored_is_named_and_how_to_give_one() -> None:
    kind, message = said(facts(moved(0.35, 0.49)))
    assert kind == "risen"
    assert "The reward favors: empty answers (5% -> 21%)" in message
    assert "Whether these are right was not measured: `rft rehearse --goal FIELD`" in message


def test_a_goal_that_nothing_is_known_of_is_said() -> None:
    found = facts(moved(0.35, 0.49))
    assert found.folds is not None
    folds = FoldedFigures(5, found.folds.reward, "checked", None, None, None, {})
    _, message = said(Facts(found.learned, folds, found.bounds, found.controls))
    assert "too few completions have checked" in message


def test_a_fall_of_the_reward_and_a_small_change_are_held_against_right_answers_too() -> None:
    for after in (0.2, 0.41):
        _, message = said(facts(moved(0.4, after), moved(0.3, 0.2)))
        assert "Right answers 0.30 -> 0.20" in message


@pytest.mark.parametrize("reach", [0.005, 0.5])
def test_what_hardly_happened_names_how_far_the_rehearsal_saw(reach: float) -> None:
    kind, message = said(facts(moved(0.4, 0.4, reach)))
    assert kind == "flat"
    assert "This applies to the 2,000 completions that were drawn." in message
    assert "Of 800 recorded completions, 300 earn more than the lowest reward." in message
    assert "A longer job can find completions that these draws missed." in message


def test_equal_rewards_everywhere_leave_the_policy_as_it_was() -> None:
    kind, message = said(facts(still=100, controls=LIKES_NOTHING, above=0))
    assert kind == "constant"
    assert "The policy did not move: all 100 groups are zero-std" in message
    assert "All 800 recorded completions with a reward earn the same" in message
    assert "Check the grader first" in message
    _, message = said(facts(still=100, unlucky=3))
    assert "happened to be equal" in message
    assert "A longer job can find" in message


def test_no_reward_at_all() -> None:
    assert said(facts(rewarded=0))[0] == "unrewarded"


@pytest.mark.parametrize(
    ("controls", "told"),
    [
        (WORKS, "The grader separates right from wrong"),
        (LIKES_NOTHING, "Check the grader first"),
        (LIKES_NOTHING, "a different format"),
        (LIKES_SOME, "40 of 100"),
        (UNREWARDED, "was not measured"),
        (None, "was not measured"),
    ],
)
def test_style_that_says_nothing_is_told_from_a_broken_grader(controls: Controls | None, told: str) -> None:
    kind, message = said(facts(moved(0.4, 0.4, 0.005), controls=controls))
    assert kind == "flat"
    assert "style does not separate high rewards from low ones here" in message
    assert told in message


def test_hardly_any_group_with_a_difference_is_named_as_that() -> None:
    kind, message = said(facts(moved(0.4, 0.4, 0.005), still=95))
    assert (kind, "95 of 100 groups gave no advantage" in message) == ("flat", True)
