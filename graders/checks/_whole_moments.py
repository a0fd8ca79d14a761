"""Parses text that is a single date or time and compares an answer with the reference."""

from __future__ import annotations

from ..extract import Missing
from ._moments import lone_moment, shifted, written_moments

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._moments import Moment

_AROUND = " \t\r\n.,;!\"'`*_$()[]{}<>"


def agrees(answer: Moment, right: Moment) -> bool:
    """Return True if an answer matches the reference and is at least as precise."""
    if right.offset is not None and right.hour is not None:
        if answer.offset is None or answer.hour is None:
            return False
        there = shifted(answer, right.offset)
        if isinstance(there, Missing):
            return False
        answer = there
    if right.second is not None and answer.minute is not None and answer.second is None:
        answer = answer._replace(second=0)
    for given, wanted in zip(answer[:6], right[:6], strict=True):
        if wanted is not None and given != wanted:
            return False
    return answer.fraction.ljust(9, "0").startswith(right.fraction)


def whole_moment(text: str, day_first: bool | None) -> Moment | Missing:
    """Return the date or time that makes up the whole text, or `Missing`."""
    text = text.strip(_AROUND)
    found = written_moments(text, day_first, 1) or lone_moment(text)
    if not found:
        return Missing("it contains no date or time")
    if isinstance(found[0].moment, Missing) or (found[0].start, found[0].end) == (0, len(text)):
        return found[0].moment
    return Missing("it is more than a date or time", "not exact")
