"""A check that compares a date or time with the reference, to the reference's precision."""

from __future__ import annotations

import re

from ..errors import DecorationError
from ..extract import Missing, after_marker
from ..extract._blocks import is_retracted
from ..extract._denials import is_asked, is_denied, is_doubted
from ..extract._phrases import claim_patterns, is_foreign, plain_width
from ._answers import accepted_texts, comparing, take_option
from ._moments import Moment, lone_moment, written_moments
from ._options import choice_option, flag_options, text_option
from ._whole_moments import agrees, whole_moment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Literal, TypeAlias

    from ..reward import Reward
    from ..sample import Sample
    from ._answers import Take
    from ._moments import Written

    Precision: TypeAlias = Literal["reference", "year", "month", "day", "hour", "minute", "second"]

_PRECISIONS = ("reference", "year", "month", "day", "hour", "minute", "second")
_MOST = 200  # maximum number of dates and times in an answer
_LONGEST = 200_000  # maximum number of characters to search, which takes a second
_CLAIMS = claim_patterns(r"|\b[Dd]ates?\s{0,4}(?:is\b|[:=])")
_STYLE = re.compile(r"\\(?:text(?:bf|rm)?|math(?:rm|bf))\s?\{")
_DIGIT = re.compile(r"[0-9]")
# Text next to a date that changes the date or adds another one.
_HEDGED_BEFORE = re.compile(
    r"(?:\b(?:before|after|until|till|since|by|from|between|around|about|circa|ca?\.|approximately|roughly|nearly"
    r"|almost|early|late|mid|end\sof|beginning\sof|week\sof|prior\sto|not|never|than|every|or|and|to|through|except)"
    r"(?:\sthe)?|[<~\u2248]|(?<![\w\"/])>)[\s-]{0,2}\Z"
    r"|[0-9](?:st|nd|rd|th)?[ \t]{0,2}(?:[-\u2013\u2014/&,][ \t]{0,2})?(?:of\s)?\Z",
    re.IGNORECASE,
)
_HEDGED_BEHIND = re.compile(
    r"[ \t,]{0,2}(?:(?:or|and|to|through|until|till|bis)\b|[-\u2013\u2014/&][ \t]{0,2}[0-9]|[ \t]{0,2}[0-9]"
    r"|s\b|BCE?\b|B\.C\.|AD\b|onwards?\b|at\sthe\s(?:latest|earliest)|\bplus\b|\bminus\b|[+^=>%]|<(?!/)|\*[0-9])",
    re.IGNORECASE,
)


def date(
    *,
    marker: str | None = None,
    take: Take | None = None,
    precision: Precision = "reference",
    day_first: bool | None = None,
    zone: str | None = None,
) -> Callable[[Sample[Any]], Reward]:
    """Create a check that the answer's date or time equals the reference's.

    The answer must match every part of the date or time that the reference gives. If the reference is a day,
    any time on that day is right. If it is a month, any day in that month is right. An answer that is less
    precise than the reference is wrong, except that omitted seconds count as 0. If the reference has a time
    zone, instants are compared: `14:30Z` equals `15:30+01:00`. Otherwise, the answer's zone is ignored.

    The check parses ISO 8601, `26 November 2026`, `Nov 26, 2026`, `26/11/2026`, `November 2026`, `14:30`,
    `2:30 PM`, and a date with a time, with month names in seven languages. `docs/dates.md` lists all formats.
    An ambiguous date such as `03/04/2026` is unread, and so are two-digit years, words such as `tomorrow`,
    ranges, and zone abbreviations other than UTC and GMT. A completion that contains several different dates
    must announce which one is its answer.

    It rewards a right date even if the completion gives it as the date of something else, and even after
    words such as `the opposite of`. It also rewards lucky guesses, which are likely if references are just
    years or months.

    Args:
        marker: The text right before the answer, in both the completion and the reference. The rest of the
            line or, if it is empty, the next line must contain exactly one date or time.
        take: Extracts the text that must contain exactly one date or time. Use it instead of a marker.
        precision: The precision of the comparison: `reference` for the precision of the reference, or `year`,
            `month`, `day`, `hour`, `minute` or `second`. Use `day` if references are timestamps at midnight.
        day_first: True if `03/04/2026` is April 3, False if it is March 4. With None, such a date is unread.
        zone: The time zone to assume for times without one, in the completion and the reference, such as
            `UTC` or `+01:00`.

    Raises:
        DecorationError: An option is invalid.

    Example:
        >>> check = date()
        >>> check(make_sample("It was on Thursday, November 26th, 2026.", "2026-11-26")).value
        1.0
        >>> check(make_sample("11/12/2026", "2026-11-12")).metrics["unread"]
        1.0
    """
    choice_option("precision", precision, _PRECISIONS)
    if day_first is not None:
        flag_options(day_first=day_first)
    find = take
    if marker is not None:
        text_option("marker", marker)
        if take is not None:
            raise DecorationError("take= and marker= both say where the answer is: leave one out")
        find = lambda text: after_marker(text, marker)  # noqa: E731
    find = take_option(find)
    offset = _zone_option(zone)
    kept = _PRECISIONS.index(precision) or len(_PRECISIONS)

    def read(text: str, strict: bool) -> Moment | Missing:
        plain = _STYLE.sub("", plain_width(text))
        found = whole_moment(plain, day_first) if strict else _settled(plain, day_first, find is not None)
        if isinstance(found, Missing):
            return found
        if found.offset is None and found.hour is not None and offset is not None:
            found = found._replace(offset=offset)
        if not strict:
            return found
        if precision != "reference" and found[kept - 1] is None:
            return Missing(f"it does not say the {precision}", "not exact")
        dropped: dict[str, Any] = dict.fromkeys(_PRECISIONS[kept + 1 :])
        return found if precision == "reference" else found._replace(**dropped, fraction="")

    return comparing(read, agrees, what="one date or time", take=find, references=accepted_texts)


def _zone_option(zone: object) -> int | None:
    """Return the minutes by which the option's time zone is ahead of UTC.

    Raises:
        DecorationError: `zone` is not a time zone.
    """
    if zone is None:
        return None
    written = written_moments(f"00:00 {zone}", None, 1) if isinstance(zone, str) else []
    found = written[0].moment if len(written) == 1 and written[0].end == 6 + len(str(zone)) else None
    if not isinstance(found, Moment) or found.offset is None:
        raise DecorationError(f"zone={zone!r}: write 'UTC', or an offset from UTC such as '+01:00'")
    return found.offset


def _settled(text: str, day_first: bool | None, is_slot: bool) -> Moment | Missing:
    """Return the date or time that a completion, or the part with its answer, settles on."""
    start, end = 0, len(text)
    claims = [] if is_slot else list(_CLAIMS[is_foreign(text)].finditer(text))
    if claims:
        start = claims[-1].end()
        if is_doubted(text, claims[-1].start()):
            return Missing("what it claims is denied or doubted")
        line = text.find("\n", start + 1)
        end = line if line >= 0 else end
    if end - start > _LONGEST:
        return Missing(f"it is longer than {_LONGEST} characters", "not exact")
    part = text[start:end]
    written = written_moments(part, day_first, _MOST) or lone_moment(part)
    if not written:
        return Missing("it contains no date or time")
    if len(written) > _MOST:
        return Missing(f"it contains more than {_MOST} dates and times", "not exact")
    several = next((one.moment for one in written if one.moment != written[0].moment), written[0].moment)
    if isinstance(several, Missing) or several != written[0].moment:
        return (
            several if isinstance(several, Missing) else Missing("it names several dates or times", "several")
        )
    if is_slot and _DIGIT.search(part[: written[0].start] + part[written[-1].end :]):
        return Missing("it contains other numbers", "several")
    return _unless_changed(text, start, written)


def _unless_changed(text: str, start: int, written: list[Written]) -> Moment | Missing:
    """Return the date or time, unless the text around it changes or denies it.

    Args:
        text: A text with folded widths.
        start: The start of the part that contains the answer.
        written: All occurrences of the date or time in that part.
    """
    for one in written:
        begins, ends = start + one.start, start + one.end
        if _HEDGED_BEFORE.search(text[max(0, begins - 24) : begins]) or _HEDGED_BEHIND.match(text, ends):
            return Missing("the text next to the date or time changes it", "not exact")
        if is_denied(text, begins, ends) or is_doubted(text, begins) or is_asked(text, ends):
            return Missing("it denies, doubts or questions what it names")
    last = written[-1]
    if is_retracted(text[start + last.start : start + last.end], text[start + last.end :]):
        return Missing("it takes back what it names")
    return written[0].moment
