"""What figures mean: one verdict for each way in which a rehearsal can go, never more than its interval."""

from __future__ import annotations

import pytest

from harness.rehearsal.verdict import Facts, verdicts
from harness.replay.controls import Controls
from harness.signal.intervals import Interval, Pair
from harness.simulator.learned import (
    ExpectedRewards,
    Gradings,
    LearnedReport,
    NeverMoved,
    PolicyRewards,
)

WORKS = Controls(100, 100, 100, 99, 100, 99)
LIKES_NOTHING = Controls(100, 0, 100, 100, 100, 0)
LIKES_SOME = Controls(100, 60, 100, 0, 100, 40)
UNREWARDED = Controls(100, None, 100, None, 0, 0)


def change(mean: float, low: float | None, high: float | None, records: int = 30) -> Pair:
    return Pair(Interval(mean, low, high, records), 0, 0, records)


def facts(
    held_out: Pair | None = None,
    *,
    still: int = 20,
    bounds: tuple[float, float] | None = (0.0, 1.0),
    controls: Controls | None = WORKS,
    rewarded: int = 800,
    unlucky: int = 0,
) -> Facts:
    before = PolicyRewards(0.4, 0.4, 0.4)
    after = PolicyRewards(0.5, 0.5, 0.4 + (held_out.difference.mean if held_out else 0.0))
    report = LearnedReport(
        steps=68,
        draws=2000,
        graded=Gradings(rewarded, 800),
        expected_reward=ExpectedRewards(100, 30, before, [], after),
        amplified=[],
        suppressed=[],
        by_model={},
        never_moved=NeverMoved(still, 100, 0, ["x"] * (still - unlucky), ["x"] * unlucky, []),
        length=None,
    )
    return Facts(report, held_out, bounds, controls)


def said(found: Facts) -> list[tuple[str, str]]:
    return [(verdict.kind, verdict.message) for verdict in verdicts(found)]


@pytest.mark.parametrize(
    ("pair", "bounds", "kind"),
    [
        (change(0.10, 0.05, 0.15), (0.0, 1.0), "learned"),
        (change(0.02, 0.01, 0.04), (0.0, 1.0), "flat"),
        (change(0.02, 0.01, 0.025), (0.0, 1.0), "flat"),
        (change(0.02, 0.01, 0.025), (0.0, 0.1), "learned"),
        (change(0.02, 0.01, 0.025), None, "learned"),
        (change(2.0, -0.1, 4.1), (0.0, 10.0), "flat"),
        (change(0.3, -0.1, 0.7), (0.0, 1.0), "flat"),
        (change(-0.1, -0.15, -0.05), (0.0, 1.0), "worse"),
        (change(-0.02, -0.025, -0.01), (0.0, 1.0), "flat"),
        (change(0.3, None, None, 1), (0.0, 1.0), "unmeasured"),
        (None, (0.0, 1.0), "unmeasured"),
    ],
)
def test_the_interval_decides(pair: Pair | None, bounds: tuple[float, float] | None, kind: str) -> None:
    [(found, message)] = said(facts(pair, bounds=bounds))
    assert found == kind
    if pair is not None and pair.difference.low is not None:
        assert f"95% interval {pair.difference.low:+.3f} to {pair.difference.high:+.3f}" in message


def test_a_wide_interval_is_called_not_measurable_and_style_is_not_blamed() -> None:
    [(_, message)] = said(facts(change(0.1, -0.1, 0.3)))
    assert message.startswith("Nothing measurable carries over")
    assert "style" not in message


def test_a_small_change_is_called_small_whichever_way_it_goes() -> None:
    for pair in (change(0.02, 0.01, 0.04), change(-0.02, -0.04, -0.01)):
        [(_, message)] = said(facts(pair))
        assert message.startswith("What carries over is small, under 3% of the grader's range")


def test_equal_rewards_everywhere_leave_the_policy_as_it_was() -> None:
    [(kind, message)] = said(facts(still=100, controls=LIKES_NOTHING))
    assert kind == "constant"
    assert "stayed as it was and nothing was learned: all 100 groups are zero-std" in message
    assert "Look at the grader first" in message
    [(_, message)] = said(facts(still=100, unlucky=3))
    assert "happened to be equal" in message


def test_no_reward_at_all() -> None:
    assert [kind for kind, _ in said(facts(rewarded=0))] == ["unrewarded"]


@pytest.mark.parametrize(
    ("controls", "told"),
    [
        (WORKS, "The grader tells right from wrong"),
        (LIKES_NOTHING, "Look at the grader first"),
        (LIKES_NOTHING, "another format"),
        (LIKES_SOME, "40 of 100"),
        (UNREWARDED, "was not measured"),
        (None, "was not measured"),
    ],
)
def test_style_that_says_nothing_is_told_from_a_broken_grader(controls: Controls | None, told: str) -> None:
    [(kind, message)] = said(facts(change(0.0, -0.01, 0.01), controls=controls))
    assert kind == "flat"
    assert "style of these completions does not separate high rewards from low ones" in message
    assert told in message


def test_hardly_any_group_with_a_difference_is_named_as_that() -> None:
    [(kind, message)] = said(facts(change(0.0, -0.01, 0.01), still=95))
    assert (kind, "95 of 100 groups gave no advantage" in message) == ("flat", True)
