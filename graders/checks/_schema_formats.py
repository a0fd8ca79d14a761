"""The formats of JSON Schema that are checked, each in linear time and more strictly than loosely."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST = 2_000
_DATE = r"\d{4}-\d\d-\d\d"
_TIME = r"(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"


def _spelled(pattern: str, longest: int = _LONGEST) -> Callable[[str], bool]:
    """Whether a text of at most so many characters is of a pattern."""
    compiled = re.compile(pattern, re.ASCII)
    return lambda text: len(text) <= longest and compiled.fullmatch(text) is not None


_is_spelled_as_date, _is_spelled_as_moment = _spelled(_DATE), _spelled(f"{_DATE}[Tt]{_TIME}")


def _is_date(text: str) -> bool:
    """Whether it is a day of the calendar, `2024-02-29`."""
    from datetime import date

    try:
        return _is_spelled_as_date(text) and bool(date.fromisoformat(text))
    except ValueError:
        return False


def _is_moment(text: str) -> bool:
    """Whether it is a day and a time with its offset, `2024-02-29T12:30:00Z`."""
    return _is_spelled_as_moment(text) and _is_date(text[:10])


def _is_address(version: int) -> Callable[[str], bool]:
    """Whether a text is an address of a version of the Internet Protocol."""

    def is_address(text: str) -> bool:
        from ipaddress import ip_address

        try:
            return len(text) < 50 and "%" not in text and ip_address(text).version == version
        except ValueError:
            return False

    return is_address


FORMATS: dict[str, Callable[[str], bool]] = {
    "date": _is_date,
    "date-time": _is_moment,
    "email": _spelled(r"[^@\s]{1,64}@[^@\s.]+(?:\.[^@\s.]+)+", 320),
    "hostname": _spelled(rf"{_LABEL}(?:\.{_LABEL})*", 253),
    "ipv4": _is_address(4),
    "ipv6": _is_address(6),
    "time": _spelled(_TIME),
    "uri": _spelled(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+"),
    "uuid": _spelled(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"),
}
"""What says whether a text is of a format, by the format's name."""
