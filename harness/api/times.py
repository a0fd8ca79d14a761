"""Parses times sent by services: seconds, milliseconds, ISO 8601 and the Retry-After header."""

from __future__ import annotations

import email.utils
import math
import re
from datetime import UTC, datetime
from typing import Any

__all__ = ["retry_after_s", "seconds_since_1970"]

# 1e11 seconds are the year 5138; the same number of milliseconds is 1973.
_MILLISECONDS_FROM = 1e11
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?(e[+-]?[0-9]+)?", re.IGNORECASE)
_DAY_S = 86_400.0


def seconds_since_1970(value: Any) -> float | None:
    """Parse a time.

    Args:
        value: The value sent by the service.

    Returns:
        Seconds since 1970, or None if the value is not a time.
    """
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e17:
        return None
    if not math.isfinite(value):
        return None
    return value / 1000 if abs(value) >= _MILLISECONDS_FROM else float(value)


def retry_after_s(header: str | None, now: float) -> float | None:
    """Parse a Retry-After header, which contains seconds or a date (RFC 9110, 10.2.3).

    Args:
        header: The header value, or None if the header is absent.
        now: The current time in seconds since 1970.

    Returns:
        Number of seconds to wait, up to one day, or None if the header is absent or invalid.
    """
    text = (header or "").strip()
    if _NUMBER.fullmatch(text):
        seconds = float(text)
    else:
        try:
            moment = email.utils.parsedate_to_datetime(text)
        except (TypeError, ValueError, OverflowError, IndexError):
            return None
        # HTTP dates are in UTC, so a date without an offset is too.
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now
    return min(max(seconds, 0.0), _DAY_S)
