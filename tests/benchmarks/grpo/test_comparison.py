from __future__ import annotations

import math
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.grpo.comparison import (
    CEILING,
    NO_POLICY,
    NULL,
    REHEARSAL,
    Case,
    amplified,
    correlations,
    signs,
    warned,
    warnings_of,
)
from benchmarks.grpo.results import Change, Point, RealRun, Rehearsed
from benchmarks.grpo.tables import tables
from benchmarks.grpo.worlds import world

STYLES = world(0).styles
RISING = {name: 0.05 + 0.01 * at for at, name in enumerate(STYLES)}
FALLING = dict(zip(STYLES, reversed(RISING.values()), strict=True))
BETTER = Change(0.3, 0.5)
EVEN = dict.fromkeys(STYLES, 0.1)


def point(
    styles: dict[str, float], right: float = 0.3, reward: float | None = 0.3, length: float = 30.0
) -> Point:
    return Point(reward=reward, unrewarded=0, right=right, length=length, beyond=0.0, styles=styles)


def case(
    grader: str = "good",
    *,
    real: dict[str, float] = RISING,
    said: dict[str, float] = RISING,
    after: Point | None = None,
    warnings: tuple[str, ...] = (),
    seeds: int = 2,
    right: Change | None = BETTER,
    number: int = 0,
) -> Case:
    rest = dict.fromkeys(world(number).styles, 0.1)
    real = {**rest, **real}
    points = {"0": point({**rest, **EVEN}), "20": point(real), "100": after or point(real)}
    told = Rehearsed(
        world=number,
        grader=grader,
        reward=Change(0.3, 0.5),
        right=right,
        length=Change(30.0, 40.0),
        styles={name: Change(0.1, share) for name, share in said.items()},
        advantages=said,
        warnings=list(warnings),
        unchecked=[],
        verdicts=["risen"],
    )
    runs = [RealRun(number, grader, seed, 100, 1.0, points) for seed in range(seeds)]
    return Case(world(number), grader, runs, told)


@given(st.floats(0, 1), st.floats(0, 1))
def test_amplification_turns_its_sign_with_the_direction(before: float, after: float) -> None:
    found = amplified(Change(before, after))
    assert found == pytest.approx(-amplified(Change(after, before)))
    assert abs(found) <= math.log(200) + 1e-9


def test_a_share_of_chance_is_not_amplified() -> None:
    assert amplified(Change(0.0, 0.004)) == 0.0
    assert amplified(Change(0.1, 0.2)) == pytest.approx(math.log(2))


def test_the_same_order_correlates_fully_and_the_reverse_not() -> None:
    alike = correlations([case()], 20)
    assert fmean(alike[REHEARSAL]) == pytest.approx(1.0)
    assert fmean(alike[NO_POLICY]) == pytest.approx(1.0)
    assert fmean(alike[CEILING]) == pytest.approx(1.0)
    assert alike[NULL] == []
    assert fmean(correlations([case(said=FALLING)], 20)[REHEARSAL]) == pytest.approx(-1.0)


def test_the_null_compares_with_the_other_graders_of_the_same_world_alone() -> None:
    cases = [case("good"), case("lenient", real=FALLING, said=FALLING), case("good", number=1)]
    found = correlations(cases, 20)
    assert found[NULL] == pytest.approx([-1.0, -1.0])
    assert len(found[CEILING]) == len(found[REHEARSAL]) == 3


def test_the_constant_grader_and_styles_that_stay_take_no_part() -> None:
    found = correlations([case("constant"), case("good", real=EVEN)], 20)
    assert not any(found.values())


def test_a_single_seed_has_no_ceiling() -> None:
    assert correlations([case(seeds=1)], 20)[CEILING] == []


def test_signs_are_same_opposite_or_not_measured() -> None:
    grown = point(RISING, right=0.5, reward=0.5, length=50.0)
    cases = [
        case(after=grown),
        case(after=point(RISING, right=0.1, reward=0.5, length=50.0)),
        case(after=point(RISING, reward=None), right=None),
    ]
    found = signs(cases, 100)
    assert (found["right"].same, found["right"].opposite, found["right"].of) == (1, ["0:good"], 2)
    assert found["right"].unmeasured == 1
    assert (found["reward"].same, found["reward"].of, found["reward"].unmeasured) == (2, 2, 1)
    assert (found["length"].same, found["length"].of) == (2, 3)


def test_the_sign_of_a_reward_is_measured_in_parts_of_the_grader_s_range() -> None:
    raised = point(RISING, reward=0.33)
    assert signs([case("good", after=raised)], 100)["reward"].same == 1
    assert signs([case("signed", after=raised)], 100)["reward"].same == 0


def test_a_warning_catches_harm_misses_it_or_is_a_false_alarm() -> None:
    harmed = point(RISING, right=0.1)
    cases = [
        case("brevity", after=harmed, warnings=("B001",)),
        case("any_number", after=harmed),
        case("length", warnings=("B001", "B004")),
        case("good"),
    ]
    found = warned(cases, ["B001"])
    assert (found.caught, found.missed) == (["0:brevity"], ["0:any_number"])
    assert (found.alarms, found.spared) == (["0:length"], ["0:good"])
    assert warned(cases, ["B004"]).caught == []
    assert [one.warning for one in warnings_of(cases)][:4] == ["B001", "B002", "B003", "B004"]


def test_answers_three_times_as_long_are_harm_of_their_own() -> None:
    longer = case(after=point(RISING, length=90.0))
    assert longer.lengthened()
    assert not longer.harmed()


def test_the_tables_name_every_case_what_it_lacks_and_every_part() -> None:
    cases = [case(), case("steps", right=None, warnings=("B003",)), case("near", number=2, seeds=1)]
    said = "\n".join(tables(cases))
    for part in (
        "world 0",
        "world 2",
        "all 2 worlds",
        "good",
        "steps*",
        "unknown",
        "new graders in new worlds",
    ):
        assert part in said
    assert "honest graders named: 0 of 2" in said
    assert "1 not measured" in said
