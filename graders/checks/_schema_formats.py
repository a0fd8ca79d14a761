"""Checks JSON Schema's string formats in linear time. A doubtful string does not match."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST = 2_000
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME = re.compile(
    r"([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(?:\.\d+)?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))", re.ASCII
)
_LABEL = r"(?!..--)[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_WORD = r"[^@\s.]++"
# The syntax of RFC 3986. Addresses in square brackets are checked separately.
_NAME, _ESCAPE = r"A-Za-z0-9._~!$&'()*+,;=\-", r"%[0-9A-Fa-f]{2}"
_PATH = rf"(?:[{_NAME}:@/]|{_ESCAPE})*+"
_QUERY = rf"(?:[{_NAME}:@/?]|{_ESCAPE})*+"
_HOST = rf"(?:(?:[{_NAME}:]|{_ESCAPE})*+@)?(?:\[([^\]]*)\]|(?:[{_NAME}]|{_ESCAPE})*+)(?::\d*)?(?=[/?#]|\Z)"
_PLACE = rf"[A-Za-z][A-Za-z0-9+.-]*:(?://{_HOST}|(?!//)){_PATH}"
_URI = re.compile(rf"{_PLACE}(?:\?{_QUERY})?(?:#{_QUERY})?", re.ASCII)
_DAY_MINUTES = 24 * 60


def _spelled(pattern: str, longest: int) -> Callable[[str], bool]:
    """Return a function that checks that a string matches a pattern and is not too long."""
    compiled = re.compile(pattern, re.ASCII)
    return lambda text: len(text) <= longest and compiled.fullmatch(text) is not None


def _is_date(text: str) -> bool:
    """Return True for an existing date, such as `2024-02-29`."""
    from datetime import date

    try:
        return _DATE.fullmatch(text) is not None and bool(date.fromisoformat(text))
    except ValueError:
        return False


def _is_time(text: str) -> bool:
    """Return True for a time with an offset, such as `12:30:00Z`. A leap second must end a UTC day."""
    found = _TIME.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None or found[3] != "60":
        return found is not None
    ahead = int(f"{found[4] or '+'}1") * (int(found[5] or 0) * 60 + int(found[6] or 0))
    return (int(found[1]) * 60 + int(found[2]) - ahead) % _DAY_MINUTES == _DAY_MINUTES - 1


def _is_moment(text: str) -> bool:
    """Return True for a date and time with an offset, such as `2024-02-29T12:30:00Z`."""
    return _is_date(text[:10]) and text[10:11] in ("T", "t") and _is_time(text[11:])


def _is_address(version: int) -> Callable[[str], bool]:
    def is_address(text: str) -> bool:
        from ipaddress import ip_address

        try:
            return len(text) < 50 and "%" not in text and ip_address(text).version == version
        except ValueError:
            return False

    return is_address


_is_ipv6 = _is_address(6)


def _is_uri(text: str) -> bool:
    """Return True for an absolute URI as defined by RFC 3986."""
    found = _URI.fullmatch(text) if len(text) <= _LONGEST else None
    return found is not None and (found[1] is None or _is_ipv6(found[1]))


FORMATS: dict[str, Callable[[str], bool]] = {
    "date": _is_date,
    "date-time": _is_moment,
    "email": _spelled(rf"{_WORD}(?:\.{_WORD})*+@{_WORD}(?:\.{_WORD})++", 320),
    "hostname": _spelled(rf"{_LABEL}(?:\.{_LABEL})*", 253),
    "ipv4": _is_address(4),
    "ipv6": _is_ipv6,
    "time": _is_time,
    "uri": _is_uri,
    "uuid": _spelled(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", 36),
}
"""Functions that check a string, by format name."""
