from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.api.types import ENTROPY, REWARD_MEAN
from harness.follow.curves import Curves, Series, sparkline

# The only full event that AWS has published.
PUBLISHED: Any = {
    "id": "ftevent-c3c14785-4a3b-4dab-99a5-a15aeb6c0742",
    "created_at": 1771442218,
    "level": "info",
    "message": "Step 4/67: training metrics",
    "object": "fine_tuning.job.event",
    "type": "metrics",
    "data": {
        "total_steps": 67,
        "step": 4,
        "actor_grad_norm": 0.00086,
        "response_length_mean": 519.09375,
        "actor_pg_loss": 0.1015,
        "critic_rewards_mean": 0.4375,
        "actor_entropy": 0.6236,
        "critic_advantages_mean": 0.0136,
    },
}


def metrics(step, created_at=None, **data):
    return {"type": "metrics", "created_at": created_at, "data": {"step": step, "total_steps": 100, **data}}


def test_the_published_event_is_read_whole():
    curves = Curves()
    curves.add(PUBLISHED)
    assert (curves.step, curves.total_steps) == (4, 67)
    assert curves.latest() == {
        name: value for name, value in PUBLISHED["data"].items() if name not in ("step", "total_steps")
    }


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"data": None},
        {"data": []},
        {"data": {"step": "4"}},
        {"data": {"step": True}},
        {"data": {"step": float("nan")}},
        {"data": {"step": 10**400}},
        {"type": "dream", "data": {"colour": "red"}},
    ],
)
def test_events_of_any_other_shape_change_nothing(odd):
    curves = Curves()
    curves.add(odd)
    assert (curves.step, curves.latest()) == (0, {})


def test_late_and_repeated_steps_do_not_bend_the_curve():
    curves = Curves()
    for step, reward in ((1, 0.1), (2, 0.2), (2, 0.9), (1, 0.9), (3, 0.3)):
        curves.add(metrics(step, critic_rewards_mean=reward))
    assert curves.series[REWARD_MEAN].curve() == pytest.approx([0.1, 0.2, 0.3])


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), "NaN", 1e300])
def test_values_that_are_not_finite_are_noted_and_not_drawn(bad):
    curves = Curves()
    curves.add(metrics(1, actor_entropy=bad))
    assert curves.bad_numbers == {ENTROPY}
    assert curves.series[ENTROPY].count == 0


def test_time_left_uses_the_times_of_events():
    curves = Curves()
    for step in range(1, 41):
        curves.add(metrics(step, created_at=1000 + 12 * step))
    assert curves.seconds_left == pytest.approx(60 * 12)


@pytest.mark.parametrize("stamps", [[5, 5, 5], [5, 4, 3], [None, None, None], ["x", "y", "z"], [5, None, 5]])
def test_a_clock_that_stands_or_jumps_back_gives_no_time_left(stamps):
    curves = Curves()
    for step, stamp in enumerate(stamps, 1):
        curves.add(metrics(step, created_at=stamp))
    assert curves.seconds_left is None


STAMPS = {
    "seconds": lambda seconds: seconds,
    "milliseconds": lambda seconds: seconds * 1000,
    "ISO 8601": lambda seconds: datetime.fromtimestamp(seconds, UTC).isoformat(),
    "ISO 8601 with Z": lambda seconds: datetime.fromtimestamp(seconds, UTC).isoformat()[:-6] + "Z",
}


@pytest.mark.parametrize("stamp", STAMPS.values(), ids=STAMPS)
@given(
    pace=st.integers(1, 5_000), steps=st.integers(2, 60), stride=st.integers(1, 4), more=st.integers(0, 1000)
)
def test_a_steady_pace_gives_the_time_of_the_remaining_steps(stamp, pace, steps, stride, more):
    curves = Curves()
    last = steps * stride
    for step in range(stride, last + 1, stride):
        event = metrics(step, stamp(1_771_442_000 + pace * step))
        event["data"]["total_steps"] = last + more
        curves.add(event)
    assert curves.seconds_a_step == pytest.approx(pace)
    assert curves.seconds_left == pytest.approx(pace * more)


@given(
    st.lists(
        st.tuples(
            st.none() | st.booleans() | st.integers() | st.floats(),
            st.none() | st.integers() | st.floats() | st.text(max_size=5) | st.datetimes().map(str),
        ),
        max_size=30,
    )
)
def test_time_left_is_never_negative_or_infinite(events):
    curves = Curves()
    for step, stamp in events:
        curves.add(metrics(step, stamp))
        assert curves.step >= 0
        left = curves.seconds_left
        assert left is None or (left >= 0 and math.isfinite(left))


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=3000))
def test_a_series_stays_bounded_and_keeps_its_mean(values):
    series = Series()
    for value in values:
        series.add(value)
    assert len(series.curve()) <= 513
    assert (series.count, series.last) == (len(values), values[-1])
    stride = series._stride
    whole = len(series.points) * stride
    assert math.fsum(series.points) * stride == pytest.approx(math.fsum(values[:whole]), rel=1e-6, abs=1e-3)


@given(st.lists(st.floats(-1e9, 1e9), max_size=300), st.integers(1, 60))
def test_a_sparkline_fits_and_shows_the_maximum_highest(points, width):
    line = sparkline(points, width)
    assert len(line) == min(width, len(points))
    if points and len(points) <= width and max(points) - min(points) > 1:
        assert line[points.index(max(points))] == "█"
        assert line[points.index(min(points))] == "▁"


def test_a_flat_curve_is_drawn_flat():
    assert sparkline([0.5] * 10) == "▁" * 10
