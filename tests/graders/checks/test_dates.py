"""Dates and times: the page's table, refused references, and generated right and wrong answers."""

from __future__ import annotations

from datetime import UTC, timedelta, timezone
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from graders.checks import dates as module
from graders.checks.dates import date
from graders.errors import DecorationError, RecordError
from graders.testing import make_sample
from support.doc_tables import page, rows, spans
from support.growth import assert_linear

PAGE = page("dates.md")


@pytest.mark.parametrize(
    ("call", "reference", "completion", "value"),
    [
        (call.strip("`"), reference.strip("`"), completion, value)
        for call, reference, cell, value in rows(PAGE, "How dates are read", 4)
        for completion in spans(cell)
    ],
)
def test_a_date_is_paid_as_the_table_says(call, reference, completion, value):
    answer = eval(call, {"date": date})(make_sample(completion, reference))
    read = "unread" if answer.metrics["unread"] else f"{answer.value:g}"
    assert read == value


@pytest.mark.parametrize(
    ("reference", "options", "message"),
    [
        ("03/04/2026", {}, "is ambiguous: set day_first"),
        ("2026-02-30", {}, "a date that does not exist"),
        ("Monday, 2026-11-26", {}, "day of the week does not match"),
        ("14:30 EST", {}, "a zone that is not read"),
        ("14:30+15:00", {}, "a zone that does not exist"),
        ("on 2026-11-26", {}, "more than a date"),
        ("2026-11-26 or 2026-11-27", {}, "more than a date"),
        ("around 2026", {}, "more than a date"),
        ("tomorrow", {}, "no date or time"),
        ("November 2026 14:30", {}, "next to a month"),
        ("2026-11", {"precision": "day"}, "does not say the day"),
        ("2026-11-26", {"precision": "minute"}, "does not say the minute"),
        (["2026-11-26", "x"], {}, "no date or time"),
    ],
)
def test_a_reference_that_is_not_one_date_is_the_records_fault(reference, options, message):
    with pytest.raises(RecordError, match=message):
        date(**options)(make_sample("2026-11-26", reference))


def test_any_date_of_a_list_is_right():
    check = date()
    paid = [
        check(make_sample(text, ["2026-11-26", "27 November 2026"])).value
        for text in ("11/27/2026", "2026-11-28")
    ]
    assert paid == [1, 0]


def test_a_marker_or_take_says_where_the_date_is():
    for check, right in (
        (date(marker="Due:"), "It began 2026-11-20.\nDue: 26 Nov 2026"),
        (date(take="tag"), "2026-11-20 <answer>26 Nov 2026</answer>"),
        (date(take="boxed"), "2026-11-20 \\boxed{\\text{26 Nov 2026}}"),
    ):
        for reference in ("2026-11-26", right):
            assert check(make_sample(right, reference)).value == 1
        for wrong in (
            right.replace("26 Nov", "25 Nov"),
            right.replace("26 Nov 2026", "26 Nov 2026, 3 days later"),
        ):
            assert check(make_sample(wrong, "2026-11-26")).value == 0
    assert date(marker="Due:")(make_sample("2026-11-26", "2026-11-26")).metrics["unread"] == 1


UNTYPED: Any = module


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"precision": "week"}, "write one of 'reference', 'year'"),
        ({"day_first": 1}, "True or False"),
        ({"zone": "CET"}, "write 'UTC', or an offset"),
        ({"zone": "+25:00"}, "write 'UTC', or an offset"),
        ({"zone": 1}, "write 'UTC', or an offset"),
        ({"marker": ""}, "not blank"),
        ({"marker": "Due:", "take": "tag"}, "leave one out"),
        ({"take": "date"}, "pass a function"),
    ],
)
def test_invalid_options_are_refused_immediately(options, message):
    with pytest.raises(DecorationError, match=message):
        UNTYPED.date(**options)


DAYS = st.dates()
FORMS = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%d %B %Y",
    "%B %d, %Y",
    "%b %d, %Y",
    "%A, %d %B %Y",
    "%a %d %b %Y",
    "%d-%b-%Y",
    "%Y%m%d",
)
FRAMES = (
    "{}",
    "It was on {}.",
    "**{}**",
    "The answer is {}.",
    "Date: {}",
    "We count 3 days.\nThe answer is {}",
    "\\boxed{{{}}}",
)


def written(day: Any, form: str) -> str:
    return day.strftime(form.replace("%Y", f"{day.year:04}"))


@given(DAYS, DAYS, st.sampled_from(FORMS), st.sampled_from(FORMS), st.sampled_from(FRAMES))
@settings(max_examples=60)
def test_the_right_day_is_paid_in_every_form_and_other_days_are_not(day, other, form, of_reference, frame):
    sample = make_sample(frame.format(written(day, form)), written(day, of_reference))
    # Eight digits are a date only if the completion has no other number.
    assume(not (form == "%Y%m%d" and "3 days" in frame))
    assert date()(sample).value == 1
    if other != day:
        assert date()(make_sample(frame.format(written(other, form)), written(day, of_reference))).value == 0


@given(DAYS, st.booleans(), st.sampled_from("/.-"))
@settings(max_examples=40)
def test_a_numeric_date_is_never_read_as_another_day(day, day_first, sign):
    text = sign.join(f"{one:02}" for one in ((day.day, day.month) if day_first else (day.month, day.day)))
    text = f"{text}{sign}{day.year:04}"
    plain = date()(make_sample(text, day.isoformat()))
    assert plain.value == 1 - plain.metrics["unread"]
    assert (plain.metrics["unread"] == 1) is (day.day <= 12 and day.day != day.month)
    assert date(day_first=day_first)(make_sample(text, day.isoformat())).value == 1
    swapped = date(day_first=not day_first)(make_sample(text, day.isoformat()))
    assert swapped.value == float(day.day == day.month)


INSTANTS = st.datetimes(timezones=st.just(UTC)).filter(lambda one: 2 < one.toordinal() < 3_652_057)
ZONES = st.integers(-56, 56).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))


@given(INSTANTS, ZONES, ZONES, st.integers(1, 10_000_000))
@settings(max_examples=60)
def test_instants_are_equal_in_every_zone(instant, here, there, later):
    reference, answer = instant.astimezone(there).isoformat(), instant.astimezone(here)
    assert date()(make_sample(f"It is {answer.isoformat()}", reference)).value == 1
    assert date()(make_sample(answer.replace(tzinfo=None).isoformat(), reference)).value == 0
    other = answer + timedelta(seconds=later) if answer.year < 9999 else answer - timedelta(seconds=later)
    assert date()(make_sample(other.isoformat(), reference)).value == 0


@given(
    st.times(),
    st.times(),
    st.sampled_from(["%H:%M:%S", "%I:%M:%S %p", "At %I:%M:%S%p.", "%H:%M:%S on 1 May 2026"]),
)
@settings(max_examples=40)
def test_a_time_is_paid_by_either_clock_and_no_other_time_is(one, other, form):
    assert date()(make_sample(one.strftime(form), f"{one:%H:%M:%S}")).value == 1
    same = one.replace(microsecond=0) == other.replace(microsecond=0)
    assert date()(make_sample(other.strftime(form), f"{one:%H:%M:%S}")).value == float(same)


@given(st.text("0123456789-/.:, TZapm年月日+~()november may\n", max_size=40) | st.text())
@settings(max_examples=200)
def test_no_text_raises_and_none_is_another_date(text):
    for options in ({}, {"day_first": True}, {"zone": "UTC"}, {"precision": "year"}):
        assert UNTYPED.date(**options)(make_sample(text, "7777-07-07T07:07:07.777Z")).value == 0


@pytest.mark.parametrize(
    "unit",
    [
        "1:00 ",
        "2026-11-26 ",
        "Nov ",
        "9",
        "1-",
        "mon ",
        "T14",
        "2026年 ",
        "[",
        "answer: ",
        "0 ",
        "1 of ",
        "the answer is 1\n",
    ],
)
def test_time_is_linear(unit):
    assert_linear(date(), lambda size: make_sample((unit * size)[:size], "2026-11-26"), 160_000)
