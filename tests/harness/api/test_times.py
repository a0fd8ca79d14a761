from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.api.times import retry_after_s, seconds_since_1970
from support.published_requests import anything

MOMENT = 1_771_442_218


@pytest.mark.parametrize(
    "sent",
    [
        MOMENT,
        float(MOMENT),
        MOMENT * 1000,
        "2026-02-18T19:16:58Z",
        "2026-02-18T19:16:58",
        "2026-02-18T21:16:58+02:00",
    ],
)
def test_seconds_milliseconds_and_iso_8601_are_one_moment(sent):
    assert seconds_since_1970(sent) == MOMENT


@given(st.integers(315_532_800, 7_258_118_400))
def test_a_moment_is_read_however_it_is_written(seconds):
    iso = datetime.fromtimestamp(seconds, UTC).isoformat()
    assert {seconds_since_1970(sent) for sent in (seconds, seconds * 1000, iso)} == {seconds}


@given(anything)
def test_anything_else_is_no_time_and_no_error(sent):
    found = seconds_since_1970(sent)
    assert found is None or isinstance(found, float)


DAY_S = 86_400


@given(st.integers(0, 10**400))
def test_retry_after_in_seconds_is_read_and_bounded_by_a_day(seconds):
    assert retry_after_s(str(seconds), MOMENT) == min(seconds, DAY_S)


@given(st.integers(-DAY_S * 400, DAY_S * 400), st.booleans())
def test_retry_after_may_be_a_date_in_any_time_zone_of_this_machine(seconds, named):
    date = format_datetime(datetime.fromtimestamp(MOMENT + seconds, UTC), usegmt=True)
    header = date if named else date.removesuffix(" GMT")
    assert retry_after_s(header, MOMENT) == min(max(seconds, 0), DAY_S)


@given(st.text() | st.from_regex(r"[0-9eE+_.\-]{0,12}") | st.from_regex(r"\w{3}, [0-9:+ ]{0,30}"))
def test_any_retry_after_is_a_wait_of_at_most_a_day_or_none(header):
    found = retry_after_s(header, MOMENT)
    assert found is None or 0 <= found <= DAY_S


@pytest.mark.parametrize("header", [None, "", "soon", "inf", "nan", "1_0", "1.2.3", "0x10"])
def test_a_retry_after_that_says_nothing_is_none(header):
    assert retry_after_s(header, MOMENT) is None
