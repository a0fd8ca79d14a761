from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.api.times import seconds_since_1970
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
