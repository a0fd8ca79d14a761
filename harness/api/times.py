"""Times as services send them: seconds, milliseconds, ISO 8601, and the header Retry-After."""

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
    """Read a time.

    Args:
        value: What the service sent.

    Returns:
        Seconds since 1970; None where it is no time.
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
    """Read a Retry-After header, which holds seconds or a date (RFC 9110, 10.2.3).

    Args:
        header: Its value; None where the service sent none.
        now: Seconds since 1970.

    Returns:
        Seconds to wait: at least 0, and a day where it is more. None where the header says nothing.
    """
    text = (header or "").strip()
    if _NUMBER.fullmatch(text):
        seconds = float(text)
    else:
        try:
            moment = email.utils.parsedate_to_datetime(text)
        except (TypeError, ValueError, OverflowError, IndexError):
            return None
        # A date without an offset is in UTC, as all dates of HTTP are.
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now
    return min(max(seconds, 0.0), _DAY_S)
