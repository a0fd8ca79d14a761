"""Checks the settings of one function: timeout, memory, storage, runtime and logged content.

The values may come from a template or from AWS.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from harness.deploy.checklist import finding
from harness.findings import Finding, Place

__all__ = ["RUNTIME_ENDS", "check_settings"]

DEFAULT_TIMEOUT_S, DEFAULT_MEMORY_MB = 3, 128
_TIMEOUT_S, _MEMORY_MB, _STORAGE_MB = (1, 900), (128, 10_240), (512, 10_240)
_SOON = timedelta(days=180)

RUNTIME_ENDS = {
    "python3.8": date(2024, 10, 14),
    "python3.9": date(2025, 12, 15),
    "python3.10": date(2026, 10, 31),
    "python3.11": date(2027, 6, 30),
    "python3.12": date(2028, 10, 31),
    "python3.13": date(2029, 6, 30),
    "python3.14": date(2029, 6, 30),
}
"""Dates on which Lambda ends support for its runtimes (Lambda developer guide). Future dates may change."""


def check_settings(
    place: Place,
    *,
    timeout_s: float | None,
    memory_mb: float | None,
    storage_mb: float | None = None,
    runtime: str | None,
    environment: Mapping[str, Any],
    today: date | None = None,
) -> Iterator[Finding]:
    """Check a function's settings.

    Args:
        place: The function's place, for use in findings.
        timeout_s: Timeout in seconds, or None for Lambda's default.
        memory_mb: Memory size, or None for Lambda's default.
        storage_mb: Size of /tmp, or None for Lambda's default.
        runtime: The runtime as named by Lambda, or None if unknown.
        environment: Environment variables.
        today: The date to compare with the end of support.
    """
    if timeout_s is None or timeout_s <= DEFAULT_TIMEOUT_S:
        what = (
            "Timeout is not set: Lambda's default is 3 s"
            if timeout_s is None
            else f"Timeout is {timeout_s:g} s"
        )
        yield finding("D001", f"{what}, so Lambda may end a batch halfway", place)
    if memory_mb is None or memory_mb <= DEFAULT_MEMORY_MB:
        what = (
            "MemorySize is not set: Lambda's default is 128 MB"
            if memory_mb is None
            else f"{memory_mb:g} MB of memory"
        )
        yield finding("D002", f"{what}, which gives a fourteenth of a processor core", place)
    for what, value, unit, (low, high) in (
        ("Timeout", timeout_s, "s", _TIMEOUT_S),
        ("MemorySize", memory_mb, "MB", _MEMORY_MB),
        ("EphemeralStorage", storage_mb, "MB", _STORAGE_MB),
    ):
        if value is not None and not low <= value <= high:
            yield finding("D014", f"{what} is {value:g} {unit}; Lambda allows {low} to {high}", place)
    if environment.get("GRADER_LOG_CONTENT") in ("1", 1):
        yield finding("D006", "GRADER_LOG_CONTENT is on: prompts and completions go into the log", place)
    if runtime is not None:
        yield from _runtime(place, runtime, today or datetime.now(UTC).date())


def _runtime(place: Place, runtime: str, today: date) -> Iterator[Finding]:
    ends = RUNTIME_ENDS.get(runtime)
    if ends is None:
        return
    if ends <= today:
        yield finding(
            "D009", f"support for {runtime} ended on {ends}: no security fixes, then no updates", place
        )
    elif ends - today < _SOON:
        yield finding("D010", f"support for {runtime} ends on {ends}", place)
