"""Times as services send them: seconds, milliseconds or ISO 8601."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

__all__ = ["seconds_since_1970"]

# 1e11 seconds are the year 5138; the same number of milliseconds is 1973.
_MILLISECONDS_FROM = 1e11


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
