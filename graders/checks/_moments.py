"""Finds dates and times in a text, in a fixed set of formats.

An ambiguous date such as `03/04/2026` is returned as `Missing`. So is a date that does not exist or
contradicts its weekday, or a time with a zone abbreviation other than UTC or GMT.
"""

from __future__ import annotations

import re
from datetime import date as calendar_date
from datetime import datetime, timedelta, timezone

from ..extract import Missing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple

    class Moment(NamedTuple):
        """A date, a time or both. Parts that are not given in the text are None."""

        year: int | None = None
        month: int | None = None
        day: int | None = None
        hour: int | None = None
        minute: int | None = None
        second: int | None = None
        fraction: str = ""
        """The digits of the seconds after the decimal point."""
        offset: int | None = None
        """Minutes by which the time zone is ahead of UTC."""

    class Written(NamedTuple):
        """A date or time and its position in a text."""

        moment: Moment | Missing
        start: int
        end: int
else:
    from collections import namedtuple

    Moment = namedtuple(
        "Moment",
        "year month day hour minute second fraction offset",
        defaults=(None, None, None, None, None, None, "", None),
    )
    Written = namedtuple("Written", "moment start end")

# English, with its abbreviations; German, French, Spanish, Italian, Portuguese and Dutch in full.
_MONTHS = """january jan januar janvier enero gennaio janeiro januari
february feb februar février febrero febbraio fevereiro februari
march mar märz mars marzo março maart
april apr avril abril aprile
may mai mayo maggio maio mei
june jun juni juin junio giugno junho
july jul juli juillet julio luglio julho
august aug août agosto augustus
september sep sept septembre septiembre settembre setembro
october oct oktober octobre octubre ottobre outubro
november nov novembre noviembre novembro
december dec dezember décembre diciembre dicembre dezembro"""
_MONTH_OF = {name: at for at, names in enumerate(_MONTHS.split("\n"), 1) for name in names.split()}
_WEEKDAYS = {"mon": 0, "tue": 1, "wed": 2, "thu": 3, "fri": 4, "sat": 5, "sun": 6}

_DAY_NAME = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?"
_WEEKDAY = rf"(?:(?P<weekday>{_DAY_NAME})\.?,?\s{{1,2}}(?:the\s)?)?"
_MONTH = rf"(?:{'|'.join(sorted(_MONTH_OF, key=len, reverse=True))})(?![^\W\d_])\.?"
_DAY = r"[0-9]{1,2}(?:st|nd|rd|th|er|º|\.)?"
_YEAR = r"[0-9]{4}"
_FORMS = {  # each with the order of its numbers (year, month, day), without a month name
    "ymd": (rf"{_YEAR}(?:-[0-9]{{1,2}}-|/[0-9]{{1,2}}/|\.[0-9]{{1,2}}\.)[0-9]{{1,2}}", "ymd"),
    "week": (rf"{_YEAR}-?w[0-9]{{2}}-?[1-7]", ""),
    "basic": (r"[0-9]{8}(?=t[0-9]{4})", ""),
    "numeric": (rf"[0-9]{{1,2}}(?:-[0-9]{{1,2}}-|/[0-9]{{1,2}}/|\.[0-9]{{1,2}}\.){_YEAR}", ""),
    "slashed": (rf"[0-9]{{1,2}}/{_YEAR}", "my"),
    "dmy": (
        rf"{_DAY}(?:\s(?:of|de|di))?[-\s]{{0,2}}{_MONTH}(?:[-,]?\s{{0,2}}(?:(?:of|de|del)\s)?{_YEAR})?",
        "dy",
    ),
    "mdy": (rf"{_MONTH}\s{{0,2}}(?:the\s)?{_DAY}(?:(?:,\s?|\s{{1,2}})(?:of\s)?{_YEAR}|(?![0-9]))", "dy"),
    "ynd": (rf"{_YEAR}[-\s,]{{1,2}}{_MONTH}[-\s]{{0,2}}{_DAY}", "yd"),
    "my": (rf"{_MONTH},?\s{{0,2}}(?:(?:of|de)\s)?{_YEAR}", "y"),
    "ym": (rf"{_YEAR}-[0-9]{{2}}", "ym"),
    "cjk": (rf"{_YEAR}\s?[年년]\s?[0-9]{{1,2}}\s?[月월](?:\s?[0-9]{{1,2}}\s?[日號号일])?", "ymd"),
}
_DATE = _WEEKDAY + "(?:" + "|".join(f"(?P<{name}>{form})" for name, (form, _) in _FORMS.items()) + ")"
_TIME = (
    r"(?:(?P<clock>(?<=[0-9]t)[0-9]{4}(?:[0-9]{2})?)"
    r"|(?P<hour>[0-9]{1,2})(?:(?::|(?<=[0-9]{2})h)(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
    r"(?:\s{0,2}(?P<half>[ap])(?:m\b|\.m\b\.?))?|\s{0,2}(?P<only>[ap])(?:m\b|\.m\b\.?)))"
    r"(?P<zone>\s?\(?(?:z|utc|gmt)(?![a-z])(?:\s?[-+\u2212][0-9]{1,2}(?::?[0-9]{2})?)?|\s?[-+\u2212][0-9]{2}(?::?[0-9]{2})?)?"
)
_TOKEN = re.compile(
    r"(?=[0-9a-z])(?:(?<![0-9a-z_])(?<![0-9][./:,-])|(?<=[0-9]t))"
    rf"(?:{_DATE}|{_TIME})(?![0-9a-su-z_]|t(?![0-9]))(?![./:,-][0-9])",
    re.IGNORECASE,
)
_LONE = re.compile(r"[0-9]{4}(?:[0-9]{4})?")
_JOINTS = {
    True: re.compile(
        r"t|,?\s{1,2}(?:(?:at|um|à|a\slas|alle)\s)?|,\s?at\s", re.IGNORECASE
    ),  # a time follows the date
    False: re.compile(r",?\s{1,2}(?:on\s)?", re.IGNORECASE),
}
_DAY_BEHIND = re.compile(rf",?\s{{0,2}}\(?({_DAY_NAME})\b", re.IGNORECASE)
_NUMBERS = re.compile(r"[0-9]+")
_WORD = re.compile(r"[^\W\d_]+")
_OTHER_ZONE = re.compile(
    r"\s?\(?(?:[A-Z]{1,3}[SD]?T\b|(?:Eastern|Central|Mountain|Pacific|[Ll]ocal)\b|[A-Z][a-z]+/[A-Z])"
)
_FURTHEST = 14 * 60


def written_moments(text: str, day_first: bool | None, most: int) -> list[Written]:
    """Return the dates and times in a text, in order. A date next to a time is combined with it.

    Args:
        text: A text with folded widths.
        day_first: True if `03/04/2026` is April 3, False if it is March 4, None if that is unknown.
        most: The maximum number of dates and times. If the text has more, one extra is returned.
    """
    found: list[Written] = []
    dated = False  # True if the last entry is a date without a time
    for token in _TOKEN.finditer(text):
        if len(found) > most:
            break
        is_date = token["hour"] is None and token["clock"] is None
        read = _date(token, day_first) if is_date else _time(token, text)
        last = found[-1] if found else None
        if last is not None and last.end <= token.start() and dated is not is_date:
            if _JOINTS[dated].fullmatch(text, last.end, token.start()) and _is_half(last.moment, is_date):
                found[-1] = Written(_joined(last.moment, read), last.start, token.end())
                continue
        found.append(Written(read, token.start(), token.end()))
        dated = is_date
    return found


def lone_moment(text: str) -> list[Written]:
    """Return a list with a text's only number if it is a year or eight-digit date, else an empty list."""
    numbers = [number for number, _ in zip(_NUMBERS.finditer(text), range(2), strict=False)]
    if len(numbers) != 1 or not _LONE.fullmatch(numbers[0][0]):
        return []
    return [Written(_compact(numbers[0][0]), *numbers[0].span())]


def _compact(digits: str) -> Moment | Missing:
    """Parse a year or an eight-digit date."""
    return _exact(int(digits[:4]), *(int(digits[at : at + 2]) for at in (4, 6) if digits[at:]))


def _is_half(moment: Moment | Missing, is_date: bool) -> bool:
    """Return True if a moment can be completed by a date, or by a time if `is_date` is False."""
    return isinstance(moment, Missing) or (moment.hour is not None) is is_date


def _joined(one: Moment | Missing, other: Moment | Missing) -> Moment | Missing:
    if isinstance(one, Missing) or isinstance(other, Missing):
        return one if isinstance(one, Missing) else other
    day, time = (one, other) if one.hour is None else (other, one)
    if day.day is None:
        return Missing("a time is next to a month", "not exact")
    return time._replace(year=day.year, month=day.month, day=day.day)


def _date(token: re.Match[str], day_first: bool | None) -> Moment | Missing:
    kind = next(name for name in _FORMS if token[name] is not None)
    written = token[kind]
    numbers = [int(one) for one in _NUMBERS.findall(written)]
    if kind == "week":
        digits = "".join(_NUMBERS.findall(written))
        try:
            found = calendar_date.fromisocalendar(int(digits[:4]), int(digits[4:6]), int(digits[6]))
        except ValueError:
            return Missing(f"{written} does not exist", "not exact")
        moment: Moment | Missing = Moment(found.year, found.month, found.day)
    elif kind == "basic":
        moment = _compact(written)
    elif kind == "numeric":
        moment = _numeric(written, numbers, day_first)
    else:
        parts = dict(zip(_FORMS[kind][1], numbers, strict=False))
        if "m" not in _FORMS[kind][1]:
            parts["m"] = next(_MONTH_OF[word] for word in _WORD.findall(written.lower()) if word in _MONTH_OF)
        moment = _exact(parts.get("y"), parts["m"], parts.get("d"))
    behind = _DAY_BEHIND.match(token.string, token.end())
    for weekday in (token["weekday"], behind and behind[1]):
        if weekday and not isinstance(moment, Missing):
            moment = _on_weekday(moment, _WEEKDAYS[weekday[:3].lower()])
    return moment


def _numeric(written: str, numbers: list[int], day_first: bool | None) -> Moment | Missing:
    """Parse a date made of three numbers if only one order is possible or `day_first` specifies the order."""
    one, other, year = numbers
    if day_first is not None:
        return _exact(year, *((other, one) if day_first else (one, other)))
    readings = [_exact(year, one, other), _exact(year, other, one)]
    kept = [reading for reading in readings if not isinstance(reading, Missing)]
    if len(kept) == 2 and one != other:
        return Missing(f"{written} is ambiguous: set day_first", "not exact")
    return kept[0] if kept else Missing(f"{written} does not exist", "not exact")


def _exact(year: int | None, month: int | None = None, day: int | None = None) -> Moment | Missing:
    """Return a date if it exists. If there is no year, February 29 exists."""
    try:
        calendar_date(
            2000 if year is None else year, 1 if month is None else month, 1 if day is None else day
        )
    except ValueError:
        return Missing("it names a date that does not exist", "not exact")
    return Moment(year, month, day)


def _on_weekday(moment: Moment, weekday: int) -> Moment | Missing:
    """Return a date, or `Missing` if it does not fall on the given weekday."""
    if moment.year is None or moment.month is None or moment.day is None:
        return moment
    if calendar_date(moment.year, moment.month, moment.day).weekday() == weekday:
        return moment
    return Missing("its day of the week does not match the date", "not exact")


def _time(token: re.Match[str], text: str) -> Moment | Missing:
    if token["clock"]:
        parts = [token["clock"][at : at + 2] for at in (0, 2, 4)]
    else:
        parts = [token[name] or "" for name in ("hour", "minute", "second")]
    hour, minute, second = (int(part or 0) for part in parts)
    half = token["half"] or token["only"]
    if half:
        if not 1 <= hour <= 12:
            return Missing("it names an hour that does not exist", "not exact")
        hour = hour % 12 + (12 if half in "pP" else 0)
    offset = _offset(token["zone"])
    if hour > 23 or minute > 59 or second > 59:
        return Missing("it names a time that does not exist", "not exact")
    if isinstance(offset, Missing):
        return offset
    if _OTHER_ZONE.match(text, token.end()):
        return Missing("it names a zone that is not read: write its offset from UTC", "not exact")
    said = second if parts[2] else None
    return Moment(None, None, None, hour, minute, said, token["fraction"] or "", offset)


def _offset(zone: str | None) -> int | Missing | None:
    """Return the minutes by which a time zone is ahead of UTC, or None if the text does not give a zone."""
    if not zone:
        return None
    numbers = "".join(_NUMBERS.findall(zone))
    hours, minutes = (numbers[:-2], numbers[-2:]) if len(numbers) > 2 else (numbers, "0")
    found = int(hours or 0) * 60 + int(minutes)
    if found > _FURTHEST or int(minutes) > 59:
        return Missing("it names a zone that does not exist", "not exact")
    return -found if "-" in zone or "\u2212" in zone else found


def shifted(moment: Moment, offset: int) -> Moment | Missing:
    """Convert a time to another time zone. Without a date, only the time of day is returned.

    Args:
        moment: A time with an hour and a zone, with or without a date.
        offset: Minutes by which the other zone is ahead of UTC.
    """
    here, zone = (timezone(timedelta(minutes=one)) for one in (moment.offset or 0, offset))
    year, month, day = moment.year or 2000, moment.month or 1, moment.day or 2
    try:
        there = datetime(year, month, day, moment.hour or 0, moment.minute or 0, tzinfo=here).astimezone(zone)
    except OverflowError:
        return Missing("the date does not exist in that zone", "not exact")
    shifted_time = moment._replace(hour=there.hour, minute=there.minute, offset=offset)
    return (
        shifted_time
        if moment.day is None
        else shifted_time._replace(year=there.year, month=there.month, day=there.day)
    )
