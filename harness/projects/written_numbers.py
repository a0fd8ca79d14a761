"""Formats numbers exactly for a project and its report, because rounding would change a bound."""

from __future__ import annotations

__all__ = ["written_number", "written_range"]


def written_number(value: float) -> str:
    """Format a finite number so that Python parses it back to the same value. Whole numbers have no `.0`."""
    return repr(float(value)).removesuffix(".0")


def written_range(bounds: tuple[float, float]) -> str:
    """Format a range for use in a sentence, such as `0 to 1`."""
    return " to ".join(map(written_number, bounds))
