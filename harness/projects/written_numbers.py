"""Writes numbers exactly for a project and its report, because rounding would change a bound."""

from __future__ import annotations

__all__ = ["written_number", "written_range"]


def written_number(value: float) -> str:
    """Write a finite number so that Python parses the same number again. Whole numbers have no `.0`."""
    return repr(float(value)).removesuffix(".0")


def written_range(bounds: tuple[float, float]) -> str:
    """Write a range for use in a sentence, such as `0 to 1`."""
    return " to ".join(map(written_number, bounds))
